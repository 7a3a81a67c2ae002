"""The sound of a camera for all who listen."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from fixtures.vectors import vectors
from hamaproto.errors import ConnectionLostError
from hamaproto.events import Anomaly, AnomalyCode, AudioFrame, G711Frame, Skipped
from hamaproto.gateway.sound import Listener, Piece, Sounds
from hamaproto.gateway.status import State, Status
from hamaproto.session import Disconnected

SPEECH = next(vector for vector in vectors() if vector.name == "speech_espeak")
FRAMES = [SPEECH.frames[at : at + 33] for at in range(0, 33 * 20, 33)]


class Taker:
    tally = None

    def __init__(self) -> None:
        self.got: list[Piece] = []
        self.states: list[State] = []

    def offer(self, item: Piece, /) -> None:
        self.got.append(item)

    def tell(self, status: Status, /) -> None:
        self.states.append(status.state)


def test_frames_become_samples_once_for_all() -> None:
    sounds, first, second = Sounds(), Taker(), Taker()
    sounds.join(first)
    sounds.join(second)
    sounds.begin(0.0, 1000.0)
    for number, frame in enumerate(FRAMES):
        sounds.take(AudioFrame(frame), number / 50, 1000 + number / 50)
    heard = np.frombuffer(b"".join(piece.samples for piece in first.got), "<i2")
    # The recording of the reference decoder.
    assert heard.tobytes() == SPEECH.decoded[: 2 * len(heard)]
    assert all(a is b for a, b in zip(first.got, second.got, strict=True))
    assert first.states == [State.IDLE, State.CONNECTING, State.LIVE]


def test_a_new_connection_is_heard_as_if_nothing_was_before() -> None:
    def heard(*events: Any) -> bytes:
        sounds, taker = Sounds(), Taker()
        sounds.join(taker)
        for event in events:
            sounds.take(event, 0.0, 0.0)
        return taker.got[-1].samples

    frames = [AudioFrame(frame) for frame in FRAMES]
    lost = Disconnected(ConnectionLostError("gone"), 1, 1.0)
    assert (
        heard(*frames[:10], lost, frames[0]) == heard(frames[0]) != heard(*frames[:10], frames[0])
    )


def test_g711_is_heard_too_and_oddities_are_counted() -> None:
    sounds, taker = Sounds(), Taker()
    sounds.join(taker)
    for event in (
        G711Frame(b"\xff" * 160, law="mu-law"),
        Anomaly(AnomalyCode.OTHER_SOUND, 0),
        Skipped(0, 5, "junk"),
    ):
        sounds.take(event, 0.0, 0.0)
    assert taker.got[0].samples == bytes(320)
    assert sounds.counts.anomalies == {"other-sound": 1}
    assert (sounds.counts.frames, sounds.counts.skipped) == (1, 5)


def test_a_message_has_the_time_and_the_samples() -> None:
    piece = Piece(b"\x01\x00\x02\x00", 5.0, 1700.5)
    message = piece.message()
    assert message[:2] == b"\x82\x0c"
    assert struct.unpack("!d2s2s", message[2:]) == (1700.5, b"\x01\x00", b"\x02\x00")
    assert piece.message() is message
    assert piece.plain() == b"\x01\x00\x02\x00"
    assert repr(piece) == "<Piece of 2 samples>"


def test_a_slow_listener_has_pieces_left_out_and_holds_no_more_than_a_second() -> None:
    waiting: list[bytes] = []
    listener = Listener(Piece.plain, waiting.append, lambda: sum(map(len, waiting)))
    piece = Piece(bytes(320), 0.0, 0.0)
    for _ in range(100):
        listener.offer(piece)
    assert sum(map(len, waiting)) <= 16_000 + 320
    assert (listener.sent, listener.dropped) == (len(waiting), 100 - len(waiting))
    assert listener.sent_bytes == 320 * listener.sent
    waiting.clear()
    listener.offer(piece)
    assert waiting == [piece.samples]
    assert "left out" in repr(listener)
