"""Sockets that listen, and what is accepted on them handed to an event loop.

`asyncio.Server` does that too, but where descriptors are out it writes a traceback for each of
its backlog, every second.  This one says it once, accepts nothing for a moment and goes on.  And
it knows which connections are between the system and their protocol, so that none is lost when
it is closed.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Callable
from typing import Final

__all__ = ["Listener"]

_log: Final = logging.getLogger("hamaproto")

#: Connections that the system keeps until they are accepted.
BACKLOG: Final = 1024
#: Connections that are accepted before anything else has its turn.
_AT_ONCE: Final = 64
#: Seconds for which nothing is accepted once that has failed.
RETRY: Final = 0.5
#: Seconds without a failure, after which the next one is worth telling again.
_QUIET: Final = 60.0


class Listener:
    """Listens until `close`; each connection gets a protocol that `factory` makes.

    `send_buffer` and `receive_buffer` are how much the kernel may hold for a connection, in bytes.
    """

    def __init__(
        self, factory: Callable[[], asyncio.Protocol], *, send_buffer: int, receive_buffer: int
    ) -> None:
        self._factory = factory
        self._buffers = {socket.SO_SNDBUF: send_buffer, socket.SO_RCVBUF: receive_buffer}
        self._loop = asyncio.get_running_loop()
        self._sockets: list[socket.socket] = []
        self._connecting: set[asyncio.Task[None]] = set()
        self._retry: asyncio.TimerHandle | None = None
        self._failed_at = -_QUIET

    def __repr__(self) -> str:
        return f"<Listener on {len(self._sockets)} sockets>"

    async def open(self, host: str, port: int) -> int:
        """Listen on every address of `host`; gives the port.

        Raises OSError if none of them can be had, or one is in use.
        """
        found = await self._loop.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        missing: OSError | None = None
        try:
            for family, kind, protocol, _, address in dict.fromkeys(found):
                try:
                    sock = socket.socket(family, kind, protocol)
                except OSError as error:
                    # A machine without IPv6 has names with such addresses all the same.
                    missing = error
                    continue
                self._sockets.append(sock)
                if sys.platform != "win32":
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                for option, size in self._buffers.items():
                    sock.setsockopt(socket.SOL_SOCKET, option, size)
                sock.setblocking(False)
                sock.bind((address[0], port, *address[2:]))
                # With 0 the system chooses, once for all addresses.
                port = sock.getsockname()[1]
                sock.listen(BACKLOG)
            if not self._sockets:
                raise missing or OSError(f"{host!r} has no address")
        except OSError as error:
            self._close_sockets()
            reason = (error.strerror or str(error)).lower()
            raise OSError(error.errno, f"can't listen on {host!r} port {port}: {reason}") from None
        self._listen()
        return port

    async def close(self) -> None:
        """Accept no more; whatever was accepted has its protocol then."""
        self._pause()
        if self._retry is not None:
            self._retry.cancel()
        self._close_sockets()
        while self._connecting:
            await asyncio.wait(self._connecting)

    def _close_sockets(self) -> None:
        for sock in self._sockets:
            sock.close()
        self._sockets.clear()

    def _listen(self) -> None:
        self._retry = None
        for sock in self._sockets:
            self._loop.add_reader(sock.fileno(), self._accept, sock)

    def _pause(self) -> None:
        for sock in self._sockets:
            self._loop.remove_reader(sock.fileno())

    def _accept(self, sock: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection, _ = sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._rest(error)
                return
            connection.setblocking(False)
            task = self._loop.create_task(self._connect(connection))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    def _rest(self, error: OSError) -> None:
        """Descriptors or memory are out: let those who are there go on."""
        now = self._loop.time()
        if now - self._failed_at >= _QUIET:
            _log.warning(
                "no connection can be accepted now, but is as soon as there is room: %s",
                error.strerror or error,
            )
        self._failed_at = now
        self._pause()
        if self._retry is None:
            self._retry = self._loop.call_later(RETRY, self._listen)

    async def _connect(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._factory, connection)
        except OSError:
            connection.close()
        except BaseException:
            connection.close()
            raise
