"""A connection of asyncio: what its transport receives goes to the parser at once.

    transport -> get_buffer, buffer_updated -> Session -> Inbox -> the task that asks

The callbacks of the transport feed the session and fill a bounded inbox.  A full inbox stops the
reading; whoever takes an event from it (`news`) begins the reading again.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any, Final, cast

from hamaproto.failures import connection_failed
from hamaproto.inbox import Inbox
from hamaproto.io._clock import arrival
from hamaproto.io._scratch import PIECE, filled_too_late, scratch_of
from hamaproto.session import Action, Session, StreamEvent

__all__ = ["GONE_SECONDS", "Link"]

#: A transport that was aborted is gone one or two rounds of the loop later.  If a loop does
#: not keep this promise, the one who closes is not to wait for ever.
GONE_SECONDS: Final = 5.0
#: As a name of this module it need not be looked up for each piece.
_RECEIVE: Final = Action.RECEIVE
#: Of a second, in which the loop has a round for its sockets.
_LAST_LOOK: Final = 0.002


class Link(asyncio.BufferedProtocol):
    """One transport: feeds the session, and tells the line that there is news.

    The transport holds the link, and the link holds no line: so a stream that was forgotten can
    be collected.  An exception inside a callback would end in the loop's log.  The link keeps it
    in `failure` instead, and the task that waits raises it.
    """

    __slots__ = (
        "_closed",
        "_inbox",
        "_looked",
        "_loop",
        "_reading",
        "_scratch",
        "_session",
        "_timer",
        "_waiter",
        "_writable",
        "failure",
        "gone",
        "sock",
        "transport",
    )

    def __init__(self, session: Session[Any], inbox: Inbox[StreamEvent]) -> None:
        self._session = session
        self._inbox = inbox
        self._loop = asyncio.get_running_loop()
        self._scratch = scratch_of(self._loop)
        self.transport: asyncio.Transport | None = None
        #: What a callback raised.
        self.failure: BaseException | None = None
        #: The socket of the transport; for what only a socket can do.
        self.sock: socket.socket | None = None
        #: Done when the transport is gone; None if there never was one.
        self.gone: asyncio.Future[None] | None = None
        self._closed = False
        self._waiter: asyncio.Future[None] | None = None
        self._reading = True
        self._writable: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        # Whether time seemed to be up, and there was one more look at the socket.
        self._looked = False

    # -- what the transport says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.gone = self._loop.create_future()
        self.transport = cast(asyncio.Transport, transport)
        if self._closed:
            self.close()
            return
        try:
            # Here, before anything can arrive: what a camera says unasked is not lost.
            self.transport.write(self._session.opened(self._loop.time()))
            self._set_timer()
        except BaseException as error:
            self._broke(error)

    def get_buffer(self, sizehint: int) -> memoryview:
        scratch = self._scratch
        scratch.user = self
        return scratch.view

    def buffer_updated(self, nbytes: int) -> None:
        self._looked = False
        if self.transport is not None:
            try:
                if self._scratch.user is not self:
                    raise filled_too_late()
                data = bytes(self._scratch.view[:nbytes])
                self._session.receive_data(data, arrival(), self._loop.time())
                self.pump()
            except BaseException as error:
                self._broke(error)

    def eof_received(self) -> None:
        if self.transport is not None:
            try:
                self._session.receive_eof()
                self.pump()
            except BaseException as error:
                self._broke(error)

    def connection_lost(self, exc: Exception | None) -> None:
        transport, self.transport = self.transport, None
        try:
            if transport is not None:
                # It may have said already what leads on to another connection.
                if self._session.is_open:
                    self._end(exc)
                self.pump()
        except BaseException as error:
            self._broke(error)
        finally:
            self._stop_timer()
            self.resume_writing()
            self.wake()
            self.over()

    def _end(self, exc: Exception | None) -> None:
        if isinstance(exc, OSError):
            self._drain()
            failed = connection_failed(self._session.endpoint, exc, connecting=False)
            self._session.lost(failed)
        else:
            self._session.receive_eof()

    def over(self) -> None:
        """The transport is gone."""
        if self._scratch.user is self:
            self._scratch.user = None
        if self.gone is not None and not self.gone.done():
            self.gone.set_result(None)

    def _broke(self, error: BaseException) -> None:
        """Something here raised: end this link, and leave the rest to the one who waits."""
        if self.failure is None:
            self.failure = error
        self.close()
        if not isinstance(error, Exception):
            raise error  # to end the program

    def _drain(self) -> None:
        """Take what came before a failure to send: the camera may have said why it hung up."""
        session = self._session
        if self.sock is None or self.sock.fileno() < 0:
            return
        with contextlib.suppress(OSError), self.sock.dup() as twin:
            twin.setblocking(False)
            while session.is_open and (data := twin.recv(PIECE)):
                session.receive_data(data, arrival(), self._loop.time())
                self.pump()

    def pause_writing(self) -> None:
        self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        writable, self._writable = self._writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)

    # -- reading

    def pump(self) -> None:
        """Put what can be known by now into the inbox; wake whoever waits if there is news."""
        inbox, session = self._inbox, self._session
        is_news = False
        while not (is_full := inbox.is_full):
            step = session.step()
            if step is _RECEIVE:
                break
            # Whoever waits has taken all that was in the inbox.
            is_news = True
            if isinstance(step, Action):
                break
            inbox.put(step)
        if is_full and self._reading and self.transport is not None:
            self._reading = False
            if not self.transport.is_closing():
                self.transport.pause_reading()
        if is_news:
            self.wake()

    def wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def news(self) -> asyncio.Future[None]:
        """Done when the next step may be another one; for one at a time."""
        waiter = self._waiter = self._loop.create_future()
        if self._closed:
            self.wake()
        elif not self._reading and self.transport is not None:
            self._reading = True
            # Not as rest: a flood fills the inbox with every piece that comes.
            self._session.patience(self._loop.time())
            if not self.transport.is_closing():
                self.transport.resume_reading()
        return waiter

    def send_again(self) -> None:
        """Another request on this connection, if it still stands."""
        data = self._session.opened(self._loop.time())
        if self.transport is None:
            self._session.receive_eof()
            return
        self.transport.write(data)
        self._stop_timer()
        self._set_timer()

    # -- time

    def _set_timer(self) -> None:
        left = self._session.left(self._loop.time())
        if left is not None:
            self._timer = self._loop.call_later(left, self._check_time)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check_time(self) -> None:
        """Set for the earliest moment at which time may be up; mostly it is set again."""
        self._timer = None
        if self.transport is None or not self._session.is_open:
            return
        now = self._loop.time()
        if not self._reading:
            # Nothing is wanted at the moment: not the camera's silence.
            self._session.rested(now)
        left = self._session.left(now)
        if left is None:
            return
        if left <= 0 and self._looked:
            self._time_is_up(now)
            return
        # Timers may come before the sockets in a round of the loop, and after a pause of the
        # process both are due: then the sockets have one more round.
        self._looked = left <= 0
        self._timer = self._loop.call_later(left or _LAST_LOOK, self._check_time)

    def _time_is_up(self, now: float) -> None:
        self._looked = False
        try:
            self._session.timed_out(now)
            self.pump()
            if self._session.is_open:
                # The process had been stopped: all begins anew.
                self._set_timer()
        except BaseException as error:
            self._broke(error)

    # -- the end

    async def flushed(self) -> None:
        """Wait until the transport takes more to send."""
        if self._writable is not None:
            await asyncio.shield(self._writable)

    async def until_gone(self) -> None:
        """Wait until the transport is gone: only that, it goes whoever waits."""
        if self.gone is not None and not self.gone.done():
            await asyncio.wait({self.gone}, timeout=GONE_SECONDS)

    @property
    def is_open(self) -> bool:
        return not self._closed and self.transport is not None

    def close(self) -> None:
        """Close at once; nothing is said to the session any more."""
        self._closed = True
        transport, self.transport = self.transport, None
        self._stop_timer()
        self.resume_writing()
        self.wake()
        if transport is not None:
            # In the next round: uvloop does not bear it inside one of its callbacks.
            self._loop.call_soon(transport.abort)
