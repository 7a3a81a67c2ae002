"""The simulated camera is found over real sockets, and its private port answers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

import pytest

from hamaproto.camera import CameraState, Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.io.neighbourhood import Ports, _reaches, neighbourhood
from hamaproto.io.serve import SimulatedCamera, serve

PATIENCE = 20.0
ANY = Ports(0, 0, 0)
WHO = bytes.fromhex("ffffffffffff0004fffb")
SEARCH = b'M-SEARCH * HTTP/1.1\r\nMAN: "ssdp:discover"\r\nST: ssdp:all\r\n\r\n'


def played(
    scenario: Callable[[SimulatedCamera, Ports], Awaitable[None]],
    ports: Ports = ANY,
    host: str = "127.0.0.1",
) -> None:
    async def main() -> None:
        state = CameraState(pictures=Pictures(draw_mosaic))
        async with (
            serve(state, host=host) as camera,
            neighbourhood(camera, ports, host="127.0.0.1") as found,
        ):
            await asyncio.wait_for(scenario(camera, found), PATIENCE)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


async def answers(port: int | None, data: bytes, count: int) -> list[bytes]:
    assert port is not None
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        await loop.sock_sendto(sock, b"nonsense", ("127.0.0.1", port))
        await loop.sock_sendto(sock, data, ("127.0.0.1", port))
        return [await loop.sock_recv(sock, 2048) for _ in range(count)]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_it_is_found(host: str) -> None:
    async def scenario(camera: SimulatedCamera, ports: Ports) -> None:
        # Three times, as a device does.
        found = await answers(ports.discovery, WHO, 3)
        assert len(set(found)) == 1
        assert found[0][42:46] == bytes((127, 0, 0, 1))
        (told,) = await answers(ports.search, SEARCH, 1)
        assert f"LOCATION: http://127.0.0.1:{camera.port}/".encode() in told

    played(scenario, host=host)


def test_its_private_port_answers_again_and_again() -> None:
    async def scenario(camera: SimulatedCamera, ports: Ports) -> None:
        assert ports.private is not None
        reader, writer = await asyncio.open_connection("127.0.0.1", ports.private)
        for _ in range(3):
            writer.write(bytes((0, 0, 0, 0x0E)) + bytes(116))
            header = await reader.readexactly(28)
            assert header[8:12] == bytes((2, 128, 1, 224))
            assert (await reader.readuntil(b"\xff\xd9"))[:2] == b"\xff\xd8"
        writer.close()
        await writer.wait_closed()
        # One that stays is closed with the rest.
        stays.connect(("127.0.0.1", ports.private))
        await asyncio.sleep(0.01)

    with socket.socket() as stays:
        played(scenario)
        stays.settimeout(PATIENCE)
        with contextlib.suppress(ConnectionResetError):
            assert stays.recv(1) == b""


def test_a_camera_of_this_machine_answers_no_other() -> None:
    for host, peer, reached in (
        ("127.0.0.1", "192.0.2.1", False),
        ("localhost", "192.0.2.1", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("0.0.0.0", "192.0.2.1", True),
        ("camera.test", "192.0.2.1", True),
    ):
        assert _reaches(serve(host=host), peer) == reached


def test_what_is_left_out_is_left_out() -> None:
    async def scenario(camera: SimulatedCamera, ports: Ports) -> None:
        assert ports == (None, None, None)

    played(scenario, Ports(None, None, None))


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        async def scenario(camera: SimulatedCamera, ports: Ports) -> None:
            raise AssertionError("not reached")

        with pytest.raises(OSError, match="in use"):
            played(scenario, Ports(0, 0, other.getsockname()[1]))
