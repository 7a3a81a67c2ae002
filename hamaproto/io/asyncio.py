"""The driver for asyncio: what arrives goes to the parser in the callback that receives it.

    async with Camera("http://192.168.1.20", auth=("admin", "1234")) as camera:
        print((await camera.execute(commands.brand())).product_full_name)
        async for frame in camera.frames(): ...

One request is one connection.  No task reads: the transport's callbacks feed the parser and
fill a bounded queue (`_link.py`).  Whoever asks for an event takes it from there.  A full queue
stops the reading, so that what is not taken waits in the kernel, and then in the camera.

`close` closes at once, awaited or not; awaiting it waits until the transports are gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Sequence
from typing import Any, Final

from hamaproto.failures import connection_failed
from hamaproto.inbox import Inbox
from hamaproto.io._awaiting import AwaitingCamera, AwaitingLine, Stream
from hamaproto.io._link import GONE_SECONDS, Link
from hamaproto.io._tls import Tls, handshake_failed
from hamaproto.session import Action, Disconnected, Reconnected, Session, StreamEvent
from hamaproto.settings import Backoff, Endpoint, Timeouts

__all__ = ["Backoff", "Camera", "Disconnected", "Reconnected", "Stream", "Timeouts"]

#: Events that wait to be taken, where the program has not said how many.
_QUEUE: Final = 16
#: Where the first address does not answer, the next one is tried after so many seconds too.
_STAGGER_SECONDS: Final = 0.25
#: Rounds of the loop, until a transport that was given up has closed its socket.
_ROUNDS: Final = 50


class Camera(AwaitingCamera):
    """One camera, asked by asyncio, on whichever event loop: its own, or uvloop.

    `url` is `http://host[:port][/prefix]`, or https; `auth` is `(user, password)`, or what
    `ClientConnection` takes.  `timeout` is `Timeouts`, or a number of seconds (or None,
    for ever) for all of them.  `headers` are own fields for every request (User-Agent, Cookie).
    For https, `cafile` is a file of certificates (PEM) to trust beside no others, such as the
    camera's own; `verify=False` accepts any certificate; an `ssl.SSLContext` as `verify`
    decides everything itself.

    Raises what `hamaproto.errors` lists; every method but `close` raises LocalProtocolError
    once it was closed.  It belongs to one event loop; any number of its tasks may use it.
    """

    def _line(self, session: Session[Any], inbox: Inbox[StreamEvent] | None = None) -> _Line:
        line = _Line(session, self._tls, Inbox(_QUEUE) if inbox is None else inbox)
        self._lines.add(line)
        return line


class _Line(AwaitingLine):
    """The connection of a session, or none: does what the steps ask for, through a `Link`."""

    __slots__ = ("_closing", "_inbox", "_link", "_work")

    def __init__(self, session: Session[Any], tls: Tls, inbox: Inbox[StreamEvent]) -> None:
        super().__init__(session, tls)
        self._inbox = inbox
        self._link: Link | None = None
        self._closing: asyncio.Future[None] | None = None
        self._work: asyncio.Task[Any] | None = None

    @property
    def dropped(self) -> int:
        return self._inbox.dropped

    @property
    def is_open(self) -> bool:
        return self._work is not None or (self._link is not None and self._link.is_open)

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    # -- the end

    def _let_go(self) -> None:
        if self._link is not None:
            self._link.close()

    def close(self) -> None:
        super().close()
        if self._closing is not None and not self._closing.done():
            self._closing.set_result(None)

    async def gone(self) -> None:
        if self._work is not None:
            await asyncio.wait({self._work}, timeout=GONE_SECONDS)
        if self._link is not None:
            await self._link.until_gone()

    async def _drop(self) -> None:
        await super()._drop()
        self._link = None

    async def _unless_closed(self, work: Any) -> None:
        """Do the work; given up if the line is closed in the meantime, as `close` asks."""
        loop = asyncio.get_running_loop()
        closing = self._closing = loop.create_future()
        task = self._work = loop.create_task(work)
        try:
            await asyncio.wait({task, closing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._closing = None
            try:
                if not task.done():
                    task.cancel()
                    await asyncio.wait({task})
            finally:
                self._work = None
                error = None if task.cancelled() or not task.done() else task.exception()
        if error is not None:
            raise error

    # -- steps

    def _step(self) -> StreamEvent | Action:
        event = self._inbox.get()
        if event is not None:
            return event
        if self._link is not None and self._link.failure is not None:
            raise self._link.failure
        return self._session.step()

    def _receive(self) -> Awaitable[None]:
        assert self._link is not None
        return self._link.news()

    async def _sleep(self, seconds: float) -> None:
        await self._unless_closed(asyncio.sleep(seconds))

    async def _send_again(self) -> None:
        assert self._link is not None
        self._link.send_again()

    async def _send(self, data: bytes) -> None:
        link = self._link
        if link is not None and link.transport is not None:
            link.transport.write(data)
            await self._flush(link)

    async def _flush(self, link: Link) -> None:
        try:
            async with asyncio.timeout(self._session.patience(self.now())):
                await link.flushed()
        except TimeoutError:
            self._session.timed_out(self.now(), sending=True)

    async def _listen(self, until: float) -> None:
        link = self._link
        assert link is not None
        # The plan has seen the steps; the events are for nobody.
        self._inbox.clear()
        if link.failure is not None:
            raise link.failure
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(until - self.now()):
                await link.news()

    def _hang_up(self) -> None:
        transport = None if self._link is None else self._link.transport
        # TLS can't close one half of a connection.
        if transport is not None and transport.can_write_eof():
            with contextlib.suppress(OSError, RuntimeError):
                transport.write_eof()

    # -- a connection

    async def _open(self) -> None:
        session = self._session
        link = self._link = Link(session, self._inbox)
        try:
            async with asyncio.timeout(session.opening(self.now())) as limit:
                await self._unless_closed(self._connect(link))
        except TimeoutError as error:
            link.close()
            if limit.expired():
                session.timed_out(self.now())
            else:
                session.lost(connection_failed(self._endpoint, error, connecting=True))
        except (OSError, UnicodeError) as error:
            link.close()
            if link.sock is not None:
                session.lost(handshake_failed(self._endpoint, _as_os_error(error)))
            else:
                failed = _as_os_error(error)
                session.lost(connection_failed(self._endpoint, failed, connecting=True))
        else:
            await self._flush(link)

    async def _connect(self, link: Link) -> None:
        """Give the link a transport, by which it sends the request."""
        loop = asyncio.get_running_loop()
        endpoint = self._endpoint
        sock = await _connected(endpoint)
        link.sock = sock
        if endpoint.secure:
            self._session.connected()
        try:
            await loop.create_connection(
                lambda: link,
                sock=sock,
                ssl=self._tls.context if endpoint.secure else None,
                server_hostname=endpoint.server_name if endpoint.secure else None,
            )
        except BaseException:
            link.close()
            if link.gone is not None:
                # It stood, and the request was on its way.
                self._session.reopen()
            await _closed(sock)
            # Not every loop says so to a protocol whose connection was given up.
            link.over()
            raise


# -- connecting ------------------------------------------------------------------------


def _as_os_error(error: OSError | UnicodeError) -> OSError:
    """A name that can't be looked up, like any other that isn't found."""
    return error if isinstance(error, OSError) else OSError(str(error))


async def _connected(endpoint: Endpoint) -> socket.socket:
    """A socket that is connected to the first address that answers.

    Not by `create_connection`, whose arguments for this differ from loop to loop.
    """
    loop = asyncio.get_running_loop()
    found: Sequence[Any]
    if endpoint.is_address:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    else:
        found = await loop.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    if len(found) == 1:
        return await _connected_to(*found[0])
    todo = list(found)
    attempts: set[asyncio.Task[socket.socket]] = set()
    winner = None
    failed = OSError(f"no address of {endpoint.host}")
    try:
        running: set[asyncio.Task[socket.socket]] = set()
        while todo or running:
            if todo:
                attempt = loop.create_task(_connected_to(*todo.pop(0)))
                attempts.add(attempt)
                running.add(attempt)
            done, running = await asyncio.wait(
                running,
                timeout=_STAGGER_SECONDS if todo else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for attempt in done:
                error = attempt.exception()
                if error is None:
                    winner = attempt
                    return attempt.result()
                if not isinstance(error, OSError):
                    raise error
                failed = error
        raise failed
    finally:
        for attempt in attempts:
            attempt.cancel()
        for outcome in await asyncio.gather(*attempts, return_exceptions=True):
            if isinstance(outcome, socket.socket) and (
                winner is None or outcome is not winner.result()
            ):
                outcome.close()


async def _connected_to(
    family: int, kind: int, protocol: int, name: str, address: Any
) -> socket.socket:
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


async def _closed(sock: socket.socket) -> None:
    """Wait until a loop that has given up a transport has closed its socket too."""
    for _ in range(_ROUNDS):
        if sock.fileno() < 0:
            return
        await asyncio.sleep(0)
    sock.close()
