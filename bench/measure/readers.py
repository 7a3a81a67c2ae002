"""Anyone's own MJPEG parser beside ours: `--reader module:function`.

    def function(chunks: Iterable[bytes], content_type: str) -> Iterable[bytes]:
        ...

It is called once for each stream, with its pieces in order and the value of its Content-Type
header, and gives the JPEG images, each as `bytes`, from SOI to EOI.  A generator does.  Asking for
the next piece is how it says that it is done with the one before.  It is found as Python finds a
module, in the folder where the command was given first.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable

from bench.measure.entries import OwnReader

__all__ = ["NoReaderError", "own_reader", "own_readers"]


class NoReaderError(ValueError):
    """What was given to `--reader` names no function."""


def own_reader(spec: str) -> OwnReader:
    """The function that `module:function` names.  Raises NoReaderError."""
    name, colon, attribute = spec.partition(":")
    if not colon or not name or not attribute:
        raise NoReaderError(f"--reader {spec!r}: write module:function")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found = importlib.import_module(name)
    except Exception as error:  # whatever somebody's module does
        raise NoReaderError(f"--reader {spec!r}: {type(error).__name__}: {error}") from error
    function: object = found
    for part in attribute.split("."):
        function = getattr(function, part, None)
    if not callable(function):
        raise NoReaderError(f"--reader {spec!r}: {name} has no function {attribute!r}")
    made: OwnReader = function
    return made


def own_readers(specs: Iterable[str]) -> dict[str, OwnReader]:
    """All of them by what they were named with.  Raises NoReaderError."""
    return {spec: own_reader(spec) for spec in specs}
