"""The JSON of the gateway: what there is, and what may be changed."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable
from typing import Any, Final, NoReturn

from aiohttp import web

from hamaproto.commands.choices import PRESET_INDEXES
from hamaproto.gateway.paths import openapi
from hamaproto.io.gateway_camera import GatewayCamera
from hamaproto.io.gateway_control import MOST_STEPS
from hamaproto.io.gateway_streams import WrongError

__all__ = ["cameras", "description"]

#: Seconds that a body may take.
_BODY_SECONDS: Final = 10.0


def description(version: str) -> web.Response:
    """What there is, as OpenAPI."""
    return web.json_response(openapi(version))


async def cameras(all_of_them: Iterable[GatewayCamera]) -> web.Response:
    """All cameras; those that can't be reached hold nobody up for long."""
    rows = await asyncio.gather(*map(_row, all_of_them))
    return web.json_response({"cameras": rows})


async def _row(camera: GatewayCamera) -> dict[str, Any]:
    abilities = await camera.controls.abilities()
    feed = camera.pictures
    return {
        "name": camera.name,
        **feed.current.as_data(time.time()),
        "frames": feed.counts.frames,
        "rate": round(feed.rate(time.monotonic()), 2),
        "viewers": len(feed.takers),
        "listeners": len(camera.sounds.takers),
        "size": feed.size,
        **abilities.as_data(),
    }


async def one(request: web.Request, camera: GatewayCamera) -> web.StreamResponse:
    """One camera."""
    return web.json_response(await _row(camera))


async def settings(request: web.Request, camera: GatewayCamera) -> web.StreamResponse:
    """All settings."""
    return web.json_response({"settings": await camera.controls.settings()})


async def change(request: web.Request, camera: GatewayCamera) -> web.StreamResponse:
    """Change settings, and tell what was stored."""
    return web.json_response({"settings": await camera.controls.change(await _body(request))})


async def move(request: web.Request, camera: GatewayCamera) -> web.StreamResponse:
    """Move the camera."""
    given = await _body(request, "direction", "step")
    steps = given.get("step", 1)
    if type(steps) is not int or not 1 <= steps <= MOST_STEPS:
        raise WrongError(400, f"step: 1 to {MOST_STEPS} are possible", "step", [1, MOST_STEPS])
    return _steered(await camera.controls.move(_text(given, "direction"), steps))


def _steered(done: bool) -> web.Response:
    return web.json_response({"done": True} if done else {"superseded": True})


async def presets(request: web.Request, camera: GatewayCamera) -> web.StreamResponse:
    """All places for presets."""
    return web.json_response({"presets": camera.controls.presets()})


async def go(request: web.Request, camera: GatewayCamera) -> web.StreamResponse:
    """Go to a preset."""
    await _body(request)
    return _steered(await camera.controls.go(_number(request)))


async def save(request: web.Request, camera: GatewayCamera) -> web.StreamResponse:
    """Keep the present place as a preset."""
    number, given = _number(request), await _body(request, "name")
    await camera.controls.save(number, _text(given, "name"))
    return web.json_response({"done": True})


async def clear(request: web.Request, camera: GatewayCamera) -> web.StreamResponse:
    """Forget a preset."""
    await _body(request)
    await camera.controls.clear(_number(request))
    return web.json_response({"done": True})


async def thumbnail(request: web.Request, camera: GatewayCamera) -> web.StreamResponse:
    """What a preset looks like."""
    data = camera.controls.thumbnails.get(_number(request))
    if data is None:
        raise WrongError(404, "nobody has set or visited this preset since the gateway runs")
    return web.Response(body=data, content_type="image/jpeg")


# -- what is sent


async def _body(request: web.Request, *names: str) -> dict[str, Any]:
    """The object of a body; of other names than these, if there are some, is said so."""
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            data = await request.read()
    except TimeoutError:
        raise WrongError(408, f"the body has not come in {_BODY_SECONDS:g} s") from None
    try:
        given = json.loads(data or b"{}", parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise WrongError(400, f"the body is no JSON: {error}", "body") from None
    if not isinstance(given, dict):
        raise WrongError(400, "the body: an object is needed", "body", "object")
    unknown = next((name for name in given if name not in names), None) if names else None
    if unknown is not None:
        raise WrongError(400, f"there is no argument {unknown[:40]!r}", unknown[:40], list(names))
    return given


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str):
        raise WrongError(400, f"{name}: a text is needed", name, "string")
    return value


def _number(request: web.Request) -> int:
    text = request.match_info["number"]
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else -1
    if number not in PRESET_INDEXES:
        allowed = list(PRESET_INDEXES)
        raise WrongError(404, f"presets are {allowed[0]} to {allowed[-1]}", "number", allowed)
    return number
