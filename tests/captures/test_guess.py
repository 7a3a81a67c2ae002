"""What a stream is by its bytes, wherever in it they stand."""

from __future__ import annotations

import random

import pytest

from fixtures import read_bytes, recordings
from hamaproto.captures.guess import begins_answer, begins_request, guess, is_http, reply_of
from hamaproto.commands import CATALOGUE, Reply

SOUND = read_bytes("gsm", "libgsm", "speech_espeak.gsm")
LIST = b"root.Brand.Brand=Hama\nroot.Brand.ProdNbr=00053104\n"


@pytest.mark.parametrize("start", [0, 1, 32, 1000])
def test_sound_from_any_byte_on(start: int) -> None:
    assert guess(SOUND[start : start + 4096]) is Reply.AUDIO
    damaged = bytearray(SOUND[start : start + 4096])
    damaged[(33 - start) % 33 + 660] = 0
    assert guess(bytes(damaged)) is Reply.AUDIO


def test_a_frame_of_sound_alone() -> None:
    assert guess(SOUND[:33]) is Reply.AUDIO
    assert guess(SOUND[:99]) is Reply.AUDIO


@pytest.mark.parametrize("recording", recordings(), ids=lambda r: r.name)
def test_pictures_from_any_byte_on(recording: object) -> None:
    body = recording.body  # type: ignore[attr-defined]
    chance = random.Random(1)
    for start in [0, *(chance.randrange(len(body) - 4096) for _ in range(10))]:
        assert guess(body[start : start + 4096]) is Reply.MJPEG


def test_lists_texts_and_other_pictures() -> None:
    assert guess(LIST) is Reply.PARAMS
    assert guess(LIST[9:]) is Reply.PARAMS
    assert guess(b"just words\n") is Reply.ANY
    assert guess(b"GIF89a" + bytes(range(256))) is Reply.ANY
    assert guess(b"") is Reply.ANY


def test_heads() -> None:
    assert begins_answer(b"HTTP/1.0 200 OK\r\n")
    assert not begins_answer(b"xHTTP/1.0 200 OK\r\n")
    assert begins_request(b"GET /x HTTP/1.0\r\n")
    assert begins_request(b"POST http://cam/ HTTP/1.1\r\n")
    assert not begins_request(b"HTTP/1.0 200 OK\r\n")
    assert is_http(b"\r\nhttp/1.1 200\n")
    assert not is_http(LIST)


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row.number)
def test_what_is_asked_for_by_the_commands_of_the_specification(row: object) -> None:
    request = row.example  # type: ignore[attr-defined]
    assert reply_of(request.target) is request.reply


def test_what_is_asked_for_beyond_them() -> None:
    assert reply_of("/snapshot.cgi?x=1") is Reply.MJPEG
    assert reply_of("/camera-cgi/audio/transmit.cgi") is Reply.TALK
    assert reply_of("/index.html") is Reply.ANY
