"""https: all drivers against one camera behind TLS, and what is said of a certificate."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from answering import serving
from driving import AUTH, LATE, SOON, Driver, collect, everywhere, frames_of, simulated
from driving import nothing_left as nothing_left
from driving import quick_collections as quick_collections
from tls_server import authority, expired, server_context

from hamaproto import commands, talk
from hamaproto.cli.app import run
from hamaproto.errors import (
    ArgumentTypeError,
    CertificateError,
    ConnectError,
    ConnectionLostError,
    ConnectTimeoutError,
    HamaError,
    LocalProtocolError,
)
from hamaproto.io import Backoff, Timeouts
from hamaproto.io import blocking as io_blocking
from hamaproto.io._tls import Tls
from hamaproto.settings import Endpoint


@pytest.fixture(scope="module")
def cafile(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("tls") / "ca.pem"
    path.write_text(authority.pem, encoding="ascii")
    return str(path)


class Front:
    """A proxy that speaks TLS before a server that does not; `names` are those asked for (SNI)."""

    def __init__(self, url: str, context: ssl.SSLContext) -> None:
        host, _, port = url.removeprefix("http://").rpartition(":")
        self._target = host, int(port)
        self.names: list[str | None] = []
        context.sni_callback = lambda sock, name, context: self.names.append(name)
        self._context = context
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()))

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(lambda loop, details: None)
        logging.getLogger("asyncio").disabled = True
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, ssl=self._context)
        self.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        async with server:
            await self._stop.wait()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError):
            there, back = await asyncio.open_connection(*self._target)
            await asyncio.gather(_pump(reader, back), _pump(there, writer))

    def __enter__(self) -> Front:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *exc: Any) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


@everywhere
def test_a_camera_behind_tls(driver: Driver, cafile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "LAST_WORD_SECONDS", SOON)

    async def named(url: str) -> None:
        async with driver.Camera(url, timeout=LATE, auth=AUTH, cafile=cafile) as camera:
            await camera.execute(commands.brand())

    async def scenario(url: str) -> None:
        async with driver.Camera(url, auth=AUTH, timeout=LATE, cafile=cafile) as camera:
            assert camera.url == url
            assert (await camera.execute(commands.brand())).product_number == "00053104"
            assert (await camera.execute(commands.image())).complete
            events, error = await collect(camera.stream(commands.video_stream()), at_most=8)
            assert error is None
            assert len(frames_of(events)) >= 6
            assert all(frame.complete for frame in frames_of(events))
            sound = [bytes([0xD0, index]) + bytes(31) for index in range(3)]
            assert await camera.talk(sound) == 3

    with (
        simulated("digest", users=dict([AUTH])) as camera,
        Front(camera.url, server_context()) as f,
    ):
        driver.run(scenario, f.url)
        # RFC 6066 3: an address is no name to be asked for.
        assert set(f.names) == {None}
        driver.run(scenario, f.url.replace("127.0.0.1", "localhost"))
        assert f.names[-1] == "localhost"


@everywhere
@pytest.mark.parametrize(
    ("context", "trusted", "words"),
    [
        (server_context, False, "signed by an authority that is not known here"),
        (lambda: server_context("camera.example"), True, "for another host"),
        (expired, True, "has expired"),
    ],
    ids=["unknown", "wrong host", "expired"],
)
def test_a_certificate_that_is_not_to_be_trusted(
    driver: Driver, cafile: str, context: Any, trusted: bool, words: str
) -> None:
    options = {"cafile": cafile} if trusted else {}

    async def refused(url: str) -> None:
        async with driver.Camera(url, timeout=LATE, **options) as camera:
            with pytest.raises(CertificateError, match=rf"127\.0\.0\.1:.*{words}.*verify=False"):
                await camera.execute(commands.brand())
            # It does not become better by waiting.
            stream = camera.stream(commands.video_stream(), reconnect=Backoff(0))
            assert await collect(stream) == ([], AnyCertificateError())

    async def accepted(url: str) -> None:
        async with driver.Camera(url, timeout=LATE, verify=False) as camera:
            await camera.execute(commands.brand())

    with simulated() as camera, Front(camera.url, context()) as front:
        driver.run(refused, front.url)
        driver.run(accepted, front.url)


class AnyCertificateError:
    def __eq__(self, other: object) -> bool:
        return type(other) is CertificateError

    def __hash__(self) -> int:
        return 0


@everywhere
def test_a_self_signed_certificate_is_its_own_authority(driver: Driver, tmp_path: Path) -> None:
    """As a camera makes it: no authority, and it is given as `cafile`."""
    own = trustme.CA()  # its certificate is self-signed, and good for no host
    file = tmp_path / "camera.pem"
    own.cert_pem.write_to_path(str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    context.load_cert_chain(str(file), str(tmp_path / "key.pem"))
    pinned = ssl.create_default_context(cafile=str(file))
    pinned.check_hostname = False

    async def scenario(url: str) -> None:
        async with driver.Camera(url, timeout=LATE) as camera:
            with pytest.raises(CertificateError, match="self-signed; trust it by cafile="):
                await camera.execute(commands.brand())
        async with driver.Camera(url, timeout=LATE, verify=pinned) as camera:
            await camera.execute(commands.brand())

    with simulated() as camera, Front(camera.url, context) as front:
        driver.run(scenario, front.url)


@contextlib.contextmanager
def saying(data: bytes) -> Iterator[str]:
    """A server that answers anything with these bytes; gives its `host:port`."""

    def talk(client: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), client:
            client.recv(65536)
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass

    with serving(talk) as url:
        yield url.removeprefix("http://")


@everywhere
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.0 400 Bad Request\r\n\r\n", "not in TLS: is it http://"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "not in TLS: is it http://"),
        (b"", "hung up on the TLS handshake: is it http://"),
    ],
    ids=["http", "something else", "nothing"],
)
def test_https_to_what_speaks_no_tls(driver: Driver, answer: bytes, words: str) -> None:
    async def scenario(place: str) -> None:
        async with driver.Camera(f"https://{place}", timeout=LATE) as camera:
            with pytest.raises(ConnectError, match=f"127.0.0.1:.*{words}"):
                await camera.execute(commands.brand())

    with saying(answer) as place:
        driver.run(scenario, place)


@everywhere
def test_a_handshake_that_never_comes(driver: Driver) -> None:
    async def scenario(place: str) -> None:
        limits = Timeouts(SOON, LATE, LATE)
        async with driver.Camera(f"https://{place}", timeout=limits) as camera:
            with pytest.raises(ConnectTimeoutError, match=r"no TLS handshake within 0\.2 s"):
                await camera.execute(commands.brand())

    with socket.create_server(("127.0.0.1", 0)) as server:
        driver.run(scenario, f"127.0.0.1:{server.getsockname()[1]}")


@everywhere
def test_http_to_what_speaks_tls(driver: Driver) -> None:
    async def scenario(place: str, words: str) -> None:
        async with driver.Camera(f"http://{place}", timeout=LATE) as camera:
            for request in (commands.brand(), commands.image()):
                with pytest.raises((ConnectError, ConnectionLostError), match=words):
                    await camera.execute(request)

    # A fatal alert, "unexpected message" (RFC 8446 6.2), and those who only hang up.
    with saying(b"\x15\x03\x03\x00\x02\x02\x0a") as place:
        driver.run(scenario, place, "it answers in TLS: is it https://")
    with simulated() as camera, Front(camera.url, server_context()) as front:
        driver.run(scenario, front.url.removeprefix("https://"), "if it speaks TLS: https://")


# -- what is passed in -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "port", "authority", "again"),
    [
        ("https://camera", 443, "camera", "https://camera"),
        ("HTTPS://camera:443/x/", 443, "camera", "https://camera/x"),
        ("https://camera:80", 80, "camera:80", "https://camera:80"),
        ("http://camera:443", 443, "camera:443", "http://camera:443"),
        ("https://[fe80::1%25eth0]", 443, "[fe80::1]", "https://[fe80::1]"),
    ],
)
def test_where_a_url_with_https_leads(url: str, port: int, authority: str, again: str) -> None:
    endpoint, _ = Endpoint.parse(url)
    assert (endpoint.port, endpoint.authority, endpoint.url) == (port, authority, again)
    assert endpoint.secure is url.lower().startswith("https")
    assert "%" not in endpoint.server_name


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"verify": 1}, r"verify=1\): True, False .*; not an int"),
        ({"verify": None}, r"verify=None\)"),
        ({"verify": "ca.pem"}, r"verify='ca.pem'\)"),
        ({"cafile": b"x"}, r"cafile=b'x'\): the path"),
        ({"cafile": True}, r"cafile=True\)"),
    ],
)
def test_wrong_types_are_named(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentTypeError, match=words):
        Tls(**options)
    with pytest.raises(ArgumentTypeError, match=words):
        io_blocking.Camera("http://camera", **options)


def test_a_certificate_file_is_read_at_once(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_bytes(b"no certificate")
    for cafile, words in (
        (str(empty), "there is no certificate"),
        (str(tmp_path / "none"), "No such file"),
        (str(tmp_path), "there is no certificate|Is a directory"),
        ("a\0b", "no path"),
    ):
        with pytest.raises(LocalProtocolError, match=words):
            io_blocking.Camera("https://camera", cafile=cafile)
    for verify in (False, ssl.create_default_context()):
        with pytest.raises(LocalProtocolError, match="is for verify=True only"):
            Tls(verify, str(empty))
    with pytest.raises(LocalProtocolError, match="for clients"):
        Tls(server_context())


def test_what_is_usual_is_made_once() -> None:
    assert Tls().context is Tls().context
    assert Tls().checks
    assert not Tls(False).checks
    own = ssl.create_default_context()
    assert Tls(own).context is own


# -- the command -----------------------------------------------------------------------


def test_the_command_has_the_same_switches(
    cafile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    with simulated() as camera, Front(camera.url, server_context()) as front:
        assert run(["get", front.url, "Brand"]) == 3
        assert "--cafile" in capsys.readouterr().err
        assert run(["get", front.url, "Brand", "--cafile", cafile]) == 0
        assert run(["get", front.url, "Brand", "--insecure"]) == 0
        picture = str(tmp_path / "picture.jpg")
        assert run(["snapshot", front.url, "--insecure", "-o", picture]) == 0
        sound = str(tmp_path / "sound.gsm")
        assert run(["listen", front.url, "--cafile", cafile, "-o", sound, "--seconds", "0.2"]) == 0
        assert run(["get", camera.url, "Brand", "--insecure"]) == 2
        assert run(["get", front.url, "Brand", "--insecure", "--cafile", cafile]) == 2
        assert run(["get", front.url, "Brand", "--cafile", str(tmp_path / "none")]) == 2


def test_errors_are_of_hamaproto() -> None:
    assert issubclass(CertificateError, ConnectError)
    assert issubclass(ArgumentTypeError, TypeError)
    assert issubclass(ArgumentTypeError, LocalProtocolError)
    assert issubclass(ArgumentTypeError, HamaError)
