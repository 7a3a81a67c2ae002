"""The parser of the package in another tree, in a process of its own: is this one slower than that?

    python bench/peers/tree.py      with PYTHONPATH at the tree; `--against TREE` starts it

Two packages of one name do not fit into one process.  In: pickled orders, each with its size before
it.  Out: what is answered, the same way.  It takes turns with the others as they do with
each other, and counts its own processor time.
"""

from __future__ import annotations

import contextlib
import gc
import pickle
import subprocess
import sys
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

__all__ = ["NAME", "Tree"]

#: How it is called in a table.
NAME = "ours, in another tree"
#: Seconds that a round takes at least.
SHORTEST = 0.01


def _send(stream: IO[bytes], value: object) -> None:
    data = pickle.dumps(value)
    stream.write(len(data).to_bytes(8, "big") + data)
    stream.flush()


def _receive(stream: IO[bytes]) -> Any:
    size = stream.read(8)
    if not size:
        raise EOFError("the other tree's process is gone")
    return pickle.loads(stream.read(int.from_bytes(size, "big")))


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    process.wait()


class Tree:
    """One load for the parser of another tree."""

    def __init__(self, tree: Path, content_type: str, chunks: Sequence[bytes]) -> None:
        self._tree, self._content_type, self._chunks = tree, content_type, chunks
        self._process: subprocess.Popen[bytes] | None = None
        self._times = 1

    def seconds(self) -> float:
        """Of processor time, for the whole load.  Raises EOFError if it cannot be read there."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=self._tree,
                env={"PYTHONPATH": str(self._tree.resolve())},
            )
            weakref.finalize(self, _end, self._process)
            self._ask((self._content_type, list(self._chunks)))
            once = self._ask(1)
            self._times = max(1, int(SHORTEST / max(once, 1e-9)))
        taken: float = self._ask(self._times)
        return taken / self._times

    def _ask(self, order: object) -> Any:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        _send(self._process.stdin, order)
        return _receive(self._process.stdout)


def _run(content_type: str, chunks: Sequence[bytes], times: int) -> float:
    from hamaproto import MjpegParser
    from hamaproto.events import NEED_DATA, Frame

    gc.collect()
    gc.disable()
    start = time.process_time()
    for _ in range(times):
        parser = MjpegParser(content_type)
        receive, next_event = parser.receive_data, parser.next_event
        count = 0
        for chunk in chunks:
            receive(chunk)
            while (event := next_event()) is not NEED_DATA:
                count += type(event) is Frame
    taken = time.process_time() - start
    gc.enable()
    return taken


def main() -> None:
    # The folder of this file is first in the path, and has a module `mjpeg`.
    del sys.path[0]
    with contextlib.suppress(EOFError):
        content_type, chunks = _receive(sys.stdin.buffer)
        _send(sys.stdout.buffer, len(chunks))
        while True:
            _send(sys.stdout.buffer, _run(content_type, chunks, _receive(sys.stdin.buffer)))


if __name__ == "__main__":
    main()
