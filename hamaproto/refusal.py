"""What a device says when it does not give what was asked for: its words, made harmless.

    words_of(body)      -> the text of an answer in one short line, a page without its tags
    what_came(body)     -> what that body is: "a page", "a PNG image", "text", ...
    means_ok(body)      -> whether it is the word that acknowledges a command
    is_plausible_key(k) -> whether a line of a list names a parameter, or only has a "="
    is_failure(k, v)    -> whether it says that the request has failed

The error line of a list (`# Request failed`) is told from its other lines by `wire/params.py`, and
what an answer comes to is decided in `outcome.py`, from both.

Nothing here raises; everything takes any bytes, and looks at the first few thousand only.
"""

from __future__ import annotations

import html
import re
from typing import Final

from hamaproto.wire.sniff import document_of, is_text, picture_format

__all__ = [
    "error_line",
    "is_failure",
    "is_plausible_key",
    "means_ok",
    "says_full",
    "short_line",
    "what_came",
    "words_of",
]

#: Bytes of an answer that are looked at.
_MOST_READ: Final = 4096
#: Characters of a device that stand in an error.
_MOST_SAID: Final = 160
_PADDING = " \t\r\n\0\ufeff"

_OK = re.compile(r"#?[ \t]{0,8}ok\b", re.IGNORECASE)
_ERROR_LINE = re.compile(r"(?:#[ \t]{0,8})?(?:error|request failed)\b", re.IGNORECASE)
_FULL = re.compile(
    r"too many|max(?:imum)?[ -](?:users|clients|connections|viewers)|all slots"
    r"|no more (?:users|clients)|(?:users|clients|connections) (?:exceeded|limit)"
    r"|server (?:is )?(?:busy|full)|device busy",
    re.IGNORECASE,
)
#: What no key of a parameter has been seen to hold, and pages, scripts and addresses do.
_NOT_IN_KEYS: Final = frozenset("<>{}\"'();\\`|&?,:!")
_LONGEST_KEY: Final = 200
#: A list of nothing but one of these is an error in the words of a list.
_ERROR_KEYS: Final = frozenset({"error", "err", "errno", "error code", "errorcode", "error_code"})
#: And one of these, if it has such a value: `result=-1`, `status=error`.
_RESULT_KEYS: Final = frozenset({"result", "ret", "retcode", "return", "status", "state"})
_FAILURE = re.compile(
    r"-[0-9]{1,9}|ng|err(?:or)?|fail(?:ed|ure)?|busy|denied|refused|forbidden|invalid",
    re.IGNORECASE,
)
#: Elements of a page whose text nobody reads.
_UNSEEN: Final = ("script", "style")


def short_line(text: str) -> str:
    """`text` in one short line, in which nothing acts on a terminal."""
    line = " ".join(text.strip(_PADDING).split())
    shown = "".join(c if c.isprintable() else "?" for c in line[: _MOST_SAID + 1])
    return shown if len(shown) <= _MOST_SAID else shown[: _MOST_SAID - 3] + "..."


def words_of(body: bytes) -> str:
    """What an answer says: one short harmless line, empty if it has no words."""
    head = body[:_MOST_READ]
    if picture_format(head) is not None or not is_text(head):
        return ""
    text = _text(head)
    return short_line(_without_tags(text) if _is_markup(text) else text)


def _text(head: bytes) -> str:
    text = document_of(head)
    # The last character may have been cut.
    return text if len(head) < _MOST_READ else document_of(head.rstrip(bytes(range(128, 256))))


def _is_markup(text: str) -> bool:
    return text.lstrip(_PADDING)[:1] == "<"


def _without_tags(text: str) -> str:
    """The words of a page: what stands between its tags, but for scripts and styles."""
    before, *pieces = text.split("<")
    said = [before]
    unseen = ""
    for piece in pieces:
        tag, _, rest = piece.partition(">")
        name = tag.strip().lower()
        if unseen:
            if name.startswith(f"/{unseen}"):
                unseen = ""
                said.append(rest)
        else:
            unseen = next((x for x in _UNSEEN if name.startswith(x)), "")
            if not unseen:
                said.append(rest)
    return html.unescape(" ".join(said))


def what_came(body: bytes) -> str:
    """What a body is, by the way it begins, with an article."""
    head = body[:_MOST_READ]
    name = picture_format(head)
    if name is not None:
        return f"{'an' if name == 'AVIF' else 'a'} {name} image"
    if not is_text(head):
        return "bytes that are no text"
    text = _text(head).strip(_PADDING)
    if text[:5].lower() == "<?xml":
        return "an XML document"
    if text[:1] == "<":
        return "a page"
    if text[:1] in ("{", "["):
        return "JSON"
    return "a text"


def means_ok(body: bytes) -> bool:
    """Whether a device acknowledges: `OK` comes first, and no line is an error.

    Some write a line for each key that was set: `OK: KEY='V'`, `ERROR: KEY='V'`.
    """
    if len(body) > _MOST_READ or not is_text(body):
        return False
    text = document_of(body)
    if _is_markup(text):
        return short_line(_without_tags(text)).upper() == "OK"
    lines = [line for part in text.split("\r") for line in part.split("\n")]
    said = [line for line in (line.strip(_PADDING) for line in lines) if line]
    return bool(said and _OK.match(said[0])) and not any(map(_ERROR_LINE.match, said))


def error_line(body: bytes) -> str | None:
    """The first line that is an error in the device's own words, made harmless; or None."""
    text = document_of(body[:_MOST_READ])
    for part in text.split("\r"):
        for line in part.split("\n"):
            if _ERROR_LINE.match(line.strip(_PADDING)):
                return short_line(line)
    return None


def says_full(text: str) -> bool:
    """Whether a device says that it serves as many as it can."""
    return _FULL.search(text[:_MOST_READ]) is not None


def is_plausible_key(key: str) -> bool:
    """Whether this is the name of a parameter, as against whatever stood before a "="."""
    return (
        len(key) <= _LONGEST_KEY
        and key.isprintable()
        and _NOT_IN_KEYS.isdisjoint(key)
        and any(c.isalnum() for c in key)
        and key.casefold() not in _ERROR_KEYS
    )


def is_failure(key: str, value: str) -> bool:
    """Whether a line of a list is the device's word for a request that has failed."""
    return (
        key.strip(_PADDING).casefold() in _RESULT_KEYS
        and _FAILURE.fullmatch(value.strip(_PADDING)) is not None
    )
