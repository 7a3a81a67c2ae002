"""What a camera means by its answer, as against what it sends.

    events of an answer -> Outcome -> a Frame, a view, an Ack, a RawAnswer, or an error

A redirect after a form is success, `200 OK` with an error line or a page is none, an image is
whole with its last byte, a stream that is closed behind its head means that all slots are
taken.  `Outcome` reads events in that light, so that every driver says the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, Generic, TypeVar, cast
from urllib.parse import urlsplit

from hamaproto.commands import BaseRequest, Reply, Request, StreamRequest
from hamaproto.errors import (
    AuthenticationError,
    BusyError,
    DeviceError,
    LimitExceededError,
    LocalProtocolError,
    RefusedError,
    RemoteProtocolError,
)
from hamaproto.events import (
    AnomalyCode,
    AudioFrame,
    Data,
    EndOfStream,
    Event,
    Frame,
    Param,
    ParamError,
    Part,
    Response,
    Skipped,
)
from hamaproto.limits import DEFAULT_LIMITS, Limits
from hamaproto.models import Ack, RawAnswer
from hamaproto.refusal import (
    error_line,
    is_failure,
    is_plausible_key,
    means_ok,
    says_full,
    short_line,
    what_came,
    words_of,
)
from hamaproto.wire.coding import content_codings, unknown_coding
from hamaproto.wire.params import ParamList
from hamaproto.wire.sniff import document_of, is_text

__all__ = ["Outcome", "interpret", "is_login_page", "is_success"]

R = TypeVar("R")


def is_success(status: int | None) -> bool:
    """2xx; also a body without a head, which was sent rather than refused."""
    return status is None or 200 <= status <= 299


#: The last segment of the path of a login page.
_LOGIN_PAGE = re.compile(r"(?:log-?(?:in|on)|sign-?in)(?:\.[a-z]+)?", re.IGNORECASE)

_WHAT_IS_DUE = {
    Reply.IMAGE: "a JPEG image",
    Reply.MJPEG: "a stream of images",
    Reply.AUDIO: "a stream of sound",
    Reply.TALK: "talk-back",
    Reply.PARAMS: "a parameter list",
    Reply.ACK: "OK",
    Reply.FORM: "OK or a redirect",
}
#: What streams give without end; a tuple is asked faster than a union.
_FRAMES: Final = (Frame, AudioFrame)
#: What each frame asks for: as names of this module they need not be looked up in their class.
_ANY: Final = Reply.ANY
_AUDIO: Final = Reply.AUDIO
_IMAGE: Final = Reply.IMAGE
#: Bytes of an answer that are kept for the words of an error.
_MOST_KEPT = 4096


class Outcome(Generic[R]):
    """What the events of one answer amount to.

    Add each event; `refusal` is the device's refusal as soon as it is certain.  Once `ready`,
    `result` gives what the request's type promises, or raises.  It holds no more of a stream
    than whether it had a frame.
    """

    __slots__ = (
        "_end",
        "_frame",
        "_had_frame",
        "_limits",
        "_other_frames",
        "_params",
        "_part",
        "_pieces",
        "_request",
        "_response",
        "_size",
        "_skipped",
        "_too_large",
    )

    def __init__(self, request: BaseRequest, *, limits: Limits | None = None) -> None:
        self._request = request
        self._limits = DEFAULT_LIMITS if limits is None else limits
        self._response: Response | None = None
        # The first image that is whole, or else the first one that was cut off.
        self._frame: Frame | None = None
        self._had_frame = False
        # Whether sound came where images are due, or images where sound is.
        self._other_frames = False
        # The first part that is no image, and how many bytes were neither.
        self._part: Part | None = None
        self._skipped = 0
        self._too_large = False
        self._params: list[Event] = []
        # The body, or as much of it as an error may quote.
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
        """Whether the `EndOfStream` was added."""
        return self._end is not None

    @property
    def is_half_a_line(self) -> bool:
        """Whether no more of a body came than the beginning of a line, if anything."""
        return not (
            self._had_frame
            or self._other_frames
            or self._part is not None
            or self._skipped
            or any(isinstance(event, Param | ParamError) for event in self._params)
            or any(b"\n" in piece or b">" in piece for piece in self._pieces)
        )

    @property
    def frame(self) -> Frame | None:
        """Of a single image that was asked for: what there is of it so far."""
        return self._frame

    @property
    def ready(self) -> bool:
        """Whether `result` has its answer: at the end, and for an image with its last byte.

        Whatever comes behind a whole image, or does not come, is of no interest.
        """
        return self._end is not None or (self._frame is not None and self._frame.complete)

    def add(self, event: Event) -> None:
        """Take note of an event.

        Raises LimitExceededError past `Limits.max_body`, and for a single image that is
        larger than `Limits.max_frame`.
        """
        reply = self._request.reply
        if isinstance(event, _FRAMES):
            if isinstance(event, AudioFrame) is (reply is _AUDIO):
                self._had_frame = True
            else:
                self._other_frames = True
            if reply is _ANY:
                self._collect(event.data)
            elif reply is _IMAGE and isinstance(event, Frame):
                self._take_image(event)
        elif isinstance(event, Part):
            self._part = self._part or event
            if reply is Reply.ANY:
                self._collect(event.data)
        elif isinstance(event, Response):
            self._response = event
        elif isinstance(event, EndOfStream):
            self._end = event
            self._params.append(event)
        elif isinstance(event, Data):
            self._collect(event.data)
            if reply is Reply.PARAMS:
                self._params.append(event)
        elif isinstance(event, Skipped):
            self._skipped += event.length
        elif isinstance(event, Param | ParamError):
            self._params.append(event)
        elif event.code is AnomalyCode.IMAGE_TOO_LARGE:
            self._too_large = True
            if reply is Reply.IMAGE and self._frame is None:
                raise LimitExceededError(self._over_max_frame(), event.offset)

    def _take_image(self, frame: Frame) -> None:
        if self._frame is None or (frame.complete and not self._frame.complete):
            self._frame = frame

    def _over_max_frame(self) -> str:
        return f"max_frame: an image of more than {self._limits.max_frame} bytes"

    def _collect(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limits.max_body:
            self._pieces.clear()
            raise LimitExceededError(
                f"max_body: more than {self._limits.max_body} bytes to be collected", self._size
            )
        # A list is kept as its lines; what stands in the place of a stream, for its words.
        if self._request.reply in (Reply.ANY, Reply.ACK, Reply.FORM) or (
            self._size - len(data) < _MOST_KEPT
        ):
            self._pieces.append(data)

    def came_whole(self, *, silent: bool, cut_off: bool) -> bool:
        """Whether nothing is missing of an answer, though the connection was lost behind it.

        `silent`: the device has left it open and sends no more.  `cut_off`: more was announced.
        """
        end, response, reply = self._end, self._response, self._request.reply
        if end is None or response is None or self.refusal is not None:
            return False
        if reply is Reply.PARAMS:
            return end.closed or (silent and end.complete and not cut_off)
        if reply in (Reply.MJPEG, Reply.AUDIO):
            # The device has said itself that the stream is over.  One without a frame is refused.
            return end.closed and end.complete
        # What a form redirects with has all that counts in its head.
        return reply in (Reply.ACK, Reply.FORM)

    @property
    def came(self) -> str:
        """What came of an answer that was cut off, for the words of an error."""
        named = sum(isinstance(event, Param) for event in self._params)
        if named:
            return f"{named} parameter{'s' * (named != 1)} had come"
        if self._request.reply is Reply.ANY:
            return f"{self._size} bytes had come" if self._size else ""
        return f"it had said: {self._said}" if self._said else ""

    @property
    def _said(self) -> str:
        """The device's words in the place of what is due."""
        for event in self._params:
            if isinstance(event, ParamError):
                return short_line(event.message)
        return "" if self._had_frame else words_of(self._body)

    @property
    def has_words(self) -> bool:
        """Whether a text came in the place of something else, in more than half a line."""
        return not self.is_half_a_line and bool(self._said)

    @property
    def refusal(self) -> DeviceError | None:
        """The device's refusal, None as long as there is none."""
        if self._response is None:
            return None
        return self._refused_by_head(self._response) or (
            self._refused_by_body(self._response) if self._end is not None else None
        )

    # -- by the head

    def _refused_by_head(self, response: Response) -> DeviceError | None:
        status, reply = response.status, self._request.reply
        if status == 401:
            return AuthenticationError("the device asks for a login, or for another one", status)
        if is_success(status):
            return self._refused_though_accepted(response)
        assert status is not None
        location = response.headers.get("location")
        if is_login_page(location):
            return AuthenticationError("the device redirects to its login page", status)
        if reply is Reply.ANY or (reply is Reply.FORM and status in (302, 303)):
            return None
        reason = f" {short_line(response.reason)}" if response.reason else ""
        where = f", to {shown_location(location)}" if location and status // 100 == 3 else ""
        if reply.endless and says_full(response.reason):
            return BusyError(f"{self._name}: the device answers {status}{reason}", status)
        return RefusedError(f"{self._subject}the device answers {status}{reason}{where}", status)

    def _refused_though_accepted(self, response: Response) -> DeviceError | None:
        """What the head of a success says against it."""
        reply, status = self._request.reply, response.status
        if reply is Reply.ANY:
            return None
        coding = unknown_coding(content_codings(response.headers))
        if coding is not None:
            return RefusedError(
                f"{self._subject}the device sends it in the coding {short_line(coding)!r}, which "
                "was not asked for and can't be undone (RFC 9110 8.4)",
                status,
            )
        users = response.headers.get("x-currentusers", "")
        if reply.endless and says_full(users):
            return BusyError(f"{self._name}: the device says: {short_line(users)}", status)
        if status == 204 and reply not in (Reply.ACK, Reply.FORM, Reply.TALK):
            return RefusedError(f"{self._subject}the device answers 204: it has none", status)
        return None

    @property
    def _name(self) -> str:
        """The stream that was asked for; its query may hold a password."""
        return f"{_WHAT_IS_DUE[self._request.reply]}, {self._request.target.partition('?')[0]}"

    @property
    def _subject(self) -> str:
        return f"{self._name}: " if self._request.reply.endless else ""

    # -- by the body

    def _refused_by_body(self, response: Response) -> DeviceError | None:
        reply, status = self._request.reply, response.status
        if not is_success(status) or reply is Reply.ANY:
            return None
        if reply is Reply.TALK:
            # Nothing is due; a page or a message is a refusal.
            nothing = not self._body.strip(b" \t\r\n\0") or means_ok(self._body)
            return None if nothing else self._something_else(status)
        if reply in (Reply.ACK, Reply.FORM):
            if status in (204, 205) or means_ok(self._body):
                return None
            return self._something_else(status)
        if reply is Reply.PARAMS:
            return self._refused_list(status)
        if self._had_frame:
            return None
        blank = not self._body.strip(b" \t\r\n\0")
        text = (response.content_type or "").lower().startswith("text/")
        if self._size and not (blank and reply.endless and not text):
            return self._something_else(status)
        return self._refused_pictures(response)

    def _refused_pictures(self, response: Response) -> DeviceError:
        """What was read as a picture, a stream or sound has not one frame."""
        status = response.status
        what = self._name if self._request.reply.endless else "the answer"
        none = "ended without one frame" if self._request.reply.endless else "has no image"
        if self._other_frames:
            came = "images" if self._request.reply is Reply.AUDIO else "sound"
            return RefusedError(f"{what} {none}: the device sends {came}", status)
        if self._too_large:
            return RefusedError(f"{what} {none}: {self._over_max_frame()}", status)
        if self._part is not None:
            content_type = short_line(self._part.content_type or "no type")
            said = words_of(self._part.data)
            return RefusedError(
                f"{what} {none} but {what_came(self._part.data)} ({content_type})"
                f"{said and f': {said}'}",
                status,
            )
        if self._skipped:
            content_type = short_line(response.content_type or "no type")
            return RefusedError(
                f"{what} {none}: {self._skipped} bytes of {content_type} hold none", status
            )
        if self._request.reply.endless:
            return BusyError(f"{what} {none}: all slots are taken", status)
        return RefusedError("the answer has no image: it is empty", status)

    def _something_else(self, status: int | None) -> DeviceError:
        """The device's words, where something else is due."""
        due, body = _WHAT_IS_DUE[self._request.reply], self._body
        line = error_line(body)
        if line is not None:
            return RefusedError(f"{self._subject}{line}", status)
        said = words_of(body)
        if not body.strip(b" \t\r\n\0"):
            return RefusedError(
                f"{self._subject}the device says nothing where {due} is due", status
            )
        if self._request.reply.endless and says_full(said):
            return BusyError(f"{self._name}: the device says: {said}", status)
        return RefusedError(
            f"{self._subject}the device sends {what_came(body)} where {due} is due"
            f"{said and f': {said}'}",
            status,
        )

    def _refused_list(self, status: int | None) -> DeviceError | None:
        named, strange = 0, 0
        for event in self._params:
            if isinstance(event, Param):
                plausible = is_plausible_key(event.key) and not is_failure(event.key, event.value)
                named += plausible
                strange += not plausible and not is_text(event.line)
            elif isinstance(event, Data):
                strange += not is_text(event.data)
        # A picture has lines as well, and now and then one with a "=" behind two letters.
        if named > strange:
            return None
        for event in self._params:
            if isinstance(event, ParamError):
                return RefusedError(short_line(event.message), status)
        if not self._body.strip(b" \t\r\n\0"):
            return RefusedError("the device lists nothing", status)
        return self._something_else(status)

    @property
    def _body(self) -> bytes:
        body = b"".join(self._pieces)
        if not body and self._request.reply is Reply.PARAMS:
            lines = [event.line for event in self._params if isinstance(event, Param)]
            body = b"\n".join(lines[:_MOST_KEPT])[:_MOST_KEPT]
        return body

    def result(self) -> R:
        """What the request's type promises.

        A `Frame` (`complete` is False if it was cut off), a view, an `Ack`, a `RawAnswer`;
        None for a stream.  Raises AuthenticationError, RefusedError or BusyError for a
        refusal, and LocalProtocolError before it is `ready`.
        """
        if not self.ready:
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
                return Ack(document_of(self._body), response.status, location)
            case _:
                return RawAnswer(response.status, response.headers, self._body)


def interpret(request: Request[R], events: Iterable[Event], *, limits: Limits | None = None) -> R:
    """The result of a whole answer; see `Outcome.result`.

    Reads no further than the result takes.  Of an image that came in part before the events
    end in an error, that part is the result.
    """
    outcome: Outcome[R] = Outcome(request, limits=limits)
    try:
        for event in events:
            outcome.add(event)
            if outcome.ready:
                break
    except RemoteProtocolError:
        if outcome.frame is None:
            raise
        outcome.add(EndOfStream(False))
    return outcome.result()


def is_login_page(location: str | None) -> bool:
    """Whether a redirect leads to where a login is asked for."""
    if location is None:
        return False
    try:
        path = urlsplit(location).path
    except ValueError:
        return False
    return _LOGIN_PAGE.fullmatch(path.rpartition("/")[2]) is not None


def shown_location(location: str) -> str:
    """Where a redirect leads, harmless, without a password and what may be one."""
    before, slashes, rest = location.partition("//")
    authority, slash, path = rest.partition("/")
    if slashes:
        location = f"{before}//{authority.rpartition('@')[2]}{slash}{path}"
    return short_line(location.partition("?")[0])
