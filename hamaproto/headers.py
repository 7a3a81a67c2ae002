"""Header fields of a part or a response: read without case, kept as sent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Headers"]

# thingino and Hikvision firmware have been met ending lines in LF CR.
_LINE_END = re.compile(rb"\r\n|\n\r?")
_BLANKS = " \t\r"


class Headers(Mapping[str, str]):
    """An immutable, ordered, case-insensitive view of header fields.

    As a mapping it yields each name once, in lower case; `headers[name]` is the
    last value that was sent under the name, which is what the sender meant when a
    camera repeats itself.  `raw` keeps every field in order as it was sent,
    `get_all` every value of one name.  Text is latin-1, so it round-trips.
    """

    __slots__ = ("_index", "raw")

    def __init__(self, raw: Iterable[tuple[str, str]] = ()) -> None:
        self.raw: tuple[tuple[str, str], ...] = tuple(raw)
        index: dict[str, list[str]] = {}
        for name, value in self.raw:
            index.setdefault(name.lower(), []).append(value)
        self._index = index

    @classmethod
    def parse(cls, block: bytes) -> Headers:
        """Read a header block as leniently as can be done without guessing.

        Lines end in CRLF, LF or LF CR; a line that begins with a blank continues the
        one before it (RFC 9112 5.2) and is joined by one blank; a line without a colon
        or without a name is left out, with what continues it.  Never raises.
        """
        fields: list[tuple[str, str]] = []
        keep = False
        for line in _LINE_END.split(block):
            text = line.decode("latin-1")
            if text[:1] in (" ", "\t"):
                if keep and text.strip(_BLANKS):
                    name, value = fields[-1]
                    fields[-1] = (name, f"{value} {text.strip(_BLANKS)}".strip(_BLANKS))
                continue
            name, colon, value = text.partition(":")
            name = name.rstrip(_BLANKS)
            keep = bool(colon and name)
            if keep:
                fields.append((name, value.strip(_BLANKS)))
        return cls(fields)

    def __getitem__(self, name: str) -> str:
        return self._index[name.lower()][-1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._index

    def get_all(self, name: str) -> list[str]:
        """Every value sent under `name`, in order; empty if there was none."""
        return list(self._index.get(name.lower(), ()))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Headers):
            return self.raw == other.raw
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        # Values may carry credentials (Authorization, cookies): names only.
        return f"<Headers {', '.join(name for name, _ in self.raw)}>"
