"""Who analyses the files of an archive: processes of this machine, or workers of a Dask cluster.

    by_processes(names, jobs, stopped)     concurrent.futures
    by_dask(address, names, stopped)       a cluster, to which the files have the same names

Both give a row for each file as it comes, hand out a bounded number at once, and end early when
`stopped` says so.  A file at which a worker died has a row with that error; Dask gives it to
another worker first.
"""

from __future__ import annotations

import importlib
import logging
import os
import queue
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, Final

import click

from hamaproto.captures.analysis import COLUMNS, analyse
from hamaproto.cli.exits import exit_code
from hamaproto.errors import ConnectError

__all__ = ["ClusterError", "Row", "by_dask", "by_processes"]

Row = dict[str, Any]
Stopped = Callable[[], bool]
#: Files that are asked for at once, for each process.
_AHEAD: Final = 2
#: Seconds until it is asked again whether to stop.
_LOOK: Final = 0.2
#: Seconds that a scheduler has to answer, and that a cluster may be without any worker.
_CONNECT, _NOBODY = 10.0, 60.0
#: What Dask can connect to; of another address its client is never rid.
_ADDRESS = re.compile(r"(?:(?:tcp|tls|ws|wss)://)?[^/\s]+:[0-9]{1,5}")


class ClusterError(click.ClickException):
    """The cluster can't be reached, or has gone."""

    exit_code = exit_code(ConnectError(""))


def by_processes(names: Sequence[str], jobs: int, stopped: Stopped) -> Iterator[Row]:
    """So many processes; none if one is enough."""
    if jobs == 1 or len(names) < 2:
        for name in names:
            if stopped():
                return
            yield analyse(name)
        return
    # Not by a fork, which would copy threads in the middle of what they do.
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_deaf)
    try:
        yield from _by_turns(pool, names, jobs, stopped)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _by_turns(
    pool: ProcessPoolExecutor, names: Sequence[str], jobs: int, stopped: Stopped
) -> Iterator[Row]:
    """A bounded number at once; each row as it comes, under the name of its file."""
    left = iter(names)
    running: dict[Future[Row], str] = {}
    while not stopped():
        for name in left:
            try:
                running[pool.submit(analyse, name)] = name
            except BrokenProcessPool as error:  # a process died: the rest is for another time
                yield _failed(name, error)
            if len(running) >= _AHEAD * jobs:
                break
        if not running:
            return
        over, _ = wait(running, timeout=_LOOK, return_when=FIRST_COMPLETED)
        for future in over:
            name = running.pop(future)
            died = future.exception()
            yield future.result() if died is None else _failed(name, died)


def by_dask(address: str, names: Sequence[str], stopped: Stopped) -> Iterator[Row]:
    """The workers of a cluster; `address` is that of its scheduler.

    Raises click.UsageError without Dask or for what is no address, and ClusterError if no scheduler
    answers, if it has no worker for a while, or goes away.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ModuleNotFoundError:
        raise click.UsageError("an archive on Dask needs: pip install 'hamaproto[dask]'") from None
    if not _ADDRESS.fullmatch(address):
        raise click.UsageError(
            f"--dask {address!r}: the address of a scheduler is due, such as tcp://10.0.0.5:8786"
        )
    # What it has to say about lost connections, we say in a line.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        client = distributed.Client(address, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(f"no Dask scheduler at {address}: {error}") from None
    with client:
        try:
            yield from _by_workers(client, names, stopped)
        except (OSError, CancelledError) as error:
            raise ClusterError(f"the Dask scheduler at {address} went away: {error}") from None


def _by_workers(client: Any, names: Sequence[str], stopped: Stopped) -> Iterator[Row]:
    left = iter(names)
    running: dict[Any, str] = {}
    over: queue.SimpleQueue[Any] = queue.SimpleQueue()
    seen = time.monotonic()
    while not stopped():
        threads = sum(client.nthreads().values())
        now = time.monotonic()
        if threads:
            seen = now
        elif now - seen > _NOBODY:
            raise ClusterError(f"the cluster has had no worker for {_NOBODY:.0f} seconds")
        while len(running) < _AHEAD * max(threads, 1):
            name = next(left, None)
            if name is None:
                break
            # The workers need not have been started in this folder.
            future = client.submit(analyse, os.path.abspath(name), pure=False)
            running[future] = name
            future.add_done_callback(over.put)
        if not running:
            return
        try:
            future = over.get(timeout=_LOOK)
        except queue.Empty:
            continue
        name = running.pop(future)
        died = future.exception()
        yield {**future.result(), "path": name} if died is None else _failed(name, died)


def _failed(name: str, error: BaseException) -> Row:
    """The row of a file at which a process died."""
    row: Row = dict.fromkeys(COLUMNS)
    return {**row, "path": name, "error": f"{type(error).__name__}: {error}"}


def _deaf() -> None:
    """Ctrl-C is for the process that was started by the user."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
