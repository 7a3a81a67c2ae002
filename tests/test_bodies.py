"""`hamaproto.bodies`: the parser of a body, and how soon its first bytes decide."""

from __future__ import annotations

from itertools import product

import pytest

from fixtures import jpeg
from fixtures.feeding import pieces, record
from hamaproto.bodies import Undecided, body_parser
from hamaproto.commands import Reply
from hamaproto.events import NEED_DATA, Data, EndOfStream
from hamaproto.limits import DEFAULT_LIMITS
from hamaproto.wire.params import ParamParser

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
PICTURE = jpeg("420")
PAGE = b"\n <html>a=b</html>"
#: What was asked for, the type, the body, and the events but for the end.
ROWS = [
    (Reply.IMAGE, "image/jpeg", PICTURE, ["Frame"]),
    (Reply.IMAGE, None, PICTURE, ["Frame"]),
    (Reply.IMAGE, "image/png", PICTURE, ["Frame"]),
    (Reply.IMAGE, "image/png", PNG, ["Data"]),
    (Reply.IMAGE, "image/jpeg", PNG, ["Data"]),
    (Reply.MJPEG, None, PNG, ["Data"]),
    (Reply.IMAGE, "application/octet-stream", b"GIF89a" + bytes(9), ["Data"]),
    (Reply.IMAGE, "image/jpeg", b"GIF8", ["Data"]),
    (Reply.PARAMS, "text/plain", b"\xef\xbb\xbfa=b\n", ["Param"]),
    (Reply.PARAMS, "text/plain", b"\0\0a=b\n", ["Param"]),
    (Reply.PARAMS, "image/jpeg", b"a=b\n", ["Param"]),
    (Reply.PARAMS, "text/html", b"<br>a=b", ["Param"]),
    (Reply.PARAMS, "text/html", b"[Section]\na=b\n", ["Anomaly", "Data", "Param"]),
    (Reply.PARAMS, "text/plain", PAGE, ["Data"]),
    (Reply.PARAMS, None, b'{"a": "b=c"}', ["Data"]),
    (Reply.PARAMS, "text/plain", b"\xef\xbb\xbf" + PAGE, ["Data"]),
    (Reply.PARAMS, "text/plain", b"\0" + PAGE, ["Data"]),
    (Reply.PARAMS, "text/plain", "\uff21=b\n".encode(), ["Param"]),
    (Reply.IMAGE, "image/jpeg", b"no signal", ["Data"]),
    (Reply.IMAGE, "image/jpeg", b"words " * 1000 + PICTURE, ["Skipped", "Frame"]),
    (Reply.MJPEG, "multipart/mixed", b"words\r\n" * 500 + PICTURE, ["Skipped", "Frame"]),
    (Reply.MJPEG, "multipart/mixed", b"\r\nToo many users\r\n", ["Data"]),
    (Reply.AUDIO, "audio/gsm", b"no microphone", ["Data"]),
    (Reply.AUDIO, "audio/gsm", b"\0no microphone", ["Skipped"]),
    (Reply.AUDIO, None, b"\0no microphone", ["Skipped"]),
    (Reply.AUDIO, "text/html", b"\0no microphone", ["Data"]),
    (Reply.PARAMS, None, b'[{"a": "b=c"}]', ["Data"]),
    (Reply.PARAMS, "image/jpeg", PICTURE, ["Data"]),
    (Reply.PARAMS, "text/plain", PNG, ["Data"]),
    (Reply.ANY, "image/jpeg", PICTURE, ["Frame"]),
    (Reply.ANY, "image/jpeg", PNG, ["Data"]),
    (Reply.ANY, "application/octet-stream", PICTURE, ["Frame"]),
    (Reply.ANY, "application/octet-stream", b"--ffmpeg\r\nContent-type: a/b\r\n\r\n", ["Part"]),
    (Reply.ANY, "application/octet-stream", b"--ffmpeg\r\n\r\n", ["Data"]),
    (Reply.ANY, "application/octet-stream", b"-- a\r\nb: c", ["Data"]),
    (Reply.ANY, "application/octet-stream", b"\xff\xd8\0\0", ["Data"]),
    (Reply.ANY, "application/octet-stream", PNG, ["Data"]),
]


@pytest.mark.parametrize(("reply", "content_type", "body", "kinds"), ROWS)
def test_the_parser_of_a_body(
    reply: Reply, content_type: str | None, body: bytes, kinds: list[str]
) -> None:
    for cut in (1, 3, 1000):
        parser = body_parser(reply, content_type, None, DEFAULT_LIMITS)
        log = record(parser, pieces(body, cut))
        said = [row[0] for row in log.said if row[0] != "Anomaly" or kinds[0] == "Anomaly"]
        if kinds == ["Data"]:
            assert b"".join(data.data for data in log.of("Data")) == body
            assert set(said[:-1]) == {"Data"}
        else:
            assert said == [*kinds, "EndOfStream"]


def test_what_has_no_parser() -> None:
    assert body_parser(Reply.ACK, "text/plain", None, DEFAULT_LIMITS) is None
    assert body_parser(Reply.ANY, "image/png", None, DEFAULT_LIMITS) is None
    assert body_parser(Reply.ANY, None, "image/jpeg", DEFAULT_LIMITS) is not None


def test_it_shows_what_was_chosen_and_no_byte() -> None:
    parser = Undecided(lambda head: None, lambda: ParamParser())
    parser.receive_data(b"secret")
    assert repr(parser) == "<Undecided None>"


def test_a_jpeg_is_known_by_two_bytes() -> None:
    parser = body_parser(Reply.IMAGE, "image/jpeg", None, DEFAULT_LIMITS)
    assert isinstance(parser, Undecided)
    parser.receive_data(PICTURE[:1])
    assert parser.chosen is None
    parser.receive_data(PICTURE[1:2])
    assert parser.chosen is not None


def test_a_delimiter_is_known_by_two_bytes() -> None:
    for begin in (b"--", b"\r\n--b"):
        parser = body_parser(Reply.MJPEG, "multipart/mixed", None, DEFAULT_LIMITS)
        assert isinstance(parser, Undecided)
        parser.receive_data(begin[:-1] if begin == b"--" else begin[:3])
        assert parser.chosen is None
        parser.receive_data(begin[1:] if begin == b"--" else begin[3:])
        assert parser.chosen is not None


@pytest.mark.parametrize("verdict", [None, False])
def test_how_much_is_held_and_where_it_stands(verdict: bool | None) -> None:
    """What nothing can be said of is given out once 2048 bytes came; what is none at once."""
    parser = Undecided(lambda head: verdict, lambda: ParamParser())
    parser.receive_data(bytes(2047))
    if verdict is None:
        assert parser.next_event() is NEED_DATA
        parser.receive_data(b"x")
        assert parser.next_event() == Data(bytes(2047) + b"x", 0)
        parser.receive_data(b"yz")
        assert parser.next_event() == Data(b"yz", 2048)
    else:
        assert parser.next_event() == Data(bytes(2047), 0)
        parser.receive_data(b"xyz")
        assert parser.next_event() == Data(b"xyz", 2047)
    assert parser.next_event() is NEED_DATA
    parser.receive_eof()
    assert parser.next_event() == EndOfStream(True, 2050)


#: What bodies begin with, and what may stand before it.
_BEGINNINGS = [*b"\0\r\n <b[ap-{:xB/", 0xFF, 0xFE, 0xD8, 0xEF, 0xBB, 0xBF, 0xD3, 0x89]


@pytest.mark.parametrize("reply", [Reply.PARAMS, Reply.IMAGE, Reply.MJPEG, Reply.AUDIO, Reply.ANY])
@pytest.mark.parametrize("content_type", ["text/plain", "image/jpeg", "application/octet-stream"])
def test_who_reads_a_body_does_not_depend_on_how_it_was_cut(
    reply: Reply, content_type: str
) -> None:
    def chosen(cut: list[bytes]) -> tuple[type, bool] | None:
        parser = body_parser(reply, content_type, None, DEFAULT_LIMITS)
        if not isinstance(parser, Undecided):
            return None
        for piece in cut:
            parser.receive_data(piece)
        return type(parser.chosen), parser.verbatim

    if chosen([b"x"]) is None:
        return
    most = 3 if reply is Reply.PARAMS and content_type == "text/plain" else 2
    for codes in product(_BEGINNINGS, repeat=most):
        body = bytes(codes) + b"yz"
        assert chosen([body]) == chosen(pieces(body, 1)), body
