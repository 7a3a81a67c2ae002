"""What a part answers with, and the states, as plain numbers that both twins compare fast."""

from __future__ import annotations

from typing import Final

__all__ = [
    "AGAIN",
    "BODY",
    "BROKEN",
    "CLOSED",
    "CUT_OFF",
    "DELIMITER",
    "DROPPED",
    "END",
    "EOI",
    "FIELDS",
    "GAP",
    "HEAD",
    "INSIDE",
    "MORE",
    "OVER",
    "PART",
    "SOI",
    "SURPRISE",
    "TAKE",
    "TOO_LARGE",
    "WALK",
    "WHOLE",
]

#: More bytes are needed.
MORE: Final = 0

# Of a walk through an image (see walk.py).
EOI: Final = 1
SOI: Final = 2
SURPRISE: Final = 3

# Of a header block (see head.py).
CLOSED: Final = 4
DELIMITER: Final = 5
DROPPED: Final = 6
CUT_OFF: Final = 7

# Of a gap (see gap.py), beside SOI and DELIMITER.
FIELDS: Final = 8
INSIDE: Final = 9
OVER: Final = 10

# Of an image's end (see ending.py).
AGAIN: Final = 11
WHOLE: Final = 12
BROKEN: Final = 13
TOO_LARGE: Final = 14

# The states of the parser (see states.py).
GAP: Final = 0
HEAD: Final = 1
BODY: Final = 2
WALK: Final = 3
TAKE: Final = 4
PART: Final = 5
END: Final = 6
