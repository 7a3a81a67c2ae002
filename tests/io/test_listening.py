"""Sockets that listen: what is accepted, what happens where nothing can be, and the end of it."""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import socket
import subprocess
import sys

import pytest

from hamaproto.io.listening import Listener
from hamaproto.io.serve import serve


class Greeter(asyncio.Protocol):
    made = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        Greeter.made += 1
        transport.write(b"hello")
        transport.close()


def listener() -> Listener:
    return Listener(Greeter, send_buffer=65536, receive_buffer=65536)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_who_connects_gets_a_protocol(host: str) -> None:
    async def main() -> list[bytes]:
        listening = listener()
        port = await listening.open(host, 0)
        said = []
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            said.append(await reader.read())
            writer.close()
            await writer.wait_closed()
        await listening.close()
        with pytest.raises(OSError, match=r"refused|Connect"):
            await asyncio.open_connection("127.0.0.1", port)
        return said

    assert asyncio.run(main()) == [b"hello"] * 3


def test_an_address_that_cannot_be_had_is_named() -> None:
    async def main() -> None:
        listening = listener()
        with pytest.raises(OSError, match=r"can't listen on '192\.0\.2\.1' port 7") as error:
            await listening.open("192.0.2.1", 7)
        assert error.value.errno in (errno.EADDRNOTAVAIL, errno.EACCES)
        await listening.close()

    asyncio.run(main())


def test_whoever_was_accepted_is_served_though_it_is_closed() -> None:
    """No socket is lost between `accept` and its transport."""

    async def main() -> int:
        Greeter.made = 0
        listening = listener()
        port = await listening.open("127.0.0.1", 0)
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        for sock in listening._sockets:
            listening._accept(sock)
        await listening.close()
        for client in clients:
            client.close()
        return Greeter.made

    assert asyncio.run(main()) == 20


def test_a_failure_is_told_once_and_then_everybody_is_served(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hamaproto.io.listening.RETRY", 0.001)
    monkeypatch.setattr("hamaproto.io.listening._QUIET", 1e9)

    class Poor(socket.socket):
        failures = 5

        def accept(self) -> tuple[socket.socket, object]:
            if Poor.failures:
                Poor.failures -= 1
                raise OSError(errno.EMFILE, "Too many open files")
            return super().accept()

    monkeypatch.setattr("hamaproto.io.listening.socket.socket", Poor)

    async def main() -> bytes:
        listening = listener()
        listening._failed_at = -1e12
        port = await listening.open("127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        said = await reader.read()
        writer.close()
        await writer.wait_closed()
        await listening.close()
        return said

    with caplog.at_level(logging.INFO, "hamaproto"):
        assert asyncio.run(main()) == b"hello"
    assert Poor.failures == 0
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "Too many open files" in caplog.text


OUT_OF_DESCRIPTORS = r"""
import resource, socket, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48))
from hamaproto.io.serve import running_camera
with running_camera() as camera:
    place = (camera.camera.host, camera.camera.port)
    held = []
    try:
        while True:
            held.append(socket.create_connection(place))
    except OSError:
        pass
    time.sleep(0.7)
    for sock in held:
        sock.close()
    with socket.create_connection(place, timeout=20) as sock:
        sock.sendall(b"GET /cp.asp HTTP/1.0\r\n\r\n")
        print(sock.recv(15))
"""


def test_out_of_descriptors_it_says_so_once_and_recovers() -> None:
    done = subprocess.run(
        [sys.executable, "-c", OUT_OF_DESCRIPTORS],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "b'HTTP/1.0 200 OK'\n"
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") <= 1


def test_on_uvloop() -> None:
    uvloop = pytest.importorskip("uvloop")

    async def main() -> bytes:
        async with serve() as camera:
            reader, writer = await asyncio.open_connection(camera.host, camera.port)
            writer.write(
                b"POST /cp.asp HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + bytes(100_000)
            )
            said = await reader.read()
            writer.close()
            await writer.wait_closed()
            return said

    loop = uvloop.new_event_loop()
    try:
        assert loop.run_until_complete(main()).startswith(b"HTTP/1.0 200 OK")
    finally:
        loop.close()


@pytest.mark.parametrize(
    ("host", "options", "warned"),
    [
        ("127.0.0.1", (), False),
        ("localhost", (), False),
        ("0.0.0.0", (), True),
        ("0.0.0.0", ("--user", "admin"), False),
    ],
)
def test_simulate_warns_where_others_can_reach_it(
    host: str, options: tuple[str, ...], warned: bool
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "hamaproto", "simulate", "--host", host, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as camera:
        assert camera.stdout is not None
        assert camera.stderr is not None
        assert camera.stdout.readline().startswith("http://")
        said = camera.stderr.readline()
        while "Ctrl-C" not in said:
            said += camera.stderr.readline()
        camera.send_signal(signal.SIGINT)
        camera.communicate(timeout=30)
    assert ("--user NAME asks for a login" in said) is warned
