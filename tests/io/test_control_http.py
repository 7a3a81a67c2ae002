"""The remote control, asked by a client that nobody here wrote."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from hamaproto.camera import FAULTS, CameraState, Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.io.control import Control
from hamaproto.io.control_http import MAX_BODY, PATHS, ControlServer
from hamaproto.io.serve import SimulatedCamera, serve

PATIENCE = 20.0


class Served:
    """A camera and its control in a thread."""

    def __init__(self, *allow_hosts: str) -> None:
        self.state = CameraState(pictures=Pictures(draw_mosaic), users={"admin": "s3cret"})
        self.camera: SimulatedCamera = serve(self.state)
        self._allow = allow_hosts
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()))

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        control = Control(self.camera)
        async with self.camera, control, ControlServer(control, allow_hosts=self._allow) as server:
            self.url = server.url
            assert repr(server) == f"<ControlServer {self.url}>"
            self._ready.set()
            await self._end.wait()

    def __enter__(self) -> Served:
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def ask(self, method: str, path: str, body: Any = None, **fields: str) -> tuple[int, Any]:
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        answer = requests.request(
            method, self.url + path, json=body, headers=headers, timeout=PATIENCE
        )
        assert answer.headers["Content-Type"].startswith("application/json")
        return answer.status_code, answer.json() if answer.content else None


@pytest.fixture
def served() -> Iterator[Served]:
    with Served() as running:
        yield running


def test_what_there_is_is_listed(served: Served) -> None:
    status, told = served.ask("GET", "/")
    assert (status, told["camera"]) == (200, served.camera.url)
    listed = {(row["method"], row["path"]) for row in told["paths"]}
    assert listed == {(method, path) for path, rows in PATHS.items() for method in rows}
    assert all(row["does"] for row in told["paths"])
    # Each of them answers.
    for method, path in sorted(listed):
        assert served.ask(method, path, None if method in ("GET", "DELETE") else {})[0] == 200
    assert served.ask("HEAD", "/state")[0] == 200


def test_the_state_has_no_password(served: Served) -> None:
    served.state.ptzconfig(b"setserverpresetname=door&presetNo=1")
    status, told = served.ask("GET", "/state")
    assert status == 200
    assert told["users"] == ["admin"]
    assert told["presets"] == {"1": {"name": "door", "pan": 0.0, "tilt": 0.0}}
    assert (told["profile"], told["stalled"], told["accepting"]) == ("firmware-1.6", False, True)
    texts = [requests.get(served.url + path, timeout=PATIENCE).text for path in PATHS]
    assert not any("s3cret" in text for text in texts)


def test_parameters(served: Served) -> None:
    stored = served.ask("PATCH", "/parameters", {"Image.I0.Stream.FPS": 7})
    assert stored == (200, {"Image.I0.Stream.FPS": "10"})
    assert served.ask("GET", "/parameters")[1]["Image.I0.Stream.FPS"] == "10"
    # All or nothing.
    status, told = served.ask("PATCH", "/parameters", {"Image.I0.Stream.FPS": 30, "x": 1})
    assert status == 400
    assert "no parameter 'x' can be set" in told["error"]
    assert served.state.fps == 10
    status, told = served.ask("PATCH", "/parameters", {"Image.I0.Stream.FPS": True})
    assert (status, "a text or a number is needed" in told["error"]) == (400, True)


def test_faults(served: Served) -> None:
    assert served.ask("PUT", "/faults", {"faults": "lf, stall@3"})[1] == {
        "faults": ["lf", "stall@3"]
    }
    body = {"on": ["drop:percent=5", "stall@4"], "off": ["lf"]}
    assert served.ask("POST", "/faults", body) == (
        200,
        {"faults": ["drop:percent=5", "stall@4"]},
    )
    told = served.ask("GET", "/faults")[1]
    assert list(told["known"]) == list(FAULTS)
    assert told["known"]["stall"]["options"] == {"after": 3}
    for body in ({"on": ["lf", "nonsense"]}, {"off": ["nonsense"]}, {"on": 3}, {"on": [3]}):
        assert served.ask("POST", "/faults", body)[0] == 400
        assert served.state.faults.names == ("drop:percent=5", "stall@4")
    assert served.ask("PUT", "/faults", {})[1] == {"faults": []}


def test_deeds(served: Served) -> None:
    assert served.ask("POST", "/stall", {"seconds": 1000})[1] == {
        "stalled": True,
        "accepting": True,
    }
    assert served.ask("POST", "/resume", {})[1]["stalled"] is False
    assert served.ask("POST", "/refuse", {"seconds": None})[1]["accepting"] is False
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((served.camera.host, served.camera.port))
    assert served.ask("POST", "/accept", {})[1]["accepting"] is True
    assert served.ask("POST", "/reboot", {"seconds": 1000})[1]["accepting"] is False
    assert served.ask("POST", "/accept", {})[0] == 200
    assert served.ask("POST", "/motion", {})[1] == {"motion": True}
    assert served.ask("POST", "/motion", {"motion": False})[1] == {"motion": False}
    assert served.ask("POST", "/kill", {})[0] == served.ask("POST", "/reset", {})[0] == 200


def test_requests_and_counters(served: Served) -> None:
    auth = ("admin", "s3cret")
    for _ in range(3):
        requests.get(served.camera.url + "/jpg/image.jpg", auth=auth, timeout=PATIENCE)
    told = served.ask("GET", "/requests?since=1")[1]
    assert [one["number"] for one in told["requests"]] == [1, 2]
    assert told["next"] == 3
    assert {one["login"] for one in told["requests"]} == {"admin"}
    assert "authorization" not in told["requests"][0]["fields"]
    counted = served.ask("GET", "/counters")[1]
    assert (counted["requests"], counted["frames_sent"]) == (3, 3)
    assert served.ask("DELETE", "/requests")[1] == {"requests": [], "next": 3}
    assert served.ask("GET", "/requests?since=x")[0] == 400


@pytest.mark.parametrize(
    ("status", "said", "method", "path", "options"),
    [
        (403, "is not the control's own", "GET", "/state", {"headers": {"Host": "evil.test"}}),
        (403, "is not the control's own", "GET", "/state", {"headers": {"Host": "127.0.0.1:1"}}),
        (403, "pages of", "GET", "/state", {"headers": {"Origin": "http://evil.test"}}),
        (403, "pages of 'null'", "POST", "/kill", {"headers": {"Origin": "null"}, "json": {}}),
        (415, "application/json is needed", "POST", "/kill", {}),
        (415, "application/json is needed", "POST", "/kill", {"data": {"a": "b"}}),
        (415, "text/plain", "POST", "/kill", {"headers": {"Content-Type": "text/plain"}}),
        (404, "there is no '/nope'", "GET", "/nope", {}),
        (404, "there is no '/state/x'", "GET", "/state/x", {}),
        (405, "/state knows GET", "PUT", "/state", {"json": {}}),
        (400, "the body is list, and an object", "POST", "/kill", {"json": [1]}),
        (400, "does not take 'a'; it takes nothing", "POST", "/kill", {"json": {"a": 1}}),
        (400, "does not take 'a'; it takes nothing", "GET", "/state?a=1", {}),
        (400, "a number of seconds is needed", "POST", "/stall", {"json": {"seconds": "1"}}),
        (400, "a number of seconds is needed", "POST", "/stall", {"json": {"seconds": True}}),
        (400, "0 to 604800 seconds", "POST", "/stall", {"json": {"seconds": -1}}),
        (400, "true or false is needed", "POST", "/motion", {"json": {"motion": 1}}),
    ],
)
def test_what_is_refused(
    served: Served, status: int, said: str, method: str, path: str, options: dict[str, Any]
) -> None:
    answer = requests.request(method, served.url + path, timeout=PATIENCE, **options)
    assert answer.status_code == status
    assert said in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b'{"seconds": NaN}', 400),
        (b"\xff", 400),
        (b"[" * 50_000, 400),
        (b" " * (MAX_BODY + 1), 413),
        (b"", 200),
    ],
)
def test_bodies(served: Served, body: bytes, status: int) -> None:
    answer = requests.post(
        served.url + "/stall",
        data=body,
        headers={"Content-Type": "application/json"},
        timeout=PATIENCE,
    )
    assert answer.status_code == status
    assert (status == 200) != ("error" in answer.json())
    assert served.camera.stalled == (status == 200)


def test_our_own_page_and_name_are_welcome(served: Served) -> None:
    port = served.url.rpartition(":")[2]
    for host in (f"localhost:{port}", f"LOCALHOST:{port}", f"[::1]:{port}"):
        assert served.ask("GET", "/state", Host=host, Origin=f"http://{host}")[0] == 200


def test_more_names_can_be_allowed() -> None:
    with Served("camera.test", "other.test:81") as served:
        assert served.ask("GET", "/state", Host="camera.test:5")[0] == 200
        assert served.ask("GET", "/state", Host="Camera.test")[0] == 200
        assert served.ask("GET", "/state", Host="other.test:81")[0] == 200
        assert served.ask("GET", "/state", Host="other.test:82")[0] == 403


def test_a_port_that_is_taken_is_told(served: Served) -> None:
    async def main() -> None:
        control = Control(serve(CameraState()))
        async with ControlServer(control, port=int(served.url.rpartition(":")[2])):
            pass

    with pytest.raises(OSError, match=r"can't listen on '127.0.0.1' port \d+: address already"):
        asyncio.run(main())


def test_what_it_lists_is_json_to_the_end() -> None:
    assert json.dumps({path: list(rows) for path, rows in PATHS.items()})
    url = ControlServer(Control(serve()), host="::1", port=80).url
    assert url == "http://[::1]:80"
