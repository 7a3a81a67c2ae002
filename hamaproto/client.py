"""One exchange with a camera, without I/O: a request out, the answer's events in.

    connection = ClientConnection("camera:80", auth=("admin", "1234"))
    sock.sendall(connection.send(commands.video_stream()))
    while data := sock.recv(65536):
        connection.receive_data(data)
        for event in connection.events():
            ...                             # Anomaly, Response, Frame, ..., EndOfStream

A camera answers one request a connection, so a `ClientConnection` is used once.  What is
read is in `answer.py`: the head, the framing, the body's own parser.  Once a body is known to
last until the connection closes, its bytes go straight to that parser.

What the device *means* is another matter than what it sends: that is in `outcome.py`,
whose names are here too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from hamaproto import _checks
from hamaproto.answer import Answer
from hamaproto.bodies import BodyParser
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
    EndOfStream,
    Event,
    NeedData,
    Response,
)
from hamaproto.fields import GivenFields, OwnFields
from hamaproto.limits import DEFAULT_LIMITS, Limits
from hamaproto.outcome import Outcome, interpret, is_login_page, is_success
from hamaproto.redirect import Location, Trail
from hamaproto.sound import checked_sound
from hamaproto.wire import MjpegParser
from hamaproto.wire.auth import Authenticator, Credentials
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
    """Where an exchange stands."""

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
    """What moves an exchange on."""

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
"""The whole life of an exchange; what is not in it can't happen."""


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


# -- one exchange ----------------------------------------------------------------------

_SCRATCH: Final = 65536


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

    __slots__ = (
        "_answer",
        "_direct",
        "_end",
        "_error",
        "_exchange",
        "_lender",
        "_not_followed",
        "_passed",
        "_redirect",
        "_request",
        "_response",
        "_retry",
        "_scratch",
        "_setup",
        "_state",
        "_trail",
    )

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
        authenticator = Authenticator.of(auth)
        fields = OwnFields(headers)
        if authenticator is not None:
            fields.without_login()
        used = DEFAULT_LIMITS if limits is None else limits
        # Those that follow are made the same way.
        self._setup = _Setup(
            host, prefix, secure, used, strict, refuse, fields, authenticator, authenticator
        )
        self._exchange = LoginExchange(authenticator, host)
        self._retry: ClientConnection | None = None
        # The way that the request has come.
        self._trail: Trail | None = None
        self._redirect: Redirect | None = None
        self._not_followed = ""
        self._state = State.IDLE
        self._request: BaseRequest | None = None
        self._response: Response | None = None
        self._answer = Answer(ResponseParser(limits=used, strict=strict, refuse=refuse), used)
        # The body's parser, while it may be fed past the framing; and how many bytes it was.
        self._direct: BodyParser | None = None
        self._passed = 0
        self._end: EndOfStream | None = None
        self._error: HamaError | None = None
        self._scratch: bytearray | None = None
        # The parser that lent its buffer to the caller.
        self._lender: MjpegParser | None = None
        # Checked here, where the mistake is, rather than with the first request.
        bytes_of_request(f"{prefix}/", host)

    def __repr__(self) -> str:
        return f"<ClientConnection {self._setup.host} {self._state.value}>"

    @property
    def state(self) -> State:
        """Where the exchange stands, as of the last event that was given out."""
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
        if bound is None or response is None or self._end is None or self._answer.eof:
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
        return self._answer.surplus

    @property
    def first(self) -> bytes:
        """The first bytes that came: what is no HTTP at all may be known by them."""
        return self._answer.first

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
        target = self._setup.prefix + request.target
        headers = self._setup.fields.lines(anonymous=request.anonymous)
        login = self._exchange.authorization(request.method, target, anonymous=request.anonymous)
        if login is not None:
            headers.append(("Authorization", login))
        data = bytes_of_request(target, self._setup.host, headers, method=request.method)
        self._request = request
        if self._trail is None:
            self._trail = Trail.start(Location.of(self._setup.host, self._setup.secure, target))
        self._answer.expects(request.reply)
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
        self._answer.receive_data(owned(chunk))

    @entry
    def receive_eof(self) -> None:
        """Say that the camera closed the connection."""
        self._raise_again()
        if self._state is State.IDLE:
            raise LocalProtocolError("receive_eof() before send(): nothing was asked yet")
        self._direct = None
        self._answer.receive_eof(self._passed)
        self._passed = 0
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
        if self._end is not None and not self._answer.eof:
            return iter(())
        return Events(self)

    def _failed(self, error: RemoteProtocolError) -> None:
        if self._error is None:
            self._error = error
            self._direct = None
            self._move(Step.ERROR)

    def _next_event(self) -> Event | NeedData:
        event = self._answer.next_event(talking=self._state is State.TALKING)
        if isinstance(event, NeedData):
            self._direct = self._answer.direct
        elif isinstance(event, Response):
            self._take(event)
        elif isinstance(event, EndOfStream):
            self._end = event
            self._move(Step.END)
        return event

    def _take(self, response: Response) -> None:
        assert self._request is not None
        self._response = response
        if is_success(response.status):
            self._move(Step.ACCEPTED)
            self._answer.begin_body(self._request.reply, response)
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
            to, setup = trail.here, self._setup
            try:
                again = replace(request, target=to.target, number=None)
                connection = replace(
                    setup,
                    host=to.authority,
                    prefix="",
                    secure=to.secure,
                    fields=setup.fields if trail.is_at_home else setup.fields.elsewhere(),
                    authenticator=setup.at_home if trail.is_at_home else None,
                ).connection()
            except LocalProtocolError:
                self._not_followed = "which is no http address"
                return
            connection._trail = trail
            self._redirect = Redirect(to, again, connection)

    def _again(self, exchange: LoginExchange | None) -> ClientConnection | None:
        """A connection for the next attempt at the same request."""
        if exchange is None:
            return None
        again = self._setup.connection()
        again._trail = self._trail
        again._exchange = exchange
        return again


@dataclass(frozen=True, slots=True, repr=False)
class _Setup:
    """How a connection was made, and how those that follow it are."""

    host: str
    prefix: str
    secure: bool
    limits: Limits
    strict: bool
    refuse: Collection[AnomalyCode]
    fields: OwnFields
    authenticator: Authenticator | None
    #: The login for where the way of the request began.
    at_home: Authenticator | None

    def connection(self) -> ClientConnection:
        """Another connection of this kind."""
        another = ClientConnection(
            self.host,
            auth=self.authenticator,
            limits=self.limits,
            prefix=self.prefix,
            strict=self.strict,
            refuse=self.refuse,
            secure=self.secure,
            headers=self.fields.given,
        )
        another._setup = replace(another._setup, at_home=self.at_home)
        return another


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where an answer is to be had: connect there, and send `request` through `connection`.

    `connection` has the login of the camera only at the camera's own scheme, host and port.
    """

    location: Location
    """Where to connect: scheme, host and port."""
    request: BaseRequest
    connection: ClientConnection

    @property
    def place(self) -> Location:
        """The location, by the name that it had before."""
        return self.location
