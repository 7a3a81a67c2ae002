"""A process of its own that does what it is asked, until nobody can ask any more.

It begins with nothing of this process in it (spawned, not forked), on a core of its own where
there are several.  It ends when its pipe is closed, so that it is gone with whoever started it,
however that ended.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import weakref
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

__all__ = ["PATIENCE", "Child", "ChildError"]

#: Seconds that a child may take for an answer, if nothing else is said, and for its end.
PATIENCE, END = 120.0, 2.0


class ChildError(RuntimeError):
    """The child did not answer, or what it was asked for raised."""


def _serve(pipe: Connection, core: int | None, make: Callable[..., Any], values: Any) -> None:
    if core is not None and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[core % len(cores)]})
    answer: Callable[..., Any] | None = None
    # Whoever started it closed the pipe, or was interrupted, as this one is by the same key.
    with contextlib.suppress(EOFError, ConnectionError, KeyboardInterrupt):
        while True:
            question = pipe.recv()
            try:
                answer = answer or make(*values)
                said: tuple[bool, Any] = (True, answer(*question))
            except Exception as error:
                said = (False, f"{type(error).__name__}: {error}")
            pipe.send(said)


def _end(pipe: Connection, process: multiprocessing.process.BaseProcess) -> None:
    pipe.close()
    process.join(END)
    if process.is_alive():
        process.kill()
        process.join()
    process.close()


class Child:
    """A process that calls `make(*values)` once, and what that gives for each question.

    `core` is where it runs: 0 the first one, -1 the last one, None anywhere.  It is started with
    the first question, and may take `patience` seconds for an answer.
    """

    def __init__(
        self,
        make: Callable[..., Any],
        *values: Any,
        core: int | None = -1,
        patience: float = PATIENCE,
    ) -> None:
        self._make, self._values, self._core = make, values, core
        self._patience = patience
        self._pipe: Connection | None = None
        self._end: Callable[[], object] = lambda: None

    def ask(self, *question: Any) -> Any:
        """What it answers.  Raises ChildError."""
        self.begin(*question)
        return self.answer()

    def begin(self, *question: Any) -> None:
        """Ask, and do something else until `answer`."""
        if self._pipe is None:
            context = multiprocessing.get_context("spawn")
            self._pipe, there = context.Pipe()
            process = context.Process(
                target=_serve, args=(there, self._core, self._make, self._values), daemon=True
            )
            process.start()
            there.close()
            self._end = weakref.finalize(self, _end, self._pipe, process)
        self._pipe.send(question)

    def answer(self) -> Any:
        """What was asked for by `begin`.  Raises ChildError."""
        assert self._pipe is not None
        try:
            if not self._pipe.poll(self._patience):
                raise ChildError(f"no answer within {self._patience:g} s")
            fine, said = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise ChildError("the process is gone") from error
        if not fine:
            raise ChildError(said)
        return said

    def close(self) -> None:
        """End it; nothing if it was never started."""
        self._end()
