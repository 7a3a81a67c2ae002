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

What the device *means* is another matter than what it sends: that is in `outcome.py`,
whose names are here too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from hamaproto._version import __version__
from hamaproto.commands import BaseRequest, Reply
from hamaproto.errors import HamaError, LocalProtocolError, RemoteProtocolError
from hamaproto.events import NEED_DATA, AnomalyCode, Data, EndOfStream, Event, NeedData, Response
from hamaproto.gsm import GsmFrameParser
from hamaproto.headers import Headers
from hamaproto.limits import DEFAULT_LIMITS, Limits
from hamaproto.outcome import Confirmed, Outcome, confirm, interpret, is_success
from hamaproto.wire import MjpegParser
from hamaproto.wire.auth import Authenticator, Credentials, Login
from hamaproto.wire.contract import Chunk, Events, Exclusive, Parser, entry, owned
from hamaproto.wire.http import ResponseParser, bytes_of_request, content_type_name
from hamaproto.wire.params import ParamParser

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


BodyParser = Parser[Event]


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


#: Whatever may head pictures; a stream with text before its first part is not known by its
#: first bytes, so only under the types of pages and messages they are looked at.
_PICTURE_TYPES = ("image/", "video/", "application/octet-stream", "application/x-")
_NEWLINES = rb"[\r\n]*"
_PICTURE = (
    re.compile(_NEWLINES + rb"(?:--|\xff\xd8)"),
    re.compile(_NEWLINES + rb"(?:-|\xff)?"),
)
_NOT_A_PAGE = re.compile(rb"[\r\n \t]*[!-;=-\x7e]"), re.compile(rb"[\r\n \t]*")
#: What is not here (`OK`, the page of a redirect) is given out as `Data`.  A single image
#: is a stream of one.
_ROWS: dict[Reply, _Row] = {
    Reply.IMAGE: _Row(_pictures, _PICTURE_TYPES, *_PICTURE),
    Reply.MJPEG: _Row(_pictures, _PICTURE_TYPES, *_PICTURE),
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


class ClientConnection(Exclusive):
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
        super().__init__()
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
        self._state = TRANSITIONS[self._state, step]

    # -- out

    @entry
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

    @entry
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

    @entry
    def receive_data(self, chunk: Chunk) -> None:
        """Feed what came from the camera, any bytes-like object."""
        self._receive(chunk)

    def _receive(self, chunk: Chunk) -> None:
        if self._direct is not None:
            data = owned(chunk)
            self._direct.receive_data(data)
            self._passed += len(data)
            return
        self._raise_again()
        if self._state is State.IDLE:
            raise LocalProtocolError("receive_data() before send(): nothing was asked yet")
        data = owned(chunk)
        self._http.receive_data(data)
        self._received = self._received or len(data) > 0

    @entry
    def receive_eof(self) -> None:
        """Say that the camera closed the connection."""
        self._raise_again()
        if self._state is State.IDLE:
            raise LocalProtocolError("receive_eof() before send(): nothing was asked yet")
        self._eof = True
        self._direct = None
        self._http.passed(self._passed)
        self._passed = 0
        self._http.receive_eof()

    def _raise_again(self) -> None:
        if self._error is not None:
            raise self._error.with_traceback(None)

    @entry
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

    @entry
    def buffer_updated(self, nbytes: int) -> None:
        """Say how many bytes were received into what `get_buffer` returned."""
        if self._lender is not None:
            self._lender.buffer_updated(nbytes)
            self._passed += nbytes
            return
        if self._scratch is None:
            raise LocalProtocolError("buffer_updated() before get_buffer()")
        self._receive(bytes(memoryview(self._scratch)[:nbytes]))

    @entry
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
            return iter(())
        return Events(self)

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
        if is_success(response.status):
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
