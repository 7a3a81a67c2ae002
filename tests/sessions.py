"""Sessions without a network: a clock that is a number, and cameras that are lists.

A camera is what becomes of one connection: pieces of an answer, seconds of silence, and how it
ends.  What is behind the last of them is silence without end.  It may be a function of the
request as well.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from fixtures.feeding import pieces
from hamaproto.errors import ConnectionLostError, HamaError
from hamaproto.events import Arrival, AudioFrame, Frame
from hamaproto.session import Action, Disconnected, Session
from hamaproto.settings import Backoff, Settings

__all__ = ["CLOSE", "NOBODY", "REFUSED", "RESET", "Camera", "Run", "ask", "drive"]

#: The camera closes the connection.
CLOSE = "close"
#: The network breaks it.
RESET = "reset"
#: Nobody listens, or nobody answers, in the place of a connection.
REFUSED = "refused"
NOBODY = "nobody"

Item = bytes | float | str
Camera = Iterable[Item] | Callable[[bytes], Iterable[Item]] | str
#: No session takes more steps than that in these tests.
MANY = 200_000


@dataclass
class Run:
    """What came of a session: what it said, what it did, and how long that took."""

    events: list[Any] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    endpoints: list[str] = field(default_factory=list)
    error: HamaError | None = None
    result: Any = None
    seconds: float = 0.0

    @property
    def frames(self) -> list[Frame | AudioFrame]:
        return [event for event in self.events if isinstance(event, Frame | AudioFrame)]

    @property
    def lost(self) -> list[Disconnected]:
        return [event for event in self.events if isinstance(event, Disconnected)]

    @property
    def came(self) -> Any:
        """The answer, or the error."""
        return self.result if self.error is None else self.error


def drive(
    session: Session[Any],
    cameras: Iterable[Camera],
    *,
    cut: int = 0,
    at_most: int = 10**9,
    start: float = 1000.0,
) -> Run:
    """Run a session to its end, or to so many events.

    `cut` is the size of the pieces in which bytes arrive; 0 leaves them as they are.
    """
    run = Run()
    now = start
    queue: deque[Item] = deque()
    waiting = iter(cameras)
    camera: Camera = ()
    for _ in range(MANY):
        step = session.step()
        if not isinstance(step, Action):
            run.events.append(step)
            if len(run.events) == at_most:
                break
            continue
        assert session.step() is step, "asked again, a step is the same"
        run.actions.append(step)
        assert session.is_open is (step is Action.RECEIVE)
        if step is Action.OPEN:
            run.endpoints.append(str(session.endpoint))
            allowed = session.opening(now)
            camera = next(waiting)
            if camera == NOBODY:
                assert allowed is not None
                now += allowed
                session.timed_out(now)
            elif camera == REFUSED:
                session.lost(ConnectionLostError(f"{session.endpoint}: refused"))
            else:
                run.sent.append(session.opened(now))
                queue = deque(_answer(camera, run.sent[-1], cut))
        elif step is Action.SEND:
            run.sent.append(session.opened(now))
            queue = deque(_answer(camera, run.sent[-1], cut))
        elif step is Action.RECEIVE:
            now = _receive(session, queue, now)
        elif step is Action.SLEEP:
            now += session.delay
            session.slept(now)
        else:
            if step is Action.FAIL:
                run.error = session.error
            else:
                try:
                    run.result = session.result()
                except HamaError as error:
                    run.error = error
            break
    else:
        raise AssertionError("a session without end")
    run.seconds = now - start
    return run


def _answer(camera: Camera, request: bytes, cut: int) -> Iterator[Item]:
    for item in camera(request) if callable(camera) else camera:
        if isinstance(item, bytes) and cut:
            yield from pieces(item, cut)
        else:
            yield item


def _receive(session: Session[Any], queue: deque[Item], now: float) -> float:
    """What a driver does at `Action.RECEIVE`; gives what time it is then."""
    wait = session.patience(now)
    silence = 0.0
    while queue and isinstance(queue[0], float):
        silence += queue.popleft()
    if wait is not None and (silence > wait or not queue):
        queue.appendleft(max(0.0, silence - wait))
        session.timed_out(now + wait)
        return now + wait
    assert queue, "nothing would ever end this wait"
    now += silence
    item = queue.popleft()
    if item == CLOSE:
        session.receive_eof()
    elif item == RESET:
        session.lost(ConnectionLostError(f"{session.endpoint}: the connection was lost: reset"))
    else:
        assert isinstance(item, bytes)
        session.receive_data(item, Arrival(now, now), now)
    return now


def ask(
    request: Any,
    *cameras: Camera,
    cut: int = 0,
    at_most: int = 10**9,
    reconnect: Backoff | None = None,
    url: str = "http://camera:8080",
    **options: Any,
) -> Run:
    """Run a request against cameras, one for each connection."""
    session: Session[Any] = Session(request, Settings(url, **options), reconnect=reconnect)
    return drive(session, cameras, cut=cut, at_most=at_most)
