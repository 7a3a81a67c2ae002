"""How much a peer may make us hold, each bound with its reason.

A limit is a number that no real camera has been seen to reach and that keeps a
hostile one from filling the memory.  What happens at a limit is part of its
description: some end the stream with `LimitExceededError`, some only cost the
part that broke them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from hamaproto import _checks

__all__ = ["DEFAULT_LIMITS", "Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for all parsers; every one is a count that must be positive.

    Pass `Limits(max_frame=...)` to a parser or a connection to change one.
    """

    max_frame: int = 64 * 1024 * 1024
    """Bytes of one image.  20 megapixels of noise at quality 100 have 32 MB. Past it the image is
    skipped and reported, and the search for the next begins.
    """
    max_part: int = 1024 * 1024
    """Bytes of one part that is no image (text, XML, audio between the images). Past it the part is
    skipped and reported.
    """
    max_junk: int = 64 * 1024 * 1024
    """Bytes between two parts that belong to neither.  Past it: an error, since nothing that can be
    used has come for that long.
    """
    max_part_line: int = 16 * 1024
    """Bytes of one line of a part's header block; ustreamer sends 8 KiB of them."""
    max_part_head: int = 16 * 1024
    """Bytes of one part's header block.  Past it the block is junk, not an error."""
    max_part_headers: int = 64
    """Lines of one part's header block; ustreamer sends 16."""
    max_head_line: int = 16 * 1024
    """Bytes of one line of a response head; 7 KB have been met."""
    max_head: int = 64 * 1024
    """Bytes of a response head; 15 KB have been met, 80 KB are an attack."""
    max_headers: int = 256
    """Header lines of a response head, junk lines and folds included."""
    max_preamble: int = 64
    """Empty lines, and 1xx answers, before the status line."""
    max_chunk_line: int = 4 * 1024
    """Bytes of a chunk's size line, extensions included (RFC 9112 7.1.1)."""
    max_trailers: int = 16 * 1024
    """Bytes of the trailer section of a chunked body (RFC 9112 7.1.2)."""
    max_param_line: int = 64 * 1024
    """Bytes of one `key=value` line.  The device itself stops at 126 bytes a value."""
    max_params: int = 20_000
    """Lines of one parameter list; a full dump of a real camera has some hundreds."""
    max_inbox: int = 64 * 1024 * 1024
    """Bytes of the events that wait until the program takes them.  At least one is let in, whatever
    its size; past it the camera is made to wait, or the oldest events go.
    """
    max_body: int = 4 * 1024 * 1024
    """Bytes of a body that is collected whole (a page, an error text)."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            _checks.whole(
                "Limits", field.name, value, "a limit is a whole number of at least 1", low=1
            )


DEFAULT_LIMITS = Limits()
