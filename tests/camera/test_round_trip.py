"""What the camera side writes, the client side reads: without a socket, and faults and all."""

from __future__ import annotations

import pytest
from camera_client import DRAWN, drain
from hypothesis import given, settings
from hypothesis import strategies as st

from hamaproto import commands
from hamaproto.camera import CameraState, Faults, Pictures, ServerConnection, read_stamp
from hamaproto.camera.sound import chime
from hamaproto.client import ClientConnection
from hamaproto.commands import CATALOGUE, Reply
from hamaproto.events import Anomaly, AudioFrame, Data, EndOfStream, Frame, Param, Response


def converse(
    request: commands.BaseRequest,
    *faults: str,
    seconds: float = 1.0,
    size: int = 1460,
    auth: tuple[str, str] | None = None,
) -> list[object]:
    """The client's events of a whole conversation, the answer cut into pieces of `size`.

    A client that is told to log in asks once more.
    """
    users = dict([auth]) if auth else None
    state = CameraState(faults=Faults(*faults), users=users, pictures=Pictures(DRAWN), epoch=1e9)
    client = ClientConnection("camera", auth=auth)
    events = exchange(state, client, request, seconds, size)
    if client.retry is not None:
        events = exchange(state, client.retry, request, seconds, size)
    return events


def exchange(
    state: CameraState,
    client: ClientConnection,
    request: commands.BaseRequest,
    seconds: float,
    size: int,
) -> list[object]:
    server = ServerConnection(state)
    server.receive_data(client.send(request))
    data = drain(server)
    now: float | None = 0.0
    while (now := server.next_wakeup(now or 0.0)) is not None and now <= seconds:
        data += drain(server, now)
    server.close()
    events: list[object] = []
    for start in range(0, len(data), size):
        client.receive_data(data[start : start + size])
        events += client.events()
    client.receive_eof()
    events += client.events()
    return events


@pytest.mark.parametrize("faults", [(), ("digest",)], ids=["basic", "digest"])
@pytest.mark.parametrize("command", CATALOGUE, ids=lambda command: command.number)
def test_every_command_is_understood(command: commands.Command, faults: tuple[str, ...]) -> None:
    events = converse(command.example, *faults, auth=("admin", "1234"))
    kinds = {
        Reply.IMAGE: Frame,
        Reply.MJPEG: Frame,
        Reply.AUDIO: AudioFrame,
        Reply.PARAMS: Param,
        Reply.ACK: Data,
        Reply.FORM: Data,
    }
    assert not [event for event in events if isinstance(event, Anomaly)]
    response = next(event for event in events if isinstance(event, Response))
    assert response.status == (302 if command.reply is Reply.FORM else 200)
    assert [event for event in events if isinstance(event, kinds[command.reply])]
    end = events[-1]
    assert isinstance(end, EndOfStream)


def test_no_picture_is_lost_or_changed() -> None:
    frames = [event for event in converse(commands.video_stream()) if isinstance(event, Frame)]
    stamps = [read_stamp(frame.data) for frame in frames]
    assert [stamp.number for stamp in stamps if stamp] == list(range(16))
    assert all(frame.complete for frame in frames)


def test_no_sound_is_lost_or_changed() -> None:
    events = converse(commands.audio_stream())
    frames = [event.data for event in events if isinstance(event, AudioFrame)]
    assert frames == [chime(number) for number in range(51)]


#: Faults of the video stream that cost no picture, however they are combined.
HARMLESS = [
    "bare-date", "blank-before-colon", "lf", "no-reason", "folded", "latin-1", "as-printed",
    "endless-length", "chunked", "unquoted-boundary", "dashed-boundary", "other-boundary",
    "delimiter-twice", "no-length", "zero-length", "long-length", "short-length", "junk-behind",
    "padded", "thumbnail", "delimiter-inside", "text-part", "no-type",
]  # fmt: skip


def numbers(events: list[object]) -> list[int]:
    stamps = [read_stamp(event.data) for event in events if isinstance(event, Frame)]
    return [stamp.number for stamp in stamps if stamp is not None]


@pytest.mark.parametrize("fault", [*HARMLESS, "junk-before", "no-head"])
@pytest.mark.parametrize("size", [7, 1460, 65536])
def test_every_fault_is_read_without_losing_a_picture(fault: str, size: int) -> None:
    assert numbers(converse(commands.video_stream(), fault, size=size)) == list(range(16))


@given(st.lists(st.sampled_from(HARMLESS), unique=True, max_size=5), st.integers(1, 5000))
@settings(max_examples=40)
def test_faults_together_are_read_too(faults: list[str], size: int) -> None:
    events = converse(commands.video_stream(), *faults, size=size, seconds=0.5)
    assert numbers(events) == list(range(8))


def test_what_was_cut_off_is_said_to_be() -> None:
    frames = [
        event
        for event in converse(commands.video_stream(), "truncated")
        if isinstance(event, Frame)
    ]
    assert [frame.complete for frame in frames] == [number % 3 != 2 for number in range(16)]
    events = converse(commands.video_stream(), "die@2")
    assert [event.complete for event in events if isinstance(event, Frame)] == [True, True, False]


def test_sound_with_missing_bytes_costs_what_is_missing() -> None:
    events = converse(commands.audio_stream(), "short-audio", seconds=4.0)
    frames = [event.data for event in events if isinstance(event, AudioFrame)]
    sent = {chime(number) for number in range(201) if number % 25 != 24}
    # Eight frames lack their end; at most the one behind each is hurt too.
    assert len(sent.intersection(frames)) >= len(sent) - 8
