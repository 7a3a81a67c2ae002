"""When something arrived, by the clocks of this machine.

Not the clock of an event loop: trio's begins anywhere, uvloop's has whole milliseconds, and
a test may replace either.
"""

from __future__ import annotations

from time import monotonic, time
from typing import Final

from hamaproto.events import Arrival

__all__ = ["arrival"]

# To call the class itself runs Python code, and each piece that comes has an arrival.
_new: Final = tuple.__new__


def arrival() -> Arrival:
    """Now."""
    return _new(Arrival, (monotonic(), time()))
