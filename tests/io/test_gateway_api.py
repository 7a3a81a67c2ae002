"""The JSON of the gateway: each call, and what is answered to a wrong one."""

from __future__ import annotations

from typing import Any

import pytest
from gatewaying import house, run, until

from hamaproto.gateway.paths import PATHS, openapi

AT = "/api/c/camera"
#: Each call of the description that is JSON, with a body that is right: what has to be answered.
CALLS: dict[str, tuple[str, str, Any, Any]] = {
    "openapi": ("GET", "/api/openapi.json", None, {"openapi": "3.1.0"}),
    "cameras": ("GET", "/api/cameras", None, {}),
    "camera": ("GET", AT, None, {"name": "camera", "state": "idle", "size": None}),
    "settings": ("GET", f"{AT}/settings", None, {}),
    "change": (
        "POST",
        f"{AT}/settings",
        {"rate": 5},
        {"settings": {"rate": {"wanted": 5, "stored": 5, "confirmed": True}}},
    ),
    "move": ("POST", f"{AT}/move", {"direction": "left", "step": 2}, {"done": True}),
    "presets": ("GET", f"{AT}/presets", None, {}),
    "save": ("POST", f"{AT}/presets/3", {"name": "door"}, {"done": True}),
    "go": ("POST", f"{AT}/presets/3/go", {}, {"done": True}),
    "clear": ("POST", f"{AT}/presets/3/clear", {}, {"done": True}),
}


def test_each_call_is_answered_as_it_is_described() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    described = openapi("")["paths"]
    rows = {row.name: row for row in PATHS}
    assert {name for name, row in rows.items() if row.gives == "application/json"} == set(CALLS)

    async def main() -> None:
        async with house() as made:
            for name, (method, path, body, part) in CALLS.items():
                status, told = await made.ask(method, path, body)
                assert status == 200, (name, told)
                assert part.items() <= told.items(), (name, told)
                operation = described[rows[name].path][method.lower()]
                schema = operation["responses"]["200"]["content"]["application/json"]
                jsonschema.validate(told, schema.get("schema", {}))
                if body is not None:
                    taken = operation["requestBody"]["content"]["application/json"]["schema"]
                    jsonschema.validate(body, taken)

    run(main)


WRONG: list[tuple[str, str, Any, int, str | None]] = [
    ("GET", "/api/c/nobody", None, 404, "name"),
    ("GET", "/api/nothing", None, 404, None),
    ("GET", f"{AT}/move", None, 405, None),
    ("POST", f"{AT}/presets", {}, 405, None),
    ("POST", f"{AT}/move", {}, 400, "direction"),
    ("POST", f"{AT}/move", {"direction": 1}, 400, "direction"),
    ("POST", f"{AT}/move", {"direction": "sideways"}, 400, "direction"),
    ("POST", f"{AT}/move", {"direction": "left", "step": 0}, 400, "step"),
    ("POST", f"{AT}/move", {"direction": "left", "step": 21}, 400, "step"),
    ("POST", f"{AT}/move", {"direction": "left", "step": True}, 400, "step"),
    ("POST", f"{AT}/move", {"direction": "left", "speed": 1}, 400, "speed"),
    ("POST", f"{AT}/move", [1], 400, "body"),
    ("POST", f"{AT}/settings", {}, 400, "settings"),
    ("POST", f"{AT}/settings", {"rate": 7}, 400, "rate"),
    ("POST", f"{AT}/settings", {"x": 7}, 400, "settings"),
    ("POST", f"{AT}/presets/9", {"name": "x"}, 404, "number"),
    ("POST", f"{AT}/presets/x/go", {}, 404, "number"),
    ("POST", f"{AT}/presets/1", {}, 400, "name"),
    ("POST", f"{AT}/presets/1", {"name": ""}, 400, "name"),
    ("POST", f"{AT}/presets/1", {"name": "a" * 61}, 400, "name"),
    ("POST", f"{AT}/presets/1", {"name": "a\r\nb"}, 400, "name"),
    ("GET", f"{AT}/presets/1/thumbnail.jpg", None, 404, None),
]


def test_what_is_wrong_is_said_and_the_camera_is_asked_for_nothing() -> None:
    async def main() -> None:
        async with house() as made:
            for method, path, body, status, argument in WRONG:
                found, told = await made.ask(method, path, body)
                assert (found, told["argument"]) == (status, argument), (path, body, told)
                assert set(told) == {"error", "argument", "allowed"}
                assert told["error"]
            assert not any("ptz" in one.path for one in made.camera.state.log)

    run(main)


@pytest.mark.parametrize("body", [b"{", b"nonsense", b"[1]", b'{"a": NaN}', b"[" * 60_000, b"\xff"])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    async def main() -> None:
        async with (
            house() as made,
            made.session.post(
                f"{made.url}{AT}/move", data=body, headers={"Content-Type": "application/json"}
            ) as answer,
        ):
            assert answer.status == 400
            assert (await answer.json())["argument"] == "body"

    run(main)


def test_a_thumbnail_is_a_picture() -> None:
    async def main() -> None:
        async with house() as made:
            assert (await made.ask("POST", f"{AT}/presets/1", {"name": "x"}))[0] == 200
            async with made.session.get(f"{made.url}{AT}/presets/1/thumbnail.jpg") as answer:
                assert answer.content_type == "image/jpeg"
                assert (await answer.read()).startswith(b"\xff\xd8")

    run(main)


def test_who_watches_is_counted() -> None:
    async def main() -> None:
        async with house() as made, made.socket("/c/camera/frames"):
            await until(lambda: made.served.pictures.size is not None)
            _, told = await made.ask("GET", AT)
            assert (told["state"], told["viewers"], told["size"]) == ("live", 1, [640, 480])

    run(main)
