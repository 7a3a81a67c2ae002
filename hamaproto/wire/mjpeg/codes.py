"""The outcomes of a walk through an image, as plain numbers that both twins compare fast."""

from __future__ import annotations

from typing import Final

__all__ = ["EOI", "MORE", "SOI", "SURPRISE"]

MORE: Final = 0
EOI: Final = 1
SOI: Final = 2
SURPRISE: Final = 3
