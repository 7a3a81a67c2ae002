"""What the gateway answers: one row a path, and the OpenAPI description of all of them.

The server has a handler for each row, by its name, and no other; so the description can't
leave one out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hamaproto.commands import Direction
from hamaproto.gateway.settings import SETTINGS
from hamaproto.gateway.status import State

__all__ = ["PATHS", "Path", "openapi"]

_JSON: Final = "application/json"
_SOCKET: Final = "websocket"


@dataclass(frozen=True, slots=True)
class Path:
    """One row: what a method does on a path, what it takes, and what comes.

    `gives` is a media type, or `websocket`; `answer` is the schema of JSON.  `takes` has the
    schema of the body, `query` those of the arguments behind the `?`.
    """

    name: str
    method: str
    path: str
    about: str
    gives: str = _JSON
    answer: Mapping[str, Any] = field(default_factory=dict)
    takes: Mapping[str, Any] | None = None
    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def _object(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = list(required)
    return schema


def _list_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


def _or_null(kind: str) -> dict[str, Any]:
    return {"type": [kind, "null"]}


_TEXT: Final = {"type": "string"}
_NUMBER: Final = {"type": "number"}
_WHOLE: Final = {"type": "integer"}
_FLAG: Final = {"type": "boolean"}
_VALUE: Final = {"type": ["string", "integer"]}
_VALUE_OR_NULL: Final = {"type": ["string", "integer", "null"]}
_CAMERA: Final = _object(
    name=_TEXT,
    state={"type": "string", "enum": [state.value for state in State]},
    since=_NUMBER,
    message=_TEXT,
    retry_in=_or_null("number"),
    last=_or_null("number"),
    frames=_WHOLE,
    rate=_NUMBER,
    viewers=_WHOLE,
    listeners=_WHOLE,
    size={"type": ["array", "null"], "items": _WHOLE},
    model=_or_null("string"),
    firmware=_or_null("string"),
    sound=_FLAG,
    talk=_FLAG,
    can=_object(move=_FLAG, presets=_FLAG, sound=_FLAG, talk=_FLAG),
)
_DONE: Final = _object(done=_FLAG, superseded=_FLAG)
_SET: Final = {
    "type": "object",
    "properties": {
        name: {"enum": list(row.choices), "description": row.about}
        for name, row in SETTINGS.items()
    },
    "minProperties": 1,
}
_FPS: Final = {
    "type": "number",
    "exclusiveMinimum": 0,
    "maximum": 240,
    "description": "pictures a second at most",
}
_AT: Final = "/api/c/{name}"
_PRESET: Final = f"{_AT}/presets/{{number}}"

PATHS: Final = (
    Path("page", "GET", "/", "the page", "text/html", query={"token": _TEXT}),
    Path("static", "GET", "/static/{file}", "a file of the page", "*/*"),
    Path(
        "health", "GET", "/healthz", "whether the gateway runs; asks for no sign-in", "text/plain"
    ),
    Path("metrics", "GET", "/metrics", "counters, for Prometheus", "text/plain"),
    Path(
        "frames",
        "GET",
        "/c/{name}/frames",
        "pictures: binary messages of u32 number, u32 skipped, f64 time of arrival (big-endian) "
        "and a JPEG; states and counts as JSON between them; takes {fps} and {ping}",
        _SOCKET,
        query={"fps": _FPS, "plain": {"enum": ["1"], "description": "JPEGs alone"}},
    ),
    Path(
        "sound",
        "GET",
        "/c/{name}/sound",
        "sound: binary messages of f64 time of arrival (big-endian) and samples, s16 little-endian",
        _SOCKET,
    ),
    Path(
        "talk",
        "GET",
        "/c/{name}/talk",
        "talking back: takes binary messages of samples, s16 little-endian, 8000 a second",
        _SOCKET,
    ),
    Path(
        "stream",
        "GET",
        "/c/{name}/stream.mjpg",
        "pictures as the parts of one body, each with its length and X-Timestamp",
        "multipart/x-mixed-replace",
        query={
            "fps": _FPS,
            "advance": {"enum": ["1"], "description": "heads of parts come early, for browsers"},
        },
    ),
    Path(
        "snapshot",
        "GET",
        "/c/{name}/snapshot.jpg",
        "one picture",
        "image/jpeg",
        query={
            "max_age": {
                "type": "number",
                "minimum": 0,
                "maximum": 3600,
                "description": "seconds that it may be old",
            }
        },
    ),
    Path("wav", "GET", "/c/{name}/sound.wav", "sound, without an end", "audio/wav"),
    Path("matroska", "GET", "/c/{name}/live.mkv", "picture and sound", "video/x-matroska"),
    Path("openapi", "GET", "/api/openapi.json", "this description"),
    Path(
        "cameras", "GET", "/api/cameras", "all cameras", answer=_object(cameras=_list_of(_CAMERA))
    ),
    Path("camera", "GET", _AT, "one camera", answer=_CAMERA),
    Path(
        "settings",
        "GET",
        f"{_AT}/settings",
        "all settings; value is null where the camera does not list it",
        answer=_object(
            settings={
                "type": "object",
                "additionalProperties": _object(
                    value=_VALUE_OR_NULL,
                    choices=_list_of(_VALUE),
                    range={"type": "null"},
                    writable=_FLAG,
                    about=_TEXT,
                ),
            }
        ),
    ),
    Path(
        "change",
        "POST",
        f"{_AT}/settings",
        "change settings, and read back what was stored",
        takes=_SET,
        answer=_object(
            settings={
                "type": "object",
                "additionalProperties": _object(
                    wanted=_VALUE, stored=_VALUE_OR_NULL, confirmed=_FLAG
                ),
            }
        ),
    ),
    Path(
        "move",
        "POST",
        f"{_AT}/move",
        "move; of several commands the newest is done, one at a time",
        takes=_object(
            ("direction",),
            direction={"enum": ["home", "stop", *(one.value for one in Direction)]},
            step={"type": "integer", "minimum": 1, "maximum": 20, "default": 1},
        ),
        answer=_DONE,
    ),
    Path(
        "presets",
        "GET",
        f"{_AT}/presets",
        "all places for presets; the name is empty where nobody has set one here",
        answer=_object(
            presets=_list_of(_object(number=_WHOLE, name=_TEXT, thumbnail=_FLAG)),
        ),
    ),
    Path("go", "POST", f"{_PRESET}/go", "go to a preset", takes=_object(), answer=_DONE),
    Path(
        "save",
        "POST",
        _PRESET,
        "keep the present place as a preset",
        takes=_object(("name",), name={"type": "string", "minLength": 1}),
        answer=_DONE,
    ),
    Path("clear", "POST", f"{_PRESET}/clear", "forget a preset", takes=_object(), answer=_DONE),
    Path(
        "thumbnail",
        "GET",
        f"{_PRESET}/thumbnail.jpg",
        "what a preset looks like, once it was set or visited",
        "image/jpeg",
    ),
)

#: What each error says.
_ERROR: Final = _object(error=_TEXT, argument=_or_null("string"), allowed={})
_IN_PATH: Final = {
    "name": {"type": "string", "description": "of the camera"},
    "number": {"type": "integer", "minimum": 0, "maximum": 8},
    "file": {"type": "string"},
}
_ERRORS: Final = {
    "4XX": "what was asked can't be done; the text says why",
    "5XX": "the camera can't be reached, refuses, or does not answer",
}


def openapi(version: str) -> dict[str, Any]:
    """The description by OpenAPI 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    for row in PATHS:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "hamaproto serve",
            "version": version,
            "description": "Cameras of the Hama M360 family for browsers and programs.",
        },
        "paths": paths,
        "components": {
            "schemas": {"Error": _ERROR},
            "securitySchemes": {
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "any user, the token as password",
                },
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
        "security": [{}, {"basic": []}, {"bearer": []}],
    }


def _operation(row: Path) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name, schema in _IN_PATH.items()
        if f"{{{name}}}" in row.path
    ]
    parameters += [
        {"name": name, "in": "query", "schema": schema} for name, schema in row.query.items()
    ]
    if row.gives == _SOCKET:
        answers: dict[str, Any] = {"101": {"description": "a WebSocket"}}
    else:
        content = {row.gives: {"schema": row.answer} if row.answer else {}}
        answers = {"200": {"description": row.about, "content": content}}
    for status, text in _ERRORS.items():
        error = {"schema": {"$ref": "#/components/schemas/Error"}}
        answers[status] = {"description": text, "content": {_JSON: error}}
    operation = {
        "operationId": row.name,
        "summary": row.about,
        "parameters": parameters,
        "responses": answers,
    }
    if row.takes is not None:
        body = {"required": True, "content": {_JSON: {"schema": row.takes}}}
        operation["requestBody"] = body
    return operation
