"""The simulated camera among its neighbours: it is found, and has its private port.

    async with serve(state) as camera, neighbourhood(camera):
        ...

Reported, untested, as all of `hamaproto.camera.neighbours`.  Answers go to who asked, where a
device tells them to the whole network: a simulated camera is not to disturb one.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import sys
from collections.abc import AsyncIterator, Callable
from typing import Final, NamedTuple, cast

from hamaproto.camera.neighbours import (
    DISCOVERY_PORT,
    PRIVATE_PORT,
    SSDP_PORT,
    PrivateConnection,
    discovery_answer,
    search_answer,
)
from hamaproto.io.serve import SimulatedCamera

__all__ = ["Ports", "neighbourhood"]

#: A device answers so often, so many seconds apart.
TIMES: Final = 3
APART: Final = 0.02
#: Seconds for which a client of the private port may say nothing.
PATIENCE: Final = 30.0
_GROUP: Final = "239.255.255.250"


class Ports(NamedTuple):
    """Where it listens; 0 lets the system choose, None leaves it out."""

    discovery: int | None = DISCOVERY_PORT
    search: int | None = SSDP_PORT
    private: int | None = PRIVATE_PORT


#: The ports of the devices.
USUAL: Final = Ports()


class _Datagrams(asyncio.DatagramProtocol):
    """Answers what makes sense, and is silent about the rest."""

    def __init__(self, answer: Callable[[bytes, str], bytes | None], times: int) -> None:
        self._answer = answer
        self._times = times
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._answer(data, addr[0])
        if answer is None:
            return
        loop = asyncio.get_running_loop()
        for number in range(self._times):
            loop.call_later(number * APART, self._send, answer, addr)

    def _send(self, answer: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(answer, addr)


def _reaches(camera: SimulatedCamera, peer: str) -> bool:
    """Whether this peer could speak to the camera at all."""
    try:
        local = ipaddress.ip_address(camera.host).is_loopback
    except ValueError:
        local = camera.host == "localhost"
    return not local or ipaddress.ip_address(peer).is_loopback


def _own_address(camera: SimulatedCamera, peer: str) -> str:
    """The IPv4 address under which this peer reaches the camera."""
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(camera.host)
        if address.version == 4 and not address.is_unspecified:
            return camera.host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        # Nothing is sent by this; the system only says which way it would go.
        sock.connect((peer, 9))
        return str(sock.getsockname()[0])


def _socket(host: str, port: int, *, group: bool) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        if sys.platform != "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        sock.bind((host, port))
        if group:
            member = socket.inet_aton(_GROUP) + socket.inet_aton(host or "0.0.0.0")
            # A machine without a network has no groups; it is asked directly then.
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    except BaseException:
        sock.close()
        raise
    return sock


@contextlib.asynccontextmanager
async def neighbourhood(
    camera: SimulatedCamera, ports: Ports = USUAL, *, host: str = ""
) -> AsyncIterator[Ports]:
    """Be found and have a private port, as long as inside; gives the ports.

    `host` is the IPv4 address to listen on.  Empty, it is found on all, where broadcasts come, and
    has its private port where it has its own; a camera of this machine alone answers nobody else.
    Raises OSError if a port is taken.
    """

    def found(data: bytes, peer: str) -> bytes | None:
        if not _reaches(camera, peer):
            return None
        return discovery_answer(camera.state, data, _own_address(camera, peer))

    def searched(data: bytes, peer: str) -> bytes | None:
        if not _reaches(camera, peer):
            return None
        url = f"http://{_own_address(camera, peer)}:{camera.port}"
        return search_answer(camera.state, data, url)

    async with contextlib.AsyncExitStack() as stack:
        yield Ports(
            await _listen(stack, _Datagrams(found, TIMES), host, ports.discovery, group=False),
            await _listen(stack, _Datagrams(searched, 1), host, ports.search, group=True),
            await _serve_private(stack, camera, host or camera.host, ports.private),
        )


async def _listen(
    stack: contextlib.AsyncExitStack,
    protocol: _Datagrams,
    host: str,
    port: int | None,
    *,
    group: bool,
) -> int | None:
    """Listen for datagrams; the port, None if it is left out."""
    if port is None:
        return None
    loop = asyncio.get_running_loop()
    sock = _socket(host, port, group=group)
    transport, _ = await loop.create_datagram_endpoint(lambda: protocol, sock=sock)
    stack.callback(transport.close)
    return int(sock.getsockname()[1])


async def _serve_private(
    stack: contextlib.AsyncExitStack, camera: SimulatedCamera, host: str, port: int | None
) -> int | None:
    """Listen on the private port; which one it is, None if it is left out."""
    if port is None:
        return None
    tasks: set[asyncio.Task[None]] = set()
    server = await asyncio.start_server(
        lambda reader, writer: _private(camera, reader, writer, tasks), host, port
    )
    stack.push_async_callback(_close, server, tasks)
    return int(server.sockets[0].getsockname()[1])


async def _private(
    camera: SimulatedCamera,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    tasks: set[asyncio.Task[None]],
) -> None:
    task = cast("asyncio.Task[None]", asyncio.current_task())
    tasks.add(task)
    connection = PrivateConnection(camera.state)
    try:
        with contextlib.suppress(OSError, TimeoutError):
            while data := await asyncio.wait_for(reader.read(4096), PATIENCE):
                connection.receive_data(data)
                while piece := connection.data_to_send(camera.now()):
                    writer.write(piece)
                    await asyncio.wait_for(writer.drain(), PATIENCE)
    except asyncio.CancelledError:
        pass  # the server ends, and nobody waits for what this says
    finally:
        tasks.discard(task)
        writer.transport.abort()


async def _close(server: asyncio.Server, tasks: set[asyncio.Task[None]]) -> None:
    server.close()
    for task in tuple(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await server.wait_closed()
