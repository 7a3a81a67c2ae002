"""Answers that nobody would send: heads, parameter lists and GSM frames, cut in every way.

`bench.fuzz` runs these beside the MJPEG parser.  Each function makes one case from one seed
and says what is wrong with it; an empty string if nothing is.  What must hold:

* the same events, the same error and the same offset for every way of cutting the bytes;
* no exception but the declared ones;
* of a parameter list or of sound, each byte in at most one event, in the order of the bytes.

The bytes are the project's own fixtures, damaged, and soups of the tokens that matter to the
parser.  A whole conversation (`ClientConnection`) reads each answer too, so that the compiled
parsers behind it see odd bytes in odd pieces.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from bench import fuzz_gsm
from fixtures.build.heads import HEADS
from fixtures.feeding import Log, first_difference, pieces, random_pieces, record
from hamaproto import ClientConnection, GsmFrameParser, HamaError, Limits, ParamParser, commands
from hamaproto._accel import load
from hamaproto.wire.http import ResponseParser

__all__ = ["SUBJECTS"]

HEAD_TOKENS = (
    *(b"HTTP/1.1 200 OK", b"http/1.0 206", b"HTTP/1.1 100 C", b"HTTP/1.1 401 No", b"204", b"\r\n"),
    *(b"\n", b"\r\n\r\n", b"\n\n", b"\r", b" ", b"\t", b":", b"Content-Length: 5", b"\0", b","),
    *(b"Content-Type: multipart/x-mixed-replace; boundary=b", b"Content-Type: image/jpeg;"),
    *(b"Transfer-Encoding: chunked", b"5\r\nhello\r\n", b"0\r\n", b";x", b"hello", b"\xff\xd8\xff"),
    *(b"Content-Encoding: gzip", b"Content-Encoding: deflate", b"\x1f\x8b\x08\0\0\0\0\0\0\3", b"6"),
    *(b'WWW-Authenticate: Digest realm="a", nonce="b", qop="auth"', b"Location: /x", b"--b\r\n"),
    *(b"Sun Nov 22 06:09:48 2026", b"\xe9", b"\xd5", b"X: y", b"Retry-After: 3", b"a=b\n", b"OK"),
)
LIST_TOKENS = (
    *(b"root.", b"Brand.Brand", b"Properties.Audio", b"=", b"=yes", b"\n", b"\r\n", b"\r", b" "),
    *(b"# Error -1 getting param in group 'X'!", b"# ", b"OK", b"<br>", b"<html>", b"\xef\xbb\xbf"),
    *(b"\0", b"\xc3\xbc", b"\xe9", b"{", b'"a":1', b"Error: -1", b"a" * 70, b".", b"\xff\xfe"),
)
REQUESTS = (
    commands.image(),
    commands.video_stream(),
    commands.audio_stream(),
    commands.brand(),
    commands.set_mjpeg_fps(5),
    commands.set_flip_mode(1),
)
SMALL = Limits(max_frame=900, max_junk=300, max_params=5, max_param_line=40, max_body=400)


def _soup(rng: random.Random, tokens: Sequence[bytes]) -> bytes:
    return b"".join(
        rng.choice(tokens) if rng.random() < 0.9 else rng.randbytes(rng.randrange(9))
        for _ in range(rng.randrange(40))
    )


def _damaged(rng: random.Random, data: bytes, tokens: Sequence[bytes]) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((0, 1, 1, 2, 5))):
        at = rng.randrange(len(out) + 1)
        stop = min(len(out), at + rng.choice((0, 0, 1, 1, 3, 40)))
        out[at:stop] = rng.choice((b"", rng.choice(tokens), rng.randbytes(1)))
    return bytes(out)


def _content(log: Log) -> Log:
    """The log with `Data` joined: it comes in the pieces in which it was received."""
    body = b"".join(data.data for data in log.of("Data"))
    rows = [row for row in log.said if row[0] != "Data"]
    return Log(said=[*rows, ("Data", body)], error=log.error)


def _differs(
    make: Callable[[], Any], data: bytes, rng: random.Random, account: Callable[[Log], str]
) -> str:
    ways = {
        "whole": [data],
        "byte by byte": pieces(data, 1),
        "cut at random": random_pieces(data, rng),
    }
    first: Log | None = None
    for way, chunks in ways.items():
        try:
            log = record(make(), chunks, errors=(HamaError,))
        except Exception as error:
            return f"{way}: {type(error).__name__}: {error}"
        if wrong := account(log):
            return f"{way}: {wrong}"
        content = _content(log)
        first = first or content
        if difference := first_difference(first, content):
            return f"{way}: {difference}"
    return ""


def _nothing(log: Log) -> str:
    return ""


def _conversation(data: bytes, rng: random.Random) -> str:
    request = rng.choice(REQUESTS)
    limits = rng.choice((None, None, SMALL))

    def make() -> ClientConnection:
        connection = ClientConnection("camera", limits=limits)
        connection.send(request)
        return connection

    wrong = _differs(make, data, rng, _nothing)
    return f"{request.target}: {wrong}" if wrong else ""


def heads(seed: int) -> tuple[bytes, str]:
    """A response head and its body."""
    rng = random.Random(seed)
    if rng.random() < 0.6:
        data = _damaged(rng, rng.choice(HEADS).data[:6000], HEAD_TOKENS)
    else:
        data = _soup(rng, HEAD_TOKENS)
    wrong = _differs(ResponseParser, data, rng, _nothing)
    return data, wrong or _conversation(data, rng)


def _lines_in_order(log: Log) -> str:
    at = -1
    for event in log.of("Param"):
        if event.offset <= at:
            return f"a parameter at {event.offset} behind one at {at}"
        at = event.offset
    return ""


def params(seed: int) -> tuple[bytes, str]:
    """A parameter list, and the same as the body of an answer."""
    rng = random.Random(seed)
    data = _soup(rng, LIST_TOKENS)
    limits = rng.choice((None, None, SMALL))
    wrong = _differs(lambda: ParamParser(limits=limits), data, rng, _lines_in_order)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
    return data, wrong or _conversation(head + data, rng)


def _sound_in_order(log: Log) -> str:
    at = 0
    for event in log.events:
        name = type(event).__name__
        size = {"AudioFrame": 33, "Skipped": getattr(event, "length", 0)}.get(name)
        if size is None:
            continue
        if event.offset < at:
            return f"{name} at {event.offset} overlaps what ended at {at}"
        at = event.offset + size
    return ""


def gsm(seed: int) -> tuple[bytes, str]:
    """GSM frames, whole and damaged: the framing by itself, then the codec's twins."""
    rng = random.Random(seed)
    frames = [b"%c" % (0xD0 | rng.randrange(16)) + rng.randbytes(32) for _ in range(30)]
    data = bytearray(b"".join(frames))
    for _ in range(rng.choice((0, 1, 2, 4))):
        at = rng.randrange(len(data) + 1)
        stop = min(len(data), at + rng.choice((0, 1, 5, 33, 70)))
        data[at:stop] = rng.randbytes(rng.choice((0, 1, 7, 33, 200)))
    wrong = _differs(GsmFrameParser, bytes(data), rng, _sound_in_order)
    if not wrong and seed % 50 == 0 and load("hamaproto.gsm._codec") is not None:
        wrong = fuzz_gsm.round_trip(seed & 0x7FFFFFFF, streams=5, count=12) or ""
    return bytes(data), wrong


#: Name on the command line -> makes and judges one case.
SUBJECTS: dict[str, Callable[[int], tuple[bytes, str]]] = {
    "heads": heads,
    "params": params,
    "gsm": gsm,
}
