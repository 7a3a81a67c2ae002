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

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from hamaproto import _checks
from hamaproto.bodies import BodyParser, Undecided, body_parser
from hamaproto.commands import BaseRequest, Reply
from hamaproto.confirm import Confirmed, confirm
from hamaproto.errors import (
    AuthenticationError,
    HamaError,
    LocalProtocolError,
    RemoteProtocolError,
)
from hamaproto.events import (
    NEED_DATA,
    AnomalyCode,
    Data,
    EndOfStream,
    Event,
    NeedData,
    Response,
)
from hamaproto.fields import GivenFields, OwnFields
from hamaproto.gsm.tables import FRAME_BYTES, MAGIC
from hamaproto.limits import DEFAULT_LIMITS, Limits
from hamaproto.outcome import Outcome, interpret, is_login_page, is_success
from hamaproto.redirect import Place, Trail
from hamaproto.wire import MjpegParser
from hamaproto.wire.auth import Authenticator, Credentials
from hamaproto.wire.coding import DecodedBody, content_codings, unknown_coding
from hamaproto.wire.contract import Chunk, Events, Exclusive, entered_twice, entry, owned
from hamaproto.wire.http import ResponseParser, bytes_of_request
from hamaproto.wire.login import LoginExchange

__all__ = [
    "TRANSITIONS",
    "ClientConnection",
    "Confirmed",
    "Outcome",
    "Redirect",
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
"""The whole life of a conversation; what is not in it can't happen."""


def state_diagram() -> str:
    """`TRANSITIONS` as a Mermaid diagram, as it stands in `hamaproto help embedding`."""
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


# -- one conversation ------------------------------------------------------------------

_SCRATCH: Final = 65536
_FIRST: Final = 8


def checked_sound(call: str, frames: bytes | bytearray | memoryview) -> bytes:
    """GSM 06.10 frames as bytes.  Raises LocalProtocolError if they are none."""
    allowed = f"bytes of GSM 06.10 frames, {FRAME_BYTES} each"
    _checks.instance(call, "frames", frames, (bytes, bytearray, memoryview), allowed)
    data = bytes(frames)
    if len(data) % FRAME_BYTES:
        raise LocalProtocolError(
            f"{call}(): {len(data)} bytes are no whole number of frames; a frame has {FRAME_BYTES}"
        )
    for index, first in enumerate(data[::FRAME_BYTES]):
        if first >> 4 != MAGIC:
            raise LocalProtocolError(
                f"{call}(): frame {index} does not begin with the nibble 0x{MAGIC:X} "
                "(RFC 3551 4.5.8.1)"
            )
    return data


class ClientConnection(Exclusive):
    """One request and its answer; follows the contract of the parsers.

    `host` is what stands in `Host`: a name or an address and maybe a port.  `prefix` is put
    before every target, for a camera behind a proxy.  `auth` is `(user, password)`,
    `Credentials`, or an `Authenticator` to share what was learnt among connections.
    `strict` and `refuse` turn leniencies of the response head into errors, as in
    `ResponseParser`.  `secure` says that it is https, which matters for redirects.  `headers`
    are fields to be added to the request, such as `User-Agent` and `Cookie`.

    Events: any number of `Anomaly`, one `Response`, the events of the body (`Frame`,
    `Part`, `Skipped`, `Anomaly`; `Param`, `ParamError`; `AudioFrame`; or `Data`), then
    `EndOfStream` again and again, `complete` if both the framing and the body's own parser
    say so.  Up to the `Response`, offsets count from the start of the answer; behind it,
    from the start of the body for those events that a body's parser makes.

    Credentials are sent once the device has asked for them (401).  Then `retry` is a new
    `ClientConnection` for the next socket, which has the answer to this very challenge; send
    the same request through it.  A device that says no without asking (a 401 without a
    challenge, a 403, an end without an answer) has a `retry` with Basic, once, unless it has
    ever offered Digest.  If a 401 can't be answered, `login_error` says why; `retry_here` may
    be a last try.

    A redirect of what is only read (an image, a stream, a list) gives a `redirect`: where to
    connect, and what to send there through which connection.  It is None behind the fifth
    redirect and in a circle, which `not_followed` says.
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
        secure: bool = False,
        headers: GivenFields = None,
    ) -> None:
        _checks.instance(
            "ClientConnection", "host", host, str, "a name or address, and maybe :port"
        )
        _checks.instance("ClientConnection", "prefix", prefix, str, "a path, or the empty str")
        if limits is not None:
            _checks.instance("ClientConnection", "limits", limits, Limits, "Limits, or None")
        _checks.flag("ClientConnection", "strict", strict)
        _checks.flag("ClientConnection", "secure", secure)
        allowed = "a collection of AnomalyCode"
        _checks.instance("ClientConnection", "refuse", refuse, Collection, allowed)
        for code in refuse:
            _checks.instance("ClientConnection", "refuse", code, AnomalyCode, allowed)
        super().__init__()
        self._host = host
        self._prefix = prefix
        self._limits = DEFAULT_LIMITS if limits is None else limits
        self._strict = strict
        self._refuse = refuse
        self._authenticator = Authenticator.of(auth)
        self._exchange = LoginExchange(self._authenticator, host)
        self._fields = OwnFields(headers)
        if self._authenticator is not None:
            self._fields.without_login()
        self._retry: ClientConnection | None = None
        self._secure = secure
        # The way that the request has come, and the login for where it began.
        self._trail: Trail | None = None
        self._login_at_home = self._authenticator
        self._redirect: Redirect | None = None
        self._not_followed = ""
        self._state = State.IDLE
        self._request: BaseRequest | None = None
        self._response: Response | None = None
        self._http = ResponseParser(limits=self._limits, strict=strict, refuse=refuse)
        self._body: BodyParser | None = None
        # What undoes the coding of the body, where it has one.
        self._coded: DecodedBody | None = None
        self._body_ended: EndOfStream | None = None
        # What was wrong with the framing, while the body's parser says what it has.
        self._broken: RemoteProtocolError | None = None
        # The body's parser, while it may be fed past the framing.
        self._direct: BodyParser | None = None
        self._passed = 0
        self.first = b""
        """The first bytes that came: what is no HTTP at all may be known by them."""
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
        """After a refusal that a login may change: a connection for the next socket."""
        return self._retry

    @property
    def retry_here(self) -> ClientConnection | None:
        """After a Digest that was refused with a new nonce: a last try on the same socket.

        There are devices whose nonces are good for their own connection only.  It is None if
        the device has not left the connection open behind a whole answer.
        """
        response, bound = self._response, self._exchange.bound
        if bound is None or response is None or self._end is None or self._eof:
            return None
        tokens = ",".join(response.headers.get_all("connection")).lower().replace(" ", "")
        keeps = response.version == "1.1" or "keep-alive" in tokens.split(",")
        if not keeps or "close" in tokens.split(",") or not self._end.complete:
            return None
        return self._again(bound)

    @property
    def redirect(self) -> Redirect | None:
        """After a redirect that is to be followed: where to, with what."""
        return self._redirect

    @property
    def not_followed(self) -> str:
        """Why a redirect is not followed that otherwise would be; empty if there is none."""
        return self._not_followed

    @property
    def login_error(self) -> AuthenticationError | None:
        """After a 401 that can't be answered: whether a login is missing, wrong or unknown."""
        return self._exchange.error

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
        allowed = "a request, as hamaproto.commands makes them"
        _checks.instance("send", "request", request, BaseRequest, allowed)
        if self._state is not State.IDLE:
            raise LocalProtocolError(
                "send(): a camera answers one request a connection; make a new ClientConnection"
            )
        target = self._prefix + request.target
        headers = self._fields.lines(anonymous=request.anonymous)
        login = self._exchange.authorization(request.method, target, anonymous=request.anonymous)
        if login is not None:
            headers.append(("Authorization", login))
        data = bytes_of_request(target, self._host, headers, method=request.method)
        self._request = request
        if self._trail is None:
            self._trail = Trail.start(Place.of(self._host, self._secure, target))
        self._http.endless = request.reply in (Reply.MJPEG, Reply.AUDIO)
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
        return checked_sound("send_audio", frames)

    # -- in

    # The three that are called for each piece guard themselves: `entry` costs a call more.

    def receive_data(self, chunk: Chunk) -> None:
        """Feed what came from the camera, any bytes-like object."""
        if self._entered:
            raise entered_twice(self, "receive_data")
        self._entered = True
        try:
            if (direct := self._direct) is not None:
                data = owned(chunk)
                direct.receive_data(data)
                self._passed += len(data)
            else:
                self._receive(chunk)
        finally:
            self._entered = False

    def _receive(self, chunk: Chunk) -> None:
        self._raise_again()
        if self._state is State.IDLE:
            raise LocalProtocolError("receive_data() before send(): nothing was asked yet")
        data = owned(chunk)
        self._http.receive_data(data)
        if len(self.first) < _FIRST:
            self.first += data[: _FIRST - len(self.first)]

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
        if not self.first and self._state is State.AWAITING_HEAD:
            self._retry = self._again(self._exchange.unanswered())

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

    def buffer_updated(self, nbytes: int) -> None:
        """Say how many bytes were received into what `get_buffer` returned."""
        if self._entered:
            raise entered_twice(self, "buffer_updated")
        self._entered = True
        try:
            if self._lender is not None:
                self._lender.buffer_updated(nbytes)
                self._passed += nbytes
                return
            if self._scratch is None:
                raise LocalProtocolError("buffer_updated() before get_buffer()")
            data = bytes(memoryview(self._scratch)[:nbytes])
            if self._direct is not None:
                self._direct.receive_data(data)
                self._passed += nbytes
            else:
                self._receive(data)
        finally:
            self._entered = False

    def next_event(self) -> Event | NeedData:
        """The next event, or NEED_DATA; after the end EndOfStream again and again.

        Raises RemoteProtocolError or LimitExceededError, and again from then on.
        """
        if self._entered:
            raise entered_twice(self, "next_event")
        self._entered = True
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
        finally:
            self._entered = False

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
                    if self._broken is not None:
                        raise self._broken
                    return self._finish(event)
                if event is not NEED_DATA:
                    return event
            if self._eof and not self.first and self._state is State.TALKING:
                # No camera has been seen to answer to talk-back.
                return self._finish(EndOfStream())
            try:
                source = self._http if self._coded is None else self._coded
                outer = source.next_event()
            except RemoteProtocolError as error:
                if self._body is None or self._broken is not None:
                    raise
                # What the body's parser holds, half an image maybe, comes before the error.
                self._broken = error
                self._body.receive_eof()
                continue
            if isinstance(outer, NeedData):
                if (
                    self._body is not None
                    # Who still has to choose would stand before the chosen one for ever, and
                    # no byte could be received into an image's own place.
                    and not isinstance(self._body, Undecided)
                    and self._coded is None
                    and self._http.passes_through
                ):
                    self._direct = self._body
                return NEED_DATA
            if isinstance(outer, Data) and self._body is not None:
                self._body.receive_data(outer.data)
                if isinstance(self._body, Undecided) and self._body.chosen is not None:
                    self._body = self._body.chosen
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
        # The framing of the body says so, or its own last delimiter.
        closed = inner.closed or (self._body_ended is not None and not self._eof)
        self._end = EndOfStream(inner.complete and outer.complete, outer.offset, closed)
        self._body = None
        self._move(Step.END)
        return self._end

    def _take(self, response: Response) -> None:
        assert self._request is not None
        self._response = response
        if is_success(response.status):
            self._move(Step.ACCEPTED)
            self._begin_body(self._request.reply, response)
        else:
            self._move(Step.OTHERWISE)
        if is_success(response.status) or (
            self._request.reply is Reply.FORM and response.status in (302, 303)
        ):
            self._exchange.passed()
        elif response.status in (401, 403):
            self._retry = self._again(self._exchange.refused(response.status, response.headers))
        else:
            self._follow(self._request, response)

    def _follow(self, request: BaseRequest, response: Response) -> None:
        location = response.headers.get("location")
        if self._trail is None or is_login_page(location):
            return
        trail = self._trail.follow(request.reply, response.status, location)
        if isinstance(trail, str):
            self._not_followed = trail
        elif trail is not None:
            place = trail.here
            try:
                again = replace(request, target=place.target, number=None)
                connection = self._another(
                    place.authority,
                    self._login_at_home if trail.is_at_home else None,
                    "",
                    place.secure,
                    self._fields if trail.is_at_home else self._fields.elsewhere(),
                )
            except LocalProtocolError:
                self._not_followed = "which is no http address"
                return
            connection._trail = trail
            self._redirect = Redirect(place, again, connection)

    def _begin_body(self, reply: Reply, response: Response) -> None:
        codings = content_codings(response.headers)
        if unknown_coding(codings) is not None:
            # Nobody here can read it: it is given out as it comes.
            return
        if codings:
            self._coded = DecodedBody(self._http.next_event, codings)
        self._body = body_parser(reply, response.content_type, self._http.looks_like, self._limits)

    def _again(self, exchange: LoginExchange | None) -> ClientConnection | None:
        """A connection for the next attempt at the same request."""
        if exchange is None:
            return None
        again = self._another(
            self._host, self._authenticator, self._prefix, self._secure, self._fields
        )
        again._trail = self._trail
        again._exchange = exchange
        return again

    def _another(
        self,
        host: str,
        auth: Authenticator | None,
        prefix: str,
        secure: bool,
        fields: OwnFields,
    ) -> ClientConnection:
        another = ClientConnection(
            host,
            auth=auth,
            limits=self._limits,
            prefix=prefix,
            strict=self._strict,
            refuse=self._refuse,
            secure=secure,
            headers=fields.given,
        )
        another._login_at_home = self._login_at_home
        return another


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where an answer is to be had: connect there, and send `request` through `connection`.

    `connection` has the login of the camera only at the camera's own scheme, host and port.
    """

    place: Place
    """Where to connect: scheme, host and port."""
    request: BaseRequest
    connection: ClientConnection
