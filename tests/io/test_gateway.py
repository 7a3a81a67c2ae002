"""The server: what is hostile is refused before anything is done, and what it holds is bounded."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from gatewaying import LOGIN, PATIENCE, House, house, picture_of, run, until

from hamaproto.gateway.access import FIELDS
from hamaproto.gateway.paths import PATHS
from hamaproto.io import gateway as module

SECRET = "a-token-of-some-length"
JSON = "application/json"
MOVE = "/api/c/camera/move"
LEFT = b'{"direction": "left"}'


async def raw(made: House, request: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    """Status, fields and body of the answer to a request that is sent as it stands."""
    reader, writer = await asyncio.open_connection(made.gateway.host, made.gateway.port)
    try:
        writer.write(request.replace("\n", "\r\n").encode("latin-1") + body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        fields = {
            name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
        }
        length = int(fields.get("content-length", "0"))
        return int(first.split()[1]), fields, await reader.readexactly(length)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def ours(made: House) -> str:
    return f"127.0.0.1:{made.gateway.port}"


def post(made: House, *fields: str, host: str = "", kind: str = JSON, path: str = MOVE) -> str:
    lines = [f"POST {path} HTTP/1.1", f"Host: {host or ours(made)}", f"Content-Type: {kind}"]
    return "\n".join([*lines, f"Content-Length: {len(LEFT)}", *fields, "", ""])


def get(made: House, path: str, *fields: str, host: str = "") -> str:
    return "\n".join([f"GET {path} HTTP/1.1", f"Host: {host or ours(made)}", *fields, "", ""])


def upgrade(made: House, *fields: str, host: str = "", path: str = "/c/camera/frames") -> str:
    more = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
    return get(made, path, *more, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *fields, host=host)


#: What somebody's page, or somebody on the network, may try: the request, its body, the status.
HOSTILE: dict[str, Any] = {
    "DNS rebinding: read a picture": lambda m: (
        get(m, "/c/camera/snapshot.jpg", host=f"evil.example:{m.gateway.port}"),
        b"",
        403,
    ),
    "DNS rebinding: WebSocket": lambda m: (
        upgrade(m, f"Origin: http://evil.example:{m.gateway.port}", host="evil.example"),
        b"",
        403,
    ),
    "DNS rebinding: move": lambda m: (post(m, host="evil.example"), LEFT, 403),
    "cross-site POST": lambda m: (post(m, "Origin: http://evil.example"), LEFT, 403),
    "cross-site POST of nowhere": lambda m: (post(m, "Origin: null"), LEFT, 403),
    "cross-site form": lambda m: (post(m, kind="text/plain"), LEFT, 415),
    "cross-site form, urlencoded": lambda m: (
        post(m, kind="application/x-www-form-urlencoded"),
        LEFT,
        415,
    ),
    "cross-site WebSocket": lambda m: (upgrade(m, "Origin: http://evil.example"), b"", 403),
    "cross-site WebSocket to talk": lambda m: (
        upgrade(m, "Origin: https://evil.example", path="/c/camera/talk"),
        b"",
        403,
    ),
    "a picture on another page": lambda m: (
        get(m, "/c/camera/stream.mjpg", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"),
        b"",
        403,
    ),
    "another page reads": lambda m: (
        get(m, "/api/cameras", "Origin: http://evil.example"),
        b"",
        403,
    ),
    "no host": lambda m: ("GET / HTTP/1.0\n\n", b"", 400),
    "two hosts": lambda m: (get(m, "/", "Host: evil.example"), b"", 400),
    "the whole address of another host": lambda m: (
        get(m, "http://evil.example/api/cameras", host="evil.example"),
        b"",
        403,
    ),
    "a proxy": lambda m: (
        f"CONNECT evil.example:443 HTTP/1.1\nHost: {ours(m)}\n\n",
        b"",
        405,
    ),
    "a path out of the page": lambda m: (get(m, "/static/../access.py"), b"", 404),
    "the same, coded": lambda m: (get(m, "/static/%2e%2e%2faccess.py"), b"", 404),
    "the same, coded twice": lambda m: (get(m, "/static/%252e%252e/access.py"), b"", 404),
    "the same, the other way round": lambda m: (get(m, "/static/..%5caccess.py"), b"", 404),
    "a file of the system": lambda m: (get(m, "/static//etc/passwd"), b"", 404),
    "a NUL": lambda m: (get(m, "/static/index.html%00.js"), b"", 404),
    "a camera that is a path": lambda m: (get(m, "/c/..%2f..%2fx/frames"), b"", 404),
    "a huge body": lambda m: (
        post(m).replace(f"Content-Length: {len(LEFT)}", "Content-Length: 999999999"),
        b" " * 100_000,
        413,
    ),
    "a huge body in chunks": lambda m: (
        post(m).replace(f"Content-Length: {len(LEFT)}", "Transfer-Encoding: chunked"),
        b"10000\r\n" + b" " * 65_536 + b"\r\n10000\r\n" + b" " * 65_536 + b"\r\n0\r\n\r\n",
        413,
    ),
    "a length and chunks": lambda m: (
        post(m, "Transfer-Encoding: chunked"),
        b"0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
        400,
    ),
    "two lengths": lambda m: (post(m, "Content-Length: 3"), LEFT, 400),
    "a huge field": lambda m: (get(m, "/", "X: " + "a" * 100_000), b"", 400),
    "a huge path": lambda m: (get(m, "/" + "a" * 100_000), b"", 400),
    "another method": lambda m: (
        post(m).replace("POST", "DELETE"),
        LEFT,
        405,
    ),
    "TLS": lambda m: ("\x16\x03\x01\x02\x00\x01\x00\x01\n\n", b"", 400),
}


def test_what_is_hostile_is_refused_and_the_camera_hears_nothing_of_it() -> None:
    async def main() -> None:
        async with house() as made:
            for what, request in HOSTILE.items():
                text, body, expected = request(made)
                async with asyncio.timeout(PATIENCE):
                    status, fields, answer = await raw(made, text, body)
                assert status == expected, (what, status, answer)
                assert "access-control-allow-origin" not in fields, what
                assert b"JFIF" not in answer
                assert b"hmac" not in answer, what
            assert not list(made.camera.state.log)
            assert not made.camera.clients
            # And it still serves.
            assert (await made.ask("POST", MOVE, {"direction": "left"}))[0] == 200

    run(main)


def test_each_answer_has_the_fields_that_bind_a_browser() -> None:
    async def main() -> None:
        async with house() as made:
            for row in PATHS:
                path = row.path.format(name="camera", file="index.html", number=1)
                asks = made.session.post if row.method == "POST" else made.session.get
                async with asks(made.url + path) as answer:
                    for name, value in FIELDS.items():
                        assert answer.headers[name] == value, path
                    assert answer.headers["Cache-Control"] in ("no-store", "no-cache")

    run(main)


def test_the_page_and_its_files() -> None:
    async def main() -> None:
        async with house() as made:
            async with made.session.get(made.url) as answer:
                assert answer.content_type == "text/html"
                assert 'src="/c/camera/stream.mjpg"' in await answer.text()
                tag = answer.headers["ETag"]
            again = {"If-None-Match": tag}
            async with made.session.get(made.url, headers=again) as answer:
                assert answer.status == 304
            assert await made.ask("GET", "/healthz") == (200, b"ok\n")
            assert repr(made.gateway) == f"<Gateway {made.url}, 1 cameras>"

    run(main)


# -- the sign-in


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"any:{password}".encode()).decode()


def test_without_the_token_nothing_is_to_be_had() -> None:
    async def main() -> None:
        async with house(secret=SECRET) as made:
            for row in PATHS:
                path = row.path.format(name="camera", file="index.html", number=1)
                for login in ({}, {"Authorization": basic("wrong")}):
                    body = {} if row.method == "POST" else None
                    status, told = await made.ask(row.method, path, body, **login)
                    assert status == (200 if row.name == "health" else 401), path
                    assert row.name == "health" or "sign in" in told["error"]
            assert not list(made.camera.state.log)
            status, _ = await made.ask("GET", "/api/cameras", Authorization=basic(SECRET))
            assert status == 200
            async with made.socket(
                "/c/camera/frames", headers={"Authorization": f"Bearer {SECRET}"}
            ) as viewer:
                await picture_of(viewer)

    run(main)


def test_the_link_signs_a_browser_in() -> None:
    async def main() -> None:
        async with house(secret=SECRET) as made:
            jar = aiohttp.CookieJar(unsafe=True)
            async with aiohttp.ClientSession(cookie_jar=jar) as browser:
                for wrong in ("", "x", SECRET + "x"):
                    async with browser.get(f"{made.url}/?token={wrong}") as answer:
                        assert answer.status == 401
                        assert "Set-Cookie" not in answer.headers
                async with browser.get(
                    f"{made.url}/?token={SECRET}",
                    headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
                ) as answer:
                    assert answer.status == 200
                    cookie = answer.headers["Set-Cookie"]
                    assert "HttpOnly" in cookie
                    assert "SameSite=Strict" in cookie
                    assert SECRET not in cookie + await answer.text()
                async with browser.get(f"{made.url}/api/cameras") as answer:
                    assert answer.status == 200
                async with browser.ws_connect(f"{made.url}/c/camera/frames") as viewer:
                    await picture_of(viewer)
                # A page of another place sends no such cookie; and if it did, it is refused.
                evil = {"Origin": "http://evil.example"}
                async with browser.post(
                    made.url + MOVE, json={"direction": "left"}, headers=evil
                ) as answer:
                    assert answer.status == 403

    run(main)


def test_pages_that_were_named_may_read() -> None:
    origin = "http://home.lan:8123"

    async def main() -> None:
        async with house(origins=[origin], secret=SECRET) as made:
            async with made.session.options(
                made.url + MOVE, headers={"Origin": origin, "Access-Control-Request-Method": "POST"}
            ) as answer:
                assert answer.status == 204
                assert answer.headers["Access-Control-Allow-Origin"] == origin
                assert "POST" in answer.headers["Access-Control-Allow-Methods"]
            headers = {"Origin": origin, "Authorization": basic(SECRET)}
            async with made.session.get(f"{made.url}/api/cameras", headers=headers) as answer:
                assert answer.status == 200
                assert answer.headers["Access-Control-Allow-Origin"] == origin
                assert answer.headers["Vary"] == "Origin"
            stream = f"{made.url}/c/camera/stream.mjpg"
            async with made.session.get(stream, headers=headers) as answer:
                assert answer.headers["Access-Control-Allow-Origin"] == origin

    run(main)


@pytest.mark.parametrize(
    ("fields", "challenged"), [((), True), (("X-Requested-With: hamaproto",), False)]
)
def test_a_script_of_the_page_opens_no_window_for_a_login(
    fields: tuple[str, ...], challenged: bool
) -> None:
    async def main() -> None:
        async with house(secret=SECRET) as made:
            status, found, _ = await raw(made, get(made, "/api/cameras", *fields))
            assert status == 401
            assert ("www-authenticate" in found) is challenged

    run(main)


def test_names_that_were_allowed_are_answered() -> None:
    async def main() -> None:
        async with house(names=["camera.lan"]) as made:
            for host, expected in (("camera.lan", 200), ("camera.lan:9", 200), ("evil.lan", 403)):
                status, _, _ = await raw(made, get(made, "/healthz", host=host))
                assert status == expected

    run(main)


# -- what is held


@contextlib.contextmanager
def idle(made: House, count: int) -> Iterator[list[socket.socket]]:
    """So many connections on which nothing is asked."""
    with contextlib.ExitStack() as stack:
        address = made.gateway.host, made.gateway.port
        yield [stack.enter_context(socket.create_connection(address)) for _ in range(count)]


def test_thousands_of_idle_connections_lock_nobody_out() -> None:
    async def main() -> None:
        async with house(most_connections=40) as made, made.socket("/c/camera/frames") as viewer:
            await picture_of(viewer)
            began = time.monotonic()
            for _ in range(10):
                # Batches, so that this loop, which is the server's too, accepts them.
                with idle(made, 100):
                    await asyncio.sleep(0.01)
                    runner = made.gateway._runner
                    assert runner is not None
                    assert runner.server is not None
                    there = [one for one in runner.server.connections if one.connected]
                    assert len(there) <= 40
                    # Who comes is served, and who watches goes on watching.
                    status, _, _ = await raw(made, get(made, "/healthz"))
                    assert status == 200
                    await picture_of(viewer)
            assert time.monotonic() - began < PATIENCE

    run(main)


def test_where_all_places_are_taken_one_more_is_refused() -> None:
    async def main() -> None:
        async with house(most_connections=3) as made, contextlib.AsyncExitStack() as stack:
            for _ in range(3):
                viewer = await stack.enter_async_context(made.socket("/c/camera/frames"))
                await picture_of(viewer)
            with pytest.raises((aiohttp.ClientError, ConnectionError)):
                await made.ask("GET", "/healthz")

    run(main)


def test_who_asks_for_nothing_and_who_asks_slowly_is_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_IDLE_SECONDS", 0.3)

    async def main() -> None:
        async with house() as made:
            reader, writer = await asyncio.open_connection(made.gateway.host, made.gateway.port)
            slow, drips = await asyncio.open_connection(made.gateway.host, made.gateway.port)
            drips.write(b"GET / HTTP/1.1\r\nHost: ")
            async with asyncio.timeout(PATIENCE):
                assert await reader.read() == b""
                assert await slow.read() == b""
            writer.close()
            drips.close()

    run(main)


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from hamaproto.io import gateway_api

    monkeypatch.setattr(gateway_api, "_BODY_SECONDS", 0.2)

    async def main() -> None:
        async with house() as made:
            status, _, answer = await raw(made, post(made))
            assert status == 408
            assert "body" in json.loads(answer)["error"]

    run(main)


def test_an_address_that_is_taken_is_an_error_and_leaves_nothing_open() -> None:
    async def main() -> None:
        async with house() as made:
            with pytest.raises(OSError, match=f"port {made.gateway.port}"):
                async with house(port=made.gateway.port):
                    raise AssertionError("it listened")

    run(main)


def test_nothing_of_a_login_is_in_any_answer() -> None:
    async def main() -> None:
        async with house(auth=(LOGIN[0], "wr0ng-pw")) as made:
            said = b""
            for row in PATHS:
                if row.gives == "websocket":
                    continue
                path = row.path.format(name="camera", file="index.html", number=1)
                body = (
                    {"name": "x", "direction": "left", "rate": 5} if row.method == "POST" else None
                )
                async with made.session.request(row.method, made.url + path, json=body) as answer:
                    said += await answer.read() + repr(answer.headers).encode()
            async with made.socket("/c/camera/frames") as viewer:
                await until(lambda: made.served.pictures.status.message != "")
                while b"refuses" not in said:
                    said += (await viewer.receive(PATIENCE)).data.encode()
            for secret in (b"wr0ng-pw", LOGIN[1].encode(), b"'admin'"):
                assert secret not in said

    run(main)


def test_it_serves_https_where_it_has_a_certificate() -> None:
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    here = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(here)
    there = ssl.create_default_context()
    authority.configure_trust(there)

    async def main() -> None:
        async with house(tls=here, secret=SECRET) as made:
            assert made.url.startswith("https://127.0.0.1:")
            async with made.session.get(f"{made.url}/?token={SECRET}", ssl=there) as answer:
                assert "Secure" in answer.headers["Set-Cookie"]
            headers = {"Authorization": basic(SECRET)}
            async with made.socket("/c/camera/frames", ssl=there, headers=headers) as viewer:
                for _ in range(3):
                    await picture_of(viewer)
            async with made.session.get(
                f"{made.url}/c/camera/stream.mjpg", ssl=there, headers=headers
            ) as answer:
                assert b"--hamaproto" in await answer.content.readexactly(500)

    run(main)


def test_nothing_is_remembered_of_who_is_gone() -> None:
    async def main() -> None:
        async with house() as made:
            assert (await raw(made, get(made, "/healthz")))[0] == 200
            async with made.socket("/c/camera/frames") as viewer:
                await picture_of(viewer)
                assert len(made.gateway._busy) == 1
            await until(lambda: not made.gateway._busy)

    run(main)


def test_it_ends_at_once_whoever_watches() -> None:
    async def main() -> None:
        async with contextlib.AsyncExitStack() as stack:
            made = await stack.enter_async_context(house())
            viewers = [
                await stack.enter_async_context(made.socket("/c/camera/frames")) for _ in range(5)
            ]
            for viewer in viewers:
                await picture_of(viewer)
            began = time.monotonic()
            await made.gateway.__aexit__(None, None, None)
            # The server's own patience is longer.
            assert time.monotonic() - began < module._SHUTDOWN_SECONDS
            assert not made.camera.state.streams

    run(main)
