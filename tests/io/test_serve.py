"""The simulated camera on real sockets, asked by clients that nobody here wrote."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator

import httpx
import pytest
import requests
from camera_client import Answer, request
from requests.auth import HTTPBasicAuth

from hamaproto.camera import FAULTS, CameraState, Faults, Pictures, read_stamp
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.camera.streams import Stream
from hamaproto.commands import CATALOGUE, Command, Reply, talk
from hamaproto.io.serve import CameraThread, SimulatedCamera, running_camera, serve
from hamaproto.wire.mjpeg.parser import MjpegParser

VIDEO = "/mjpg/video.mjpg"
CGI = "/camera-cgi/admin/param.cgi"
#: Nothing here takes this long; a test that would hang fails instead.
PATIENCE = 20.0


def new_state(*faults: str, **settings: object) -> CameraState:
    return CameraState(faults=Faults(*faults), pictures=Pictures(draw_mosaic), **settings)  # type: ignore[arg-type]


@contextlib.contextmanager
def connected(camera: CameraThread, target: str, *fields: str) -> Iterator[socket.socket]:
    address = (camera.camera.host, camera.camera.port)
    with socket.create_connection(address, timeout=PATIENCE) as sock:
        sock.sendall(request(target, *fields))
        yield sock


def read_until(sock: socket.socket, wanted: bytes, count: int = 1) -> bytes:
    data = b""
    while data.count(wanted) < count:
        chunk = sock.recv(65536)
        if not chunk:
            break
        data += chunk
    return data


def read_all(sock: socket.socket) -> bytes:
    return b"".join(iter(lambda: sock.recv(65536), b""))


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Until the camera has noticed what the network told it."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.002)


@pytest.fixture(scope="module")
def camera() -> Iterator[CameraThread]:
    with running_camera(new_state()) as running:
        yield running


@pytest.mark.parametrize("command", CATALOGUE, ids=lambda command: command.number)
def test_each_command_is_answered_over_a_socket(camera: CameraThread, command: Command) -> None:
    with connected(camera, command.example.target) as sock:
        if command.reply in (Reply.MJPEG, Reply.AUDIO):
            data = read_until(sock, b"\r\n\r\n")
            while len(data) < 200:
                data += sock.recv(65536)
        else:
            data = read_all(sock)
    answer = Answer.of(data)
    assert answer.status == (302 if command.reply is Reply.FORM else 200)
    starts = {
        Reply.IMAGE: b"\xff\xd8",
        Reply.MJPEG: b"--myboundary\r\nMotion-Event: 0\r\n",
        Reply.ACK: b"OK\r\n",
        Reply.FORM: b"<html>",
    }
    assert answer.body.startswith(starts.get(command.reply, b""))
    if command.reply is Reply.AUDIO:
        assert answer.body[0] >> 4 == answer.body[33] >> 4 == answer.body[66] >> 4 == 0xD
    if command.reply is Reply.PARAMS:
        assert answer.body.endswith(b"\n\r\n")


def test_a_stream_is_read_frame_by_frame_and_none_is_missing(camera: CameraThread) -> None:
    parser = MjpegParser('multipart/x-mixed-replace; boundary="myboundary"')
    numbers: list[int] = []
    with connected(camera, VIDEO) as sock:
        rest = Answer.of(read_until(sock, b"\r\n\r\n")).body
        while len(numbers) < 12:
            parser.receive_data(rest)
            for event in parser.events():
                stamp = read_stamp(getattr(event, "data", b""))
                if stamp is not None:
                    numbers.append(stamp.number)
            rest = sock.recv(65536)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    wait_for(lambda: camera.state.streams == 0, "the stream was closed")


def test_pictures_show_the_time_of_day(camera: CameraThread) -> None:
    stamp = read_stamp(requests.get(camera.url + "/jpg/image.jpg", timeout=PATIENCE).content)
    assert stamp is not None
    assert abs(stamp.time - time.time()) < 60


def test_others_log_in_with_basic_and_digest() -> None:
    users = {"admin": "1234"}
    with running_camera(new_state(users=users)) as camera:
        url = camera.url + "/jpg/image.jpg"
        assert requests.get(url, timeout=PATIENCE).status_code == 401
        for password, status in (("1234", 200), ("4321", 401)):
            answer = requests.get(url, auth=HTTPBasicAuth("admin", password), timeout=PATIENCE)
            assert answer.status_code == status
    with running_camera(new_state("digest", users=users)) as camera:
        for password, status in (("1234", 200), ("4321", 401)):
            login = httpx.DigestAuth("admin", password)
            with httpx.Client(auth=login, timeout=PATIENCE, trust_env=False) as client:
                for _ in range(3):
                    assert client.get(camera.url + "/jpg/image.jpg").status_code == status


def test_talk_back_arrives(camera: CameraThread) -> None:
    frame = b"\xd0" + bytes(32)
    with connected(camera, talk().target) as sock:
        for _ in range(50):
            sock.sendall(frame)
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock) == b""
    assert camera.state.talk_frames >= 50


def test_a_client_that_shuts_its_side_still_gets_its_answer(camera: CameraThread) -> None:
    with connected(camera, "/jpg/image.jpg") as sock:
        sock.shutdown(socket.SHUT_WR)
        answer = Answer.of(read_all(sock))
    assert len(answer.body) == int(answer.fields["Content-Length"])


def test_a_client_that_does_not_read_costs_no_memory_and_misses_pictures() -> None:
    # Pictures of a megabyte, thirty a second: no kernel buffer takes many.
    large = b"\xff\xd8" + bytes(1 << 20) + b"\xff\xd9"
    state = CameraState(pictures=Pictures(lambda scene: large))
    state.update(b"Image.I0.Stream.FPS=30", 0.0)
    with running_camera(state) as camera, connected(camera, VIDEO) as sock:
        read_until(sock, b"\r\n\r\n")
        (client,) = camera.camera.clients
        stream = client._connection.stream
        transport = client._transport
        assert isinstance(stream, Stream)
        assert transport is not None
        wait_for(lambda: client._paused, "the client's buffers are full")
        number = state.ticker.index(camera.camera.now())
        wait_for(lambda: state.ticker.index(camera.camera.now()) > number + 15, "pictures were due")
        assert camera.call(transport.get_write_buffer_size) <= len(large) + 1000
        sent = stream.sent
        assert sent < 15
        read_until(sock, b"--myboundary\r\n", count=sent + 2)
        assert stream.skipped >= 5


class TestTrouble:
    def test_killed_in_mid_stream(self) -> None:
        with running_camera(new_state()) as camera, connected(camera, VIDEO) as sock:
            read_until(sock, b"--myboundary", 2)
            camera.kill()
            read_all(sock)

    def test_reset(self) -> None:
        with running_camera(new_state()) as camera, connected(camera, VIDEO) as sock:
            read_until(sock, b"--myboundary", 2)
            camera.reset()
            with pytest.raises(ConnectionResetError):
                read_all(sock)

    @pytest.mark.parametrize("fault", ["reset@1", "die@1", "close@1"])
    def test_streams_that_end_by_themselves(self, fault: str) -> None:
        with running_camera(new_state(fault)) as camera, connected(camera, VIDEO) as sock:
            if fault == "reset@1":
                with pytest.raises(ConnectionResetError):
                    read_all(sock)
            else:
                data = read_all(sock)
                assert data.endswith(b"--myboundary--\r\n") == (fault == "close@1")
            wait_for(lambda: camera.state.streams == 0, "the slot is free")

    def test_stalled_and_resumed(self) -> None:
        with running_camera(new_state()) as camera, connected(camera, VIDEO) as sock:
            read_until(sock, b"--myboundary", 2)
            camera.stall()
            sock.settimeout(0.3)
            with pytest.raises(TimeoutError):
                read_all(sock)
            sock.settimeout(PATIENCE)
            camera.resume()
            assert b"--myboundary" in read_until(sock, b"--myboundary")

    def test_restarted_on_the_same_port(self) -> None:
        with running_camera(new_state()) as camera:
            url = camera.url
            with connected(camera, VIDEO) as sock:
                read_until(sock, b"--myboundary", 2)
                camera.restart()
                read_all(sock)
            assert camera.url == url
            assert requests.get(url + "/jpg/image.jpg", timeout=PATIENCE).ok
            camera.stop()
            with pytest.raises(ConnectionRefusedError), connected(camera, VIDEO):
                pass
            camera.restart()
            assert requests.get(url + "/jpg/image.jpg", timeout=PATIENCE).ok
            assert camera.state.streams == 0

    def test_full(self) -> None:
        with (
            running_camera(new_state(max_users=1)) as camera,
            connected(camera, VIDEO) as first,
        ):
            read_until(first, b"--myboundary", 2)
            with connected(camera, VIDEO) as second:
                assert Answer.of(read_all(second)).body == b"--myboundary\r\n"

    def test_a_body_that_nobody_wanted_is_read_away(self, camera: CameraThread) -> None:
        """RFC 9112 9.6: to close on unread bytes would reset, and the answer be lost."""
        body = b"x" * 1_000_000
        for path, expected in (("/cp.asp", b"200"), ("/nothing", b"404"), (CGI, b"200")):
            with socket.create_connection(
                (camera.camera.host, camera.camera.port), timeout=PATIENCE
            ) as sock:
                sock.sendall(
                    b"POST %b HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (path.encode(), len(body))
                )
                # The answer comes before the body has been sent.
                assert read_until(sock, b" ", 2).split()[1] == expected
                sock.sendall(body)
                sock.shutdown(socket.SHUT_WR)
                read_all(sock)

    def test_what_is_read_away_is_bounded(
        self, camera: CameraThread, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("hamaproto.io.serve.LINGER", 0.05)
        monkeypatch.setattr("hamaproto.io.serve.LINGER_BYTES", 100_000)
        # One says nothing more, one does not stop.
        with connected(camera, "/cp.asp") as silent, connected(camera, "/cp.asp") as noisy:
            assert read_all(silent)
            with contextlib.suppress(OSError):
                while True:
                    noisy.sendall(bytes(65536))
            wait_for(lambda: not camera.camera.clients, "both were closed")

    @pytest.mark.parametrize("fault", sorted(FAULTS))
    @pytest.mark.parametrize("target", [VIDEO, "/cp.asp"])
    def test_who_gave_up_is_forgotten_under_every_fault(self, fault: str, target: str) -> None:
        ending = FAULTS[fault].ending is not None
        with running_camera(new_state(f"{fault}@1" if ending else fault)) as camera:
            for how in range(3):
                with connected(camera, target) as sock:
                    if how == 1:
                        sock.shutdown(socket.SHUT_WR)
                    if how == 2 and fault != "mute":
                        with contextlib.suppress(OSError):
                            sock.recv(10)
            wait_for(lambda: not camera.camera.clients, "everybody had gone")
            assert camera.state.streams == 0

    def test_who_gave_up_on_a_camera_that_stands_still_is_forgotten(
        self, camera: CameraThread
    ) -> None:
        camera.stall()
        try:
            with connected(camera, VIDEO):
                wait_for(lambda: bool(camera.camera.clients), "it was accepted")
            wait_for(lambda: not camera.camera.clients, "it had gone")
        finally:
            camera.resume()

    @pytest.mark.parametrize("junk", [False, True])
    def test_a_flood_of_talk_back_slows_nobody(self, junk: bool) -> None:
        data = bytes(range(256)) * 4096 if junk else (b"\xd0" + bytes(32)) * 32_768
        with running_camera(new_state()) as camera, contextlib.ExitStack() as stack:
            for _ in range(4):
                sock = stack.enter_context(connected(camera, talk().target))
                sock.settimeout(0.05)
                with contextlib.suppress(OSError):
                    sock.sendall(data)
            assert read_all(stack.enter_context(connected(camera, "/cp.asp")))
            assert camera.state.talk_frames < 4 * 32_768

    def test_talk_back_at_once_is_heard_to_its_end(self) -> None:
        frames = (b"\xd0" + bytes(32)) * 4000
        with running_camera(new_state()) as camera:
            with connected(camera, talk().target) as sock:
                sock.sendall(frames)
                sock.shutdown(socket.SHUT_WR)
                assert read_all(sock) == b""
            assert camera.state.talk_frames == 4000

    @pytest.mark.parametrize("in_the_url", ["", "?action=list", "?action=list&group=Brand"])
    @pytest.mark.parametrize("piece", [1, 1000])
    def test_a_posted_form_is_more_of_the_query(
        self, camera: CameraThread, in_the_url: str, piece: int
    ) -> None:
        body = "action=list&group=Brand".removeprefix(in_the_url[1:]).lstrip("&")
        data = (
            f"POST {CGI}{in_the_url} HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded"
            f"\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        ).encode()
        with socket.create_connection(
            (camera.camera.host, camera.camera.port), timeout=PATIENCE
        ) as sock:
            for at in range(0, len(data), piece):
                sock.sendall(data[at : at + piece])
            assert b"ProdNbr" in read_all(sock)

    def test_an_address_that_is_taken(self, camera: CameraThread) -> None:
        with (
            pytest.raises(OSError, match="address already in use"),
            running_camera(port=camera.camera.port),
        ):
            pass

    def test_the_patience_with_silent_clients_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("hamaproto.io.serve.PATIENCE", 0.05)
        with running_camera(new_state()) as camera:
            address = (camera.camera.host, camera.camera.port)
            with socket.create_connection(address, timeout=PATIENCE) as sock:
                sock.sendall(b"GET / HTTP/1.1\r\n")
                assert read_all(sock) == b""


def test_garbage_is_answered_and_hurts_nobody(camera: CameraThread) -> None:
    for data in (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"A" * 100_000, b"\n" * 50_000, b""):
        address = (camera.camera.host, camera.camera.port)
        with socket.create_connection(address, timeout=PATIENCE) as sock:
            try:
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
                assert read_all(sock).startswith(b"HTTP/1.0 4" if data else b"")
            except (ConnectionResetError, BrokenPipeError):
                pass  # closed before all of it was sent
    assert requests.get(camera.url + "/jpg/image.jpg", timeout=PATIENCE).ok


def test_ipv6() -> None:
    try:
        with running_camera(new_state(), host="::1") as camera:
            assert camera.url.startswith("http://[::1]:")
            assert requests.get(camera.url + "/jpg/image.jpg", timeout=PATIENCE).ok
    except OSError:
        pytest.skip("there is no IPv6 here")


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
def test_nothing_is_left_behind() -> None:
    with running_camera(new_state()):
        pass
    # What earlier tests left to the garbage collector is not to be closed in between.
    gc.collect()
    threads, files = threading.active_count(), open_files()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number in range(4):
            with (
                running_camera(new_state()) as camera,
                connected(camera, VIDEO) as first,
                connected(camera, VIDEO),
            ):
                read_until(first, b"--myboundary", 2)
                if number % 2:
                    camera.restart()
        gc.collect()
    assert threading.active_count() == threads
    assert open_files() == files


def test_no_task_is_left_behind() -> None:
    async def main() -> set[asyncio.Task[object]]:
        async with serve(new_state()) as camera:
            reader, writer = await asyncio.open_connection(camera.host, camera.port)
            writer.write(request(VIDEO))
            await reader.readuntil(b"\xff\xd9")
        assert not camera.clients
        await reader.read()
        writer.close()
        await writer.wait_closed()
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert asyncio.run(main()) == set()


def test_connections_that_are_accepted_while_the_camera_stops_are_closed() -> None:
    async def main(camera: SimulatedCamera) -> None:
        for rounds in range(60):
            await camera.start()
            address = (camera.host, camera.port)
            clients = [socket.create_connection(address, timeout=PATIENCE) for _ in range(3)]
            for _ in range(rounds % 4):
                await asyncio.sleep(0)
            await asyncio.wait_for(camera.stop(), PATIENCE)
            for client in clients:
                with client, contextlib.suppress(ConnectionResetError):
                    assert client.recv(1) == b""

    asyncio.run(main(serve(new_state())))
    gc.collect()


def test_many_streams_share_one_process() -> None:
    """A hundred streams at 5 fps: everybody gets every picture that was sent."""

    async def watch(host: str, port: int, frames: int) -> list[int]:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(request(VIDEO))
        numbers: list[int] = []
        while len(numbers) < frames:
            data = await reader.readuntil(b"\xff\xd9")
            stamp = read_stamp(data[data.index(b"\xff\xd8") :])
            assert stamp is not None
            numbers.append(stamp.number)
        writer.close()
        return numbers

    async def main() -> list[list[int]]:
        state = new_state(max_users=100)
        state.update(b"Image.I0.Stream.FPS=5", 0.0)
        async with serve(state) as camera:
            watchers = [watch(camera.host, camera.port, 4) for _ in range(100)]
            return await asyncio.wait_for(asyncio.gather(*watchers), PATIENCE)

    for numbers in asyncio.run(main()):
        assert numbers == list(range(numbers[0], numbers[0] + 4))


def test_a_client_that_went_away_is_written_to_once(caplog: pytest.LogCaptureFixture) -> None:
    """Behind a busy moment much is due at once; asyncio complains about writes in vain."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        async with serve(new_state()) as camera:
            with socket.create_connection(("127.0.0.1", camera.port)) as sock:
                sock.setblocking(False)
                await loop.sock_sendall(sock, b"GET /camera-cgi/audio/receive.cgi HTTP/1.0\r\n\r\n")
                assert await loop.sock_recv(sock, 1000)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            (client,) = camera.clients
            camera._origin -= 30.0
            client.pump()
            await asyncio.sleep(0)

    asyncio.run(scenario())
    assert not caplog.records
