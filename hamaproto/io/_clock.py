"""When something arrived, by the clocks of this machine.

Not the clock of an event loop: trio's begins anywhere, uvloop's has whole milliseconds, and
a test may replace either.
"""

from __future__ import annotations

import time

from hamaproto.events import Arrival

__all__ = ["arrival"]


def arrival() -> Arrival:
    """Now."""
    return Arrival(time.monotonic(), time.time())
