"""What a camera means by its answer, as against what it sends.

    events of a conversation -> Outcome -> a Frame, a view, an Ack, a RawAnswer, or an error
    an update -> confirm -> what was asked for, and what the device then had

A redirect after a form is success, `200 OK` with an error line is none, a stream that ends
without a frame means that all slots are taken.  `Outcome` reads events in that light, so
that every driver says the same; `confirm` is the plan of an update that is read back, which
a driver carries out.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Generic, TypeVar, cast
from urllib.parse import urlsplit

from hamaproto.commands import (
    CATALOGUE,
    BaseRequest,
    RateControl,
    Reply,
    Request,
    StreamRequest,
    VideoFormat,
    list_params,
)
from hamaproto.errors import (
    AuthenticationError,
    BusyError,
    DeviceError,
    LimitExceededError,
    LocalProtocolError,
    RefusedError,
)
from hamaproto.events import (
    AudioFrame,
    Data,
    EndOfStream,
    Event,
    Frame,
    Param,
    ParamError,
    Part,
    Response,
)
from hamaproto.limits import DEFAULT_LIMITS, Limits
from hamaproto.models import Ack, RawAnswer
from hamaproto.wire.params import ParamList

__all__ = ["Confirmed", "Outcome", "confirm", "interpret", "is_success"]

R = TypeVar("R")


def is_success(status: int | None) -> bool:
    """2xx; also a body without a head, which was sent rather than refused."""
    return status is None or 200 <= status <= 299


#: The last segment of the path of a login page.
_LOGIN_PAGE = re.compile(r"log-?(?:in|on)(?:\.[a-z]+)?", re.IGNORECASE)
#: The device's own error line in a text answer: `# Error -1 ...`, `ERROR ...`.
_ERROR_TEXT = re.compile(r"\s*#?\s*error\b", re.IGNORECASE)

_STREAMS = (Reply.MJPEG, Reply.AUDIO, Reply.TALK)
_WHAT_IS_DUE = {
    Reply.IMAGE: "an image",
    Reply.MJPEG: "a stream of images",
    Reply.AUDIO: "a stream of sound",
}


class Outcome(Generic[R]):
    """What the events of one conversation amount to.

    Add each event; `refusal` is the device's refusal as soon as it is certain, and after
    `EndOfStream` `result` gives what the request's type promises or raises.  It holds no
    more of a stream than that it had a frame.
    """

    def __init__(self, request: BaseRequest, *, limits: Limits | None = None) -> None:
        self._request = request
        self._limits = DEFAULT_LIMITS if limits is None else limits
        self._response: Response | None = None
        self._frame: Frame | None = None
        self._some = False
        self._params: list[Event] = []
        self._pieces: list[bytes] = []
        self._size = 0
        self._end: EndOfStream | None = None

    def __repr__(self) -> str:
        return f"<Outcome of {self._request!r}>"

    @property
    def response(self) -> Response | None:
        """The head of the answer, once it was added."""
        return self._response

    @property
    def ended(self) -> bool:
        return self._end is not None

    def add(self, event: Event) -> None:
        """Take note of an event; raises LimitExceededError past `Limits.max_body`."""
        if isinstance(event, Frame | AudioFrame | Part):
            self._some = True
            if self._request.reply is Reply.ANY:
                self._collect(event.data)
            elif self._request.reply is Reply.IMAGE and self._frame is None:
                self._frame = event if isinstance(event, Frame) else None
        elif isinstance(event, Response):
            self._response = event
        elif isinstance(event, EndOfStream):
            self._end = event
            self._params.append(event)
        elif self._request.reply is Reply.PARAMS and isinstance(event, Param | ParamError | Data):
            self._params.append(event)
            if isinstance(event, Data):
                self._collect(event.data)
        elif isinstance(event, Data):
            self._collect(event.data)

    def _collect(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limits.max_body:
            self._pieces.clear()
            raise LimitExceededError(
                f"max_body: more than {self._limits.max_body} bytes to be collected", self._size
            )
        self._pieces.append(data)

    @property
    def refusal(self) -> DeviceError | None:
        """The device's refusal, None as long as there is none."""
        if self._response is None:
            return None
        return self._refused_by_head(self._response) or (
            self._refused_by_body(self._response) if self._end is not None else None
        )

    def _refused_by_head(self, response: Response) -> DeviceError | None:
        status = response.status
        if status == 401:
            return AuthenticationError("the device asks for a login, or for another one", status)
        if is_success(status):
            return None
        assert status is not None
        if _is_login_page(response.headers.get("location")):
            return AuthenticationError("the device redirects to its login page", status)
        if self._request.reply is Reply.ANY:
            return None
        if self._request.reply is Reply.FORM and status in (302, 303):
            return None
        reason = f" {_printable(response.reason)}" if response.reason else ""
        return RefusedError(f"the device answers {status}{reason}", status)

    def _refused_by_body(self, response: Response) -> DeviceError | None:
        reply, status = self._request.reply, response.status
        if not is_success(status) or reply in (Reply.ANY, Reply.TALK):
            return None
        if reply in (Reply.ACK, Reply.FORM):
            text = self._text()
            if _ERROR_TEXT.match(text):
                return RefusedError(_printable(text), status)
            return None
        if reply is Reply.PARAMS:
            return self._refused_list(status)
        if self._some:
            return None
        if self._size:
            return RefusedError(
                f"the device sends something else where {_WHAT_IS_DUE[reply]} is due", status
            )
        if reply in _STREAMS:
            return BusyError("the stream ended without one frame: all slots are taken", status)
        return RefusedError("the answer has no image", status)

    def _refused_list(self, status: int | None) -> DeviceError | None:
        if any(isinstance(event, Param) for event in self._params):
            return None
        for event in self._params:
            if isinstance(event, ParamError):
                return RefusedError(_printable(event.message), status)
        if self._text().lstrip()[:1] == "<":
            return RefusedError("the device sends a page where a parameter list is due", status)
        return None

    def _text(self) -> str:
        return b"".join(self._pieces).decode("latin-1")

    def result(self) -> R:
        """What the request's type promises.

        A `Frame`, a view, an `Ack`, a `RawAnswer`; None for a stream.  Raises
        AuthenticationError, RefusedError or BusyError for a refusal, and
        LocalProtocolError before the end.
        """
        if self._end is None:
            raise LocalProtocolError("result() before EndOfStream was added")
        refusal = self.refusal
        if refusal is not None:
            raise refusal
        return cast(R, self._result())

    def _result(self) -> object:
        request, response = self._request, self._response
        if isinstance(request, StreamRequest) or response is None:
            return None
        match request.reply:
            case Reply.IMAGE:
                return self._frame
            case Reply.PARAMS:
                params = ParamList.from_events(self._params)
                model = cast("Request[Any]", request).model
                return params if model is None else model(params)
            case Reply.ACK | Reply.FORM:
                location = response.headers.get("location")
                return Ack(self._text(), response.status, location)
            case _:
                return RawAnswer(response.status, response.headers, b"".join(self._pieces))


def interpret(request: Request[R], events: Iterable[Event], *, limits: Limits | None = None) -> R:
    """The result of a whole conversation; see `Outcome.result`."""
    outcome: Outcome[R] = Outcome(request, limits=limits)
    for event in events:
        outcome.add(event)
    return outcome.result()


def _is_login_page(location: str | None) -> bool:
    if location is None:
        return False
    try:
        path = urlsplit(location).path
    except ValueError:
        return False
    return _LOGIN_PAGE.fullmatch(path.rpartition("/")[2]) is not None


def _printable(text: str) -> str:
    """The first line of what a device says, short and harmless on a terminal."""
    line = text.strip().partition("\n")[0].strip()[:200]
    return "".join(c if c.isprintable() else "?" for c in line)


# -- updates that are read back ----------------------------------------------------------

_UPDATE = re.compile(r"[^?]*/param\.cgi\?action=update&(.+)", re.DOTALL)
_FORM = re.compile(r"[^?]*/form/enet\?enet_source=[^&]*&(.+)", re.DOTALL)
#: What a form sets under another name and in other words: field -> key, word by value.
_FORM_KEYS: dict[str, tuple[str, dict[str, str]]] = {
    "enet_avs_default_dual_mode": (
        "Layout.DefaultVideoFormat",
        {choice.code: choice.value for choice in VideoFormat},
    ),
}
#: Keys whose values are set in one spelling and listed in another (2.1.6 and 2.2.4).
_SPELLINGS: dict[str, type[Enum]] = {"stats": RateControl}
#: The groups that the specification lists; some have the name of their only key.
_GROUPS: Final = frozenset(
    command.example.target.rpartition("group=")[2]
    for command in CATALOGUE
    if command.reply is Reply.PARAMS
)


@dataclass(frozen=True, slots=True, repr=False)
class Confirmed:
    """What an update asked for and what the device then had, by key, both as text.

    `stored` has None for a key that the device does not list (a bitrate while it holds the
    quality, for one).  `ack` is the answer to the update itself, which is OK whatever
    happened.
    """

    requested: dict[str, str]
    stored: dict[str, str | None]
    ack: Ack

    @property
    def ok(self) -> bool:
        """True if everything was stored as it was asked for."""
        return not self.differences

    @property
    def differences(self) -> dict[str, tuple[str, str | None]]:
        """Each key that was stored otherwise: what was asked for, and what is there."""
        return {
            key: (value, self.stored[key])
            for key, value in self.requested.items()
            if not _same(key, value, self.stored[key])
        }

    def __repr__(self) -> str:
        return f"<Confirmed {len(self.requested)} keys, {len(self.differences)} differ>"


def _same(key: str, requested: str, stored: str | None) -> bool:
    return stored is not None and _meaning(key, requested) == _meaning(key, stored)


def _meaning(key: str, text: str) -> object:
    """The value without the case in which devices print words and `320X240`."""
    plain = text.strip().lower()
    kind = _SPELLINGS.get(key.rpartition(".")[2].lower())
    if kind is not None:
        try:
            return kind(plain)
        except ValueError:
            return plain
    return plain


def confirm(request: Request[Ack]) -> Generator[Request[Any], Any, Confirmed]:
    """The plan of an update that is read back: yields requests, is sent their results.

        plan = confirm(commands.set_mjpeg_fps(7))
        asked = next(plan)
        while True:                         # until StopIteration, whose value is `Confirmed`
            asked = plan.send(driver.execute(asked))

    Raises LocalProtocolError if `request` sets nothing that can be read back: the cameras
    do not list what their forms set, but for the default video format.
    """
    requested = _what_is_set(request)
    ack = yield request
    params: ParamList = yield list_params(*dict.fromkeys(_group_of(key) for key in requested))
    return Confirmed(requested, {key: params.get(key) for key in requested}, ack)


def _what_is_set(request: Request[Ack]) -> dict[str, str]:
    """The keys that a request sets, with the values that should be listed afterwards."""
    if (update := _UPDATE.fullmatch(request.target)) is not None:
        keys = dict(_pairs(update[1]))
        lacking = next((key for key in keys if "." not in key.strip(".")), None)
        if lacking is not None:
            raise LocalProtocolError(f"confirm(): the key {lacking!r} has no group to be listed")
        return keys
    form = _FORM.fullmatch(request.target)
    fields = {} if form is None else dict(_pairs(form[1]))
    if not fields or not all(name in _FORM_KEYS for name in fields):
        raise LocalProtocolError(
            f"confirm(): what {request!r} sets is not listed by the cameras, so it can't be read "
            "back; commands 2.2.1 to 2.2.9 and update_params() can"
        )
    found = {}
    for name, value in fields.items():
        key, words = _FORM_KEYS[name]
        found[key] = words.get(value, value)
    return found


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        yield name, value


def _group_of(key: str) -> str:
    plain = key.removeprefix("root.")
    return plain if plain in _GROUPS else plain.rpartition(".")[0]
