"""What a stream is that has no head: by its first bytes, wherever in it they stand.

A capture may begin in the middle of a stream, and a file may hold the body alone.  A head that
stands there is found; sound is known by the nibble that each of its frames begins with, a list by
its lines; all else is read as pictures, which find their own beginning.
"""

from __future__ import annotations

import re
from typing import Final

from hamaproto.commands import Reply
from hamaproto.gsm.tables import FRAME_BYTES, MAGIC
from hamaproto.wire.sniff import is_text, picture_format

__all__ = ["ENOUGH_BYTES", "begins_answer", "begins_request", "guess", "is_http", "reply_of"]

#: So many bytes tell.
ENOUGH_BYTES: Final = 4096
#: Frames in a row that are no accident: one in 16 bytes begins with their nibble.
_LEAST_FRAMES: Final = 6
_ANSWER = re.compile(rb"HTTP/1\.[0-9] [0-9]{3}")
_REQUEST = re.compile(rb"[A-Z]{3,10} (?:/|http://)")
_LINE_OF_A_LIST = re.compile(rb"(?:\A|\n)[A-Za-z][A-Za-z0-9_. -]{0,200}=")
_PICTURES = re.compile(rb"\xff\xd8\xff|(?:\A|\n)--[!-~]")


def begins_answer(data: bytes) -> bool:
    """Whether a head of an answer stands at the beginning."""
    return _ANSWER.match(data) is not None


def begins_request(data: bytes) -> bool:
    """Whether a request stands at the beginning."""
    return _REQUEST.match(data) is not None


def is_http(data: bytes) -> bool:
    """Whether a file holds an answer with its head, as `curl -i` saves it."""
    return data.lstrip(b"\r\n")[:5].upper() == b"HTTP/"


def guess(data: bytes) -> Reply:
    """What a body is that begins, or goes on, with `data`: sound, a list, pictures or neither."""
    if _is_sound(data):
        return Reply.AUDIO
    if _PICTURES.search(data):
        return Reply.MJPEG
    if is_text(data):
        return Reply.PARAMS if _LINE_OF_A_LIST.search(data) else Reply.ANY
    # A picture of another format is none that is read here.
    return Reply.ANY if picture_format(data) else Reply.MJPEG


def _is_sound(data: bytes) -> bool:
    for phase in range(FRAME_BYTES):
        begins = data[phase::FRAME_BYTES]
        found = sum(byte >> 4 == MAGIC for byte in begins)
        # A few may be damaged.
        if len(begins) >= _LEAST_FRAMES and found >= len(begins) - len(begins) // 10:
            return True
    # A short file from its beginning on.
    begins = data[::FRAME_BYTES]
    return len(data) % FRAME_BYTES == 0 and bool(data) and all(b >> 4 == MAGIC for b in begins)


#: Ends of paths, and what is asked for under them: those of this family and of its successors.
_PATHS: Final[tuple[tuple[str, Reply], ...]] = (
    ("/mjpg/video.mjpg", Reply.MJPEG),
    ("/snapshot.cgi", Reply.MJPEG),
    (".mjpg", Reply.MJPEG),
    (".mjpeg", Reply.MJPEG),
    ("/audio/receive.cgi", Reply.AUDIO),
    ("/audio/transmit.cgi", Reply.TALK),
    (".jpg", Reply.IMAGE),
    (".jpeg", Reply.IMAGE),
)


def reply_of(target: str) -> Reply:
    """What a request asks for, by its target."""
    path, _, query = target.partition("?")
    path = path.lower()
    if path.endswith("/param.cgi"):
        return Reply.PARAMS if "action=list" in query.lower() else Reply.ACK
    if path.endswith(("/ptz.cgi", "/ptzconfig.cgi")):
        return Reply.ACK
    if path.startswith("/form/"):
        return Reply.FORM
    return next((reply for end, reply in _PATHS if path.endswith(end)), Reply.ANY)
