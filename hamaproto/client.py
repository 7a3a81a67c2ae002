"""One conversation with a camera, without I/O: a request out, the answer's events in.

    connection = ClientConnection("camera:80", auth=("admin", "1234"))
    sock.sendall(connection.send(commands.video_stream()))
    while data := sock.recv(65536):
        connection.receive_data(data)
        for event in connection.events():
            ...                             # Anomaly, Response, Frame, ..., EndOfStream

A camera answers one request a connection, so a `ClientConnection` is used once.  The
response head goes through `ResponseParser`, the body to the parser that the request's row
of the catalogue names; once a body is known to last until the connection closes, its bytes
go straight to that parser.

What the device *means* is another matter than what it sends: a redirect after a form is
success, `200 OK` with an error line is none.  `Outcome` reads the events in that light, so
that every driver says the same; `confirm` is the plan of an update that is read back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Generic, Protocol, TypeVar, cast
from urllib.parse import urlsplit

from hamaproto._version import __version__
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
    HamaError,
    LimitExceededError,
    LocalProtocolError,
    RefusedError,
    RemoteProtocolError,
)
from hamaproto.events import (
    NEED_DATA,
    AnomalyCode,
    AudioFrame,
    Data,
    EndOfStream,
    Event,
    Frame,
    NeedData,
    Param,
    ParamError,
    Part,
    Response,
)
from hamaproto.gsm import GsmFrameParser
from hamaproto.headers import Headers
from hamaproto.limits import DEFAULT_LIMITS, Limits
from hamaproto.models import Ack, RawAnswer
from hamaproto.wire import MjpegParser
from hamaproto.wire.auth import Authenticator, Credentials, Login
from hamaproto.wire.http import ResponseParser, bytes_of_request, content_type_name
from hamaproto.wire.params import ParamList, ParamParser

__all__ = [
    "TRANSITIONS",
    "ClientConnection",
    "Confirmed",
    "Outcome",
    "State",
    "Step",
    "confirm",
    "interpret",
    "state_diagram",
]

R = TypeVar("R")

# -- states ----------------------------------------------------------------------------


class State(Enum):
    """Where a conversation stands."""

    IDLE = "idle"
    """Nothing was sent."""
    AWAITING_HEAD = "awaiting head"
    """The request is out; the answer's head is not whole yet."""
    RECEIVING = "receiving"
    """The head is known; the body comes."""
    TALKING = "talking"
    """Sound goes up; an answer may come, or not."""
    DONE = "done"
    """The answer is over."""
    FAILED = "failed"
    """The answer had no safe reading; the error is raised again by every call."""


class Step(Enum):
    """What moves a conversation on."""

    REQUEST = "request"
    """A request was made into bytes."""
    TALK_REQUEST = "talk request"
    """The request to talk back was made into bytes."""
    ACCEPTED = "accepted"
    """A head with a status of 2xx, or a body without a head."""
    OTHERWISE = "otherwise"
    """A head with any other status."""
    END = "end"
    """The body came to its end, or the connection to its own."""
    ERROR = "error"
    """A parser refused what came."""


#: The whole life of a conversation; what is not in it can't happen.
TRANSITIONS: Final[dict[tuple[State, Step], State]] = {
    (State.IDLE, Step.REQUEST): State.AWAITING_HEAD,
    (State.IDLE, Step.TALK_REQUEST): State.TALKING,
    (State.AWAITING_HEAD, Step.ACCEPTED): State.RECEIVING,
    (State.AWAITING_HEAD, Step.OTHERWISE): State.RECEIVING,
    (State.AWAITING_HEAD, Step.ERROR): State.FAILED,
    (State.RECEIVING, Step.END): State.DONE,
    (State.RECEIVING, Step.ERROR): State.FAILED,
    (State.TALKING, Step.ACCEPTED): State.TALKING,
    (State.TALKING, Step.OTHERWISE): State.RECEIVING,
    (State.TALKING, Step.END): State.DONE,
    (State.TALKING, Step.ERROR): State.FAILED,
}


def state_diagram() -> str:
    """`TRANSITIONS` as a Mermaid diagram, as it stands in the README."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.IDLE.name}"]
    merged: dict[tuple[State, State], list[str]] = {}
    for (state, step), following in TRANSITIONS.items():
        merged.setdefault((state, following), []).append(step.value)
    lines += [
        f"    {state.name} --> {following.name}: {', '.join(steps)}"
        for (state, following), steps in merged.items()
    ]
    lines += [f"    {state.name} --> [*]" for state in (State.DONE, State.FAILED)]
    return "\n".join(lines) + "\n"


# -- bodies ----------------------------------------------------------------------------


class BodyParser(Protocol):
    """The contract of the parsers, as far as it is used here."""

    def receive_data(self, data: bytes | bytearray | memoryview, /) -> None: ...
    def receive_eof(self) -> None: ...
    def next_event(self) -> Event | NeedData: ...
    def events(self) -> Iterator[Event]: ...


def _pictures(content_type: str | None, limits: Limits) -> BodyParser:
    return MjpegParser(content_type, limits=limits)


def _sound(content_type: str | None, limits: Limits) -> BodyParser:
    return GsmFrameParser(limits=limits)


def _params(content_type: str | None, limits: Limits) -> BodyParser:
    return ParamParser(limits=limits)


Reader = Callable[[str | None, Limits], BodyParser]


@dataclass(frozen=True, slots=True)
class _Row:
    """How the body of a successful answer is read, by what was asked for.

    A body of a type that fits goes to the reader.  One of another type that has a reader
    (`_READERS_BY_TYPE`) goes there.  Any other, a login page for one, goes to the row's own
    reader only if it begins like what was asked for: devices mislabel what they send.
    """

    reader: Reader
    types: tuple[str, ...]
    begins: re.Pattern[bytes]
    #: The same, for as long as too little came to tell.
    may_begin: re.Pattern[bytes]


_NEWLINES = rb"[\r\n]*"
_PICTURE = (
    re.compile(_NEWLINES + rb"(?:--|\xff\xd8)"),
    re.compile(_NEWLINES + rb"(?:-|\xff)?"),
)
_NOT_A_PAGE = re.compile(rb"[\r\n \t]*[!-;=-\x7e]"), re.compile(rb"[\r\n \t]*")
#: What is not here (`OK`, the page of a redirect) is given out as `Data`.  A single image
#: is a stream of one.
_ROWS: dict[Reply, _Row] = {
    Reply.IMAGE: _Row(_pictures, ("image/", "application/octet-stream"), *_PICTURE),
    Reply.MJPEG: _Row(_pictures, ("image/", "application/octet-stream"), *_PICTURE),
    Reply.AUDIO: _Row(
        _sound,
        ("application/octet-stream",),
        re.compile(_NEWLINES + rb"[\xd0-\xdf]"),
        re.compile(_NEWLINES),
    ),
    Reply.PARAMS: _Row(_params, ("text/plain",), *_NOT_A_PAGE),
}
_READERS_BY_TYPE: tuple[tuple[str, Reader], ...] = (
    ("multipart/", _pictures),
    ("image/jpeg", _pictures),
    ("image/jpg", _pictures),
    ("audio/", _sound),
)


def _reader_by_type(name: str) -> Reader | None:
    return next((reader for start, reader in _READERS_BY_TYPE if name.startswith(start)), None)


class _Undecided:
    """The reader of a body whose type does not fit what was asked for: its first bytes tell."""

    #: Longer than any run of line ends before a body; behind it the row's reader may judge.
    _MOST: Final = 256

    def __init__(self, row: _Row, content_type: str | None, limits: Limits) -> None:
        self._row = row
        self._content_type = content_type
        self._limits = limits
        self._held = b""
        self._parser: BodyParser | None = None
        self._verbatim = False
        self._given = 0
        self._eof = False

    def receive_data(self, data: bytes | bytearray | memoryview, /) -> None:
        if self._parser is not None:
            self._parser.receive_data(data)
            return
        self._held += bytes(data)
        if self._verbatim:
            return
        head = self._held[: self._MOST]
        if self._row.begins.match(head):
            self._parser = self._row.reader(self._content_type, self._limits)
            self._parser.receive_data(self._held)
            self._held = b""
        else:
            self._verbatim = len(head) == self._MOST or self._row.may_begin.fullmatch(head) is None

    def receive_eof(self) -> None:
        self._eof = True
        self._verbatim = True
        if self._parser is not None:
            self._parser.receive_eof()

    def next_event(self) -> Event | NeedData:
        if self._parser is not None:
            return self._parser.next_event()
        if self._held and self._verbatim:
            data, self._held = self._held, b""
            self._given += len(data)
            return Data(data, self._given - len(data))
        return EndOfStream(True, self._given) if self._eof else NEED_DATA

    def events(self) -> Iterator[Event]:
        while (event := self.next_event()) is not NEED_DATA:
            yield event
            if isinstance(event, EndOfStream):
                return


_GSM_FRAME: Final = 33
_GSM_MAGIC: Final = 0xD
_SCRATCH: Final = 65536
#: How often one request may be asked again for the sake of a login.
_MOST_RETRIES: Final = 2


class ClientConnection:
    """One request and its answer; follows the contract of the parsers.

    `host` is what stands in `Host`: a name or an address and maybe a port.  `prefix` is put
    before every target, for a camera behind a proxy.  `auth` is `(user, password)`,
    `Credentials`, or an `Authenticator` to share what was learnt among connections.
    `strict` and `refuse` turn leniencies of the response head into errors, as in
    `ResponseParser`.

    Events: any number of `Anomaly`, one `Response`, the events of the body (`Frame`,
    `Part`, `Skipped`, `Anomaly`; `Param`, `ParamError`; `AudioFrame`; or `Data`), then
    `EndOfStream` again and again, `complete` if both the framing and the body's own parser
    say so.  Up to the `Response`, offsets count from the start of the answer; behind it,
    from the start of the body for those events that a body's parser makes.

    Credentials are sent once the device has asked for them (401).  Then `retry` is a new
    `ClientConnection` for the next socket; send the same request through it.
    """

    def __init__(
        self,
        host: str,
        *,
        auth: tuple[str, str] | Credentials | Authenticator | None = None,
        limits: Limits | None = None,
        prefix: str = "",
        strict: bool = False,
        refuse: Collection[AnomalyCode] = (),
    ) -> None:
        self._host = host
        self._prefix = prefix
        self._limits = DEFAULT_LIMITS if limits is None else limits
        self._strict = strict
        self._refuse = refuse
        self._authenticator = Authenticator.of(auth)
        self._login: Login | None = None
        self._retries = 0
        self._retry: ClientConnection | None = None
        self._state = State.IDLE
        self._request: BaseRequest | None = None
        self._response: Response | None = None
        self._http = ResponseParser(limits=self._limits, strict=strict, refuse=refuse)
        self._body: BodyParser | None = None
        self._body_ended: EndOfStream | None = None
        # The body's parser, while it may be fed past the framing.
        self._direct: BodyParser | None = None
        self._passed = 0
        self._received = False
        self._eof = False
        self._end: EndOfStream | None = None
        self._error: HamaError | None = None
        self._scratch: bytearray | None = None
        # The parser that lent its buffer to the caller.
        self._lender: MjpegParser | None = None
        # Checked here, where the mistake is, rather than with the first request.
        bytes_of_request(f"{prefix}/", host)

    def __repr__(self) -> str:
        return f"<ClientConnection {self._host} {self._state.value}>"

    @property
    def state(self) -> State:
        """Where the conversation stands, as of the last event that was given out."""
        return self._state

    @property
    def request(self) -> BaseRequest | None:
        """What was asked."""
        return self._request

    @property
    def response(self) -> Response | None:
        """The head of the answer, once it was given out."""
        return self._response

    @property
    def retry(self) -> ClientConnection | None:
        """After a 401 that can be answered: a connection for the next socket."""
        return self._retry

    @property
    def surplus(self) -> int:
        """Bytes that came after the end of the body; they belong to nothing."""
        return self._http.surplus

    def _move(self, step: Step) -> None:
        state = TRANSITIONS.get((self._state, step))
        if state is None:
            raise LocalProtocolError(f"{step.value} while {self._state.value}")
        self._state = state

    # -- out

    def send(self, request: BaseRequest) -> bytes:
        """The bytes of `request`; then feed what comes back.

        Raises LocalProtocolError if something was sent on this connection already.
        """
        if self._state is not State.IDLE:
            raise LocalProtocolError(
                "send(): a camera answers one request a connection; make a new ClientConnection"
            )
        target = self._prefix + request.target
        headers = [("User-Agent", f"hamaproto/{__version__}")]
        if self._authenticator is not None and not request.anonymous:
            self._login = self._authenticator.login
        if self._login is not None:
            headers.append(("Authorization", self._login.authorization(request.method, target)))
        data = bytes_of_request(target, self._host, headers, method=request.method)
        self._request = request
        self._move(Step.TALK_REQUEST if request.reply is Reply.TALK else Step.REQUEST)
        return data

    def send_audio(self, frames: bytes | bytearray | memoryview) -> bytes:
        """GSM 06.10 frames for the camera's loudspeaker, checked, as bytes to be sent.

        A frame is 33 bytes and begins with the nibble 0xD (RFC 3551 4.5.8.1); any number
        of them may come at once, 50 a second are played.  Talking back is not in the
        specification.
        """
        if self._state is not State.TALKING:
            raise LocalProtocolError(
                f"send_audio() while {self._state.value}: send(commands.talk()) comes first"
            )
        data = bytes(frames)
        if len(data) % _GSM_FRAME:
            raise LocalProtocolError(
                f"send_audio(): {len(data)} bytes are no whole number of frames; "
                f"a frame has {_GSM_FRAME}"
            )
        for index, first in enumerate(data[::_GSM_FRAME]):
            if first >> 4 != _GSM_MAGIC:
                raise LocalProtocolError(
                    f"send_audio(): frame {index} does not begin with the nibble 0xD "
                    "(RFC 3551 4.5.8.1)"
                )
        return data

    # -- in

    def receive_data(self, chunk: bytes | bytearray | memoryview) -> None:
        """Feed what came from the camera, any bytes-like object."""
        if self._direct is not None:
            self._direct.receive_data(chunk)
            self._passed += len(chunk) if type(chunk) is bytes else memoryview(chunk).nbytes
            return
        if self._error is not None:
            raise self._error.with_traceback(None)
        if self._state is State.IDLE:
            raise LocalProtocolError("receive_data() before send(): nothing was asked yet")
        self._http.receive_data(chunk)
        self._received = self._received or len(chunk) > 0

    def receive_eof(self) -> None:
        """Say that the camera closed the connection."""
        if self._state is State.IDLE:
            raise LocalProtocolError("receive_eof() before send(): nothing was asked yet")
        self._eof = True
        self._direct = None
        self._http.passed(self._passed)
        self._passed = 0
        self._http.receive_eof()

    def get_buffer(self, sizehint: int = -1) -> memoryview:
        """Where to receive into, as `asyncio.BufferedProtocol` asks for it.

        Inside an image that is the image's own place, so that its bytes are not copied.
        """
        if isinstance(self._direct, MjpegParser):
            self._lender = self._direct
            return self._lender.get_buffer(sizehint)
        self._lender = None
        if self._scratch is None:
            self._scratch = bytearray(_SCRATCH)
        return memoryview(self._scratch)

    def buffer_updated(self, nbytes: int) -> None:
        """Say how many bytes were received into what `get_buffer` returned."""
        if self._lender is not None:
            self._lender.buffer_updated(nbytes)
            self._passed += nbytes
            return
        if self._scratch is None:
            raise LocalProtocolError("buffer_updated() before get_buffer()")
        self.receive_data(bytes(memoryview(self._scratch)[:nbytes]))

    def next_event(self) -> Event | NeedData:
        """The next event, or NEED_DATA; after the end EndOfStream again and again.

        Raises RemoteProtocolError or LimitExceededError, and again from then on.
        """
        try:
            if self._direct is not None:
                # It was not told of an end, so it has none to tell.
                return self._direct.next_event()
            if self._error is not None:
                raise self._error.with_traceback(None)
            if self._end is not None:
                return self._end
            return NEED_DATA if self._state is State.IDLE else self._next_event()
        except RemoteProtocolError as error:
            self._failed(error)
            raise

    def events(self) -> Iterator[Event]:
        """Events until NEED_DATA or the end, EndOfStream included.

        Data fed behind a known end gives no events; `surplus` counts it.
        """
        if self._end is not None and not self._eof:
            return
        if self._direct is not None:
            try:
                yield from self._direct.events()
            except RemoteProtocolError as error:
                self._failed(error)
                raise
            return
        while (event := self.next_event()) is not NEED_DATA:
            yield event
            if isinstance(event, EndOfStream):
                return

    def _failed(self, error: RemoteProtocolError) -> None:
        if self._error is None:
            self._error = error
            self._direct = None
            self._move(Step.ERROR)

    def _next_event(self) -> Event | NeedData:
        while True:
            if self._body is not None:
                event = self._body.next_event()
                if isinstance(event, EndOfStream):
                    return self._finish(event)
                if event is not NEED_DATA:
                    return event
            if self._eof and not self._received and self._state is State.TALKING:
                # No camera has been seen to answer to talk-back.
                return self._finish(EndOfStream())
            outer = self._http.next_event()
            if isinstance(outer, NeedData):
                if self._body is not None and self._http.passes_through:
                    self._direct = self._body
                return NEED_DATA
            if isinstance(outer, Data) and self._body is not None:
                self._body.receive_data(outer.data)
            elif isinstance(outer, EndOfStream):
                if self._state is State.TALKING and not self._eof:
                    # The answer is over; the sound goes on until somebody hangs up.
                    return NEED_DATA
                self._body_ended = outer
                if self._body is None:
                    return self._finish(EndOfStream())
                self._body.receive_eof()
            else:
                if isinstance(outer, Response):
                    self._take(outer)
                return outer

    def _finish(self, inner: EndOfStream) -> EndOfStream:
        outer = self._body_ended or EndOfStream()
        self._end = EndOfStream(inner.complete and outer.complete, outer.offset)
        self._body = None
        self._move(Step.END)
        return self._end

    def _take(self, response: Response) -> None:
        assert self._request is not None
        self._response = response
        if _is_success(response.status):
            self._move(Step.ACCEPTED)
            self._body = self._reader(self._request.reply, response)
        else:
            self._move(Step.OTHERWISE)
        if self._login is not None and response.status != 401:
            self._login.accepted = True
        if response.status == 401 and not self._request.anonymous:
            self._retry = self._answer_challenge(response.headers)

    def _reader(self, reply: Reply, response: Response) -> BodyParser | None:
        """The parser of the body; None if it is given out as it comes."""
        content_type = response.content_type
        name = content_type_name(content_type)
        if reply is Reply.ANY:
            reader = _reader_by_type(name or self._http.looks_like or "")
            return None if reader is None else reader(content_type, self._limits)
        row = _ROWS.get(reply)
        if row is None:
            return None
        if not name or name.startswith(row.types):
            return row.reader(content_type, self._limits)
        reader = _reader_by_type(name)
        if reader is not None:
            return reader(content_type, self._limits)
        return _Undecided(row, content_type, self._limits)

    def _answer_challenge(self, headers: Headers) -> ClientConnection | None:
        authenticator = self._authenticator
        if authenticator is None or self._retries >= _MOST_RETRIES:
            return None
        if not authenticator.challenged(headers.get_all("www-authenticate"), self._login):
            return None
        again = ClientConnection(
            self._host,
            auth=authenticator,
            limits=self._limits,
            prefix=self._prefix,
            strict=self._strict,
            refuse=self._refuse,
        )
        again._retries = self._retries + 1
        return again


def _is_success(status: int | None) -> bool:
    """2xx; also a body without a head, which was sent rather than refused."""
    return status is None or 200 <= status <= 299


# -- what the device means -------------------------------------------------------------

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
        if _is_success(status):
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
        if not _is_success(status) or reply in (Reply.ANY, Reply.TALK):
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
