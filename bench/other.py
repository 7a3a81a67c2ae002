"""An MjpegParser of another tree, in a process of its own: it answers what that one says.

    python bench/other.py        with PYTHONPATH at the tree; `bench.fuzz` starts it

Two packages of one name do not fit into one process.  In: pickled jobs, one a line of bytes with
its size before it.  Out: what `played` gives, the same way.
"""

from __future__ import annotations

import dataclasses
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["OtherTree", "played"]

#: The Content-Type, the limits as a dict or None, strict, and the pieces.
Job = tuple[str | None, dict[str, int] | None, bool, Sequence[bytes]]


def played(parser: Any, error: type[Exception], chunks: Sequence[bytes]) -> list[Any]:
    """All that a parser says, as plain values, with the number of bytes fed until then."""
    said: list[Any] = []
    fed = 0
    try:
        for chunk in (*chunks, None):
            if chunk is None:
                parser.receive_eof()
            else:
                fed += len(chunk)
                parser.receive_data(chunk)
            for event in parser.events():
                fields = dataclasses.fields(event)
                values = [str(getattr(event, field.name)) for field in fields]
                said.append((fed, type(event).__name__, values, getattr(event, "data", None)))
    except error as problem:
        said.append((fed, type(problem).__name__, getattr(problem, "offset", None), str(problem)))
    return said


def _send(stream: BinaryIO, value: object) -> None:
    data = pickle.dumps(value)
    stream.write(len(data).to_bytes(8, "big") + data)
    stream.flush()


def _receive(stream: BinaryIO) -> Any:
    size = stream.read(8)
    return pickle.loads(stream.read(int.from_bytes(size, "big"))) if size else None


class OtherTree:
    """The parser of the package in a folder, built there if it is to be the compiled one."""

    def __init__(self, tree: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": str(tree.resolve())},
            cwd=tree,
        )
        assert self._process.stdout is not None
        #: where its parser is from
        self.name: str = _receive(self._process.stdout)

    def played(self, job: Job) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        _send(self._process.stdin, job)
        return _receive(self._process.stdout)


def main() -> None:
    from hamaproto import HamaError, Limits, MjpegParser

    module = sys.modules[MjpegParser.__module__]
    _send(sys.stdout.buffer, f"{MjpegParser.__module__} of {module.__file__}")
    while (job := _receive(sys.stdin.buffer)) is not None:
        content_type, limits, strict, chunks = job
        parser = MjpegParser(
            content_type, limits=None if limits is None else Limits(**limits), strict=strict
        )
        _send(sys.stdout.buffer, played(parser, HamaError, chunks))


if __name__ == "__main__":
    main()
