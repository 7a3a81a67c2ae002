"""One request up to its end, without I/O: what a driver does next, and what the camera said.

    session = Session(commands.video_stream(), Settings("http://192.168.1.20"))
    while True:
        step = session.step()
        if not isinstance(step, Action):
            ...                         # an event: give it to the caller
        elif step is Action.OPEN:       # connect to `endpoint`, `opening` says for how long
            send(session.opened(now))
        elif step is Action.SEND:       # the same connection once more
            send(session.opened(now))
        elif step is Action.RECEIVE:    # wait as long as `patience` says
            session.receive_data(receive(), arrived, now)
        elif step is Action.SLEEP:      # wait `delay` seconds
            session.slept(now)
        elif step is Action.FAIL:
            raise session.error
        else:                           # Action.STOP
            return session.result()

A driver does what `step` says, and tells what came of it: `opened`, `receive_data`,
`receive_eof`, `slept`; or what went wrong: `lost`, `timed_out`.  Asking for a step again gives
the same one until it was done.

A connection serves `SEND`, `RECEIVE` and the events.  At any other action, and at the event
`Disconnected`, the driver closes the connection first.

Logins, refusals, redirects, lost connections and new attempts come out of here, alike for all
drivers.  Time is a number that is passed in: seconds on any one clock that does not jump.

What was received is given out before the error that ended it: an image that was cut off, then
`EndOfStream(complete=False)`, then the error.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, Generic, TypeVar

from hamaproto import _checks
from hamaproto.attempts import Attempts
from hamaproto.client import ClientConnection
from hamaproto.commands import BaseRequest, Reply, StreamRequest
from hamaproto.ending import Ending
from hamaproto.errors import (
    AuthenticationError,
    ConnectionLostError,
    DeviceError,
    HamaError,
    LimitExceededError,
    RefusedError,
    RemoteProtocolError,
)
from hamaproto.events import (
    NEED_DATA,
    Anomaly,
    Arrival,
    AudioFrame,
    EndOfStream,
    Event,
    Frame,
    Response,
)
from hamaproto.failures import (
    for_the_log,
    handshake_timed_out,
    hung_up,
    speaks_tls,
    time_is_up,
)
from hamaproto.outcome import Outcome
from hamaproto.patience import Patience, TimeUp
from hamaproto.redirect import Location
from hamaproto.retry_after import retry_after
from hamaproto.settings import Backoff, Endpoint, Settings
from hamaproto.wire.contract import Chunk, owned

__all__ = ["Action", "Disconnected", "Reconnected", "Session", "StreamEvent"]

R = TypeVar("R")

#: What happens to connections, for who looks for a fault: never a login, a query or a body.
_log: Final = logging.getLogger("hamaproto")
# Without it, warnings would go to stderr where a program has set up nothing.
_log.addHandler(logging.NullHandler())

#: The streams that have frames.
_FRAMES: Final = frozenset({Reply.MJPEG, Reply.AUDIO})
#: Their frames; a tuple is asked faster than a union.
_FRAME_TYPES: Final = (Frame, AudioFrame)


class Action(Enum):
    """What a driver is to do next; see the head of this module."""

    OPEN = "open"
    """Close what is open, connect to `Session.endpoint`, send what `opened` returns."""
    SEND = "send"
    """Send what `opened` returns on the connection that stands."""
    RECEIVE = "receive"
    """Receive on the connection that stands."""
    SLEEP = "sleep"
    """Close what is open, wait `Session.delay` seconds, call `slept`."""
    STOP = "stop"
    """Close what is open: it is over, and `Session.result` has what it amounts to."""
    FAIL = "fail"
    """Close what is open: it is over, and `Session.error` says why."""


#: What is next behind nearly each frame: as a name of this module it need not be looked up.
_RECEIVE: Final = Action.RECEIVE


@dataclass(slots=True)
class Disconnected:
    """A stream was lost, or could not be had; another attempt comes.

    It stands for `EndOfStream`.  `error` is None if the camera ended the
    stream without fault.  `attempt` counts the attempts since the last good frame, from 1, and
    `delay` is how many seconds from now the next one is made.
    """

    error: HamaError | None
    attempt: int
    delay: float

    @property
    def reason(self) -> str:
        """The error in words."""
        return str(self.error) if self.error else "the camera ended the stream"


@dataclass(slots=True)
class Reconnected:
    """The stream runs again, after so many attempts: a frame follows.

    Offsets count from the start of the new answer.
    """

    attempts: int
    """How many it took, from 1."""


StreamEvent = Event | Disconnected | Reconnected
"""What a session says: the events of the answer, and what becomes of a stream that reconnects."""


class Session(Generic[R]):
    """One request up to its end, over as many connections as login and losses take.

    `request` is what `hamaproto.commands` makes; `settings` say where the camera is.  With
    `reconnect`, a stream that was lost is asked for again.

    Raises LocalProtocolError for arguments of another kind.
    """

    __slots__ = (
        "_action",
        "_arrived",
        "_asked",
        "_attempts",
        "_connection",
        "_dry",
        "_ending",
        "_endpoint",
        "_failed",
        "_flows",
        "_handshaking",
        "_held",
        "_outcome",
        "_patience",
        "_refusal",
        "_request",
        "_settings",
        "delay",
        "error",
        "received",
        "response",
    )

    def __init__(
        self, request: BaseRequest, settings: Settings, *, reconnect: Backoff | None = None
    ) -> None:
        allowed = "a request, as hamaproto.commands makes them"
        _checks.instance("Session", "request", request, BaseRequest, allowed)
        _checks.instance("Session", "settings", settings, Settings, "Settings")
        if reconnect is not None:
            _checks.instance("Session", "reconnect", reconnect, Backoff, "a Backoff, or None")
        self._request = request
        self._settings = settings
        self._attempts = Attempts(reconnect)
        # None while a connection stands: then its events say what is next.
        self._action: Action | None = Action.OPEN
        self._connection = self._new_connection()
        self._begin_answer()
        times = settings.timeouts
        self._patience = Patience(
            times.connect,
            times.idle,
            times.total,
            times.frame if request.reply in _FRAMES else None,
        )
        # Whether the connection stands, and TLS does not yet.
        self._handshaking = False
        # What the next step is to fail with.
        self._failed: HamaError | None = None
        # What the device said before the last try on the connection that it left open.
        self._refusal: HamaError | None = None
        # Whether the next step is to receive, and stays so until something comes, or the end does.
        self._dry = False
        # The frame that `Reconnected` was given out before.
        self._held: StreamEvent | None = None
        # When the last bytes came.
        self._arrived: Arrival | None = None
        self.error: HamaError | None = None
        """What `Action.FAIL` is about."""
        self.delay = 0.0
        """Seconds that `Action.SLEEP` is about."""
        self.received = 0
        """Bytes that came in so far, over all connections."""

    def __repr__(self) -> str:
        return f"<Session {self._request!r}>"

    def _new_connection(self) -> ClientConnection:
        """A connection for the request as it was made, before any redirect."""
        settings = self._settings
        self._endpoint = settings.endpoint
        self._asked = self._request
        return ClientConnection(
            settings.endpoint.authority,
            auth=settings.authenticator,
            limits=settings.limits,
            prefix=settings.endpoint.prefix,
            secure=settings.endpoint.secure,
            headers=settings.fields.given,
        )

    def _begin_answer(self) -> None:
        request, settings = self._request, self._settings
        self._outcome: Outcome[R] = Outcome(request, limits=settings.limits)
        self._ending = Ending(settings.endpoint, request.reply, self._outcome)
        # Whether it is a stream, and a whole frame of it came.
        self._flows = False
        #: The head of the answer that is coming in.
        self.response: Response | None = None

    @property
    def endpoint(self) -> Endpoint:
        """What to connect to: the camera, or where it redirects to."""
        return self._endpoint

    @property
    def is_open(self) -> bool:
        """Whether a connection stands that is of use."""
        return self._action is None

    # -- time

    def opening(self, now: float) -> float | None:
        """Seconds that connecting may take, None for ever."""
        return self._patience.opening(now)

    def patience(self, now: float) -> float | None:
        """The driver begins to wait: seconds that the next bytes may take, None for ever."""
        return self._patience.patience(now)

    def left(self, now: float) -> float | None:
        """The same for a driver that waits already; no answer is due to talk-back."""
        return None if self._request.reply is Reply.TALK else self._patience.left(now)

    def rested(self, now: float) -> None:
        """Up to now the driver did not want to receive."""
        self._patience.rested(now)

    def timed_out(self, now: float, *, sending: bool = False) -> None:
        """The time that `opening` or `patience` gave is over.

        Not for a wait that took much longer than it was to: then the process had been stopped,
        and the next step is to receive what has come meanwhile.
        """
        if self._action is Action.OPEN or sending or not self._patience.stood_still(now):
            self._time_is_up(self._patience.up(now))

    def _time_is_up(self, which: TimeUp) -> None:
        connecting, times = self._action is Action.OPEN, self._settings.timeouts
        if connecting and self._handshaking:
            self.lost(handshake_timed_out(self._endpoint, times))
        else:
            request = self._request
            self.lost(time_is_up(which, self._endpoint, times, request, connecting=connecting))

    # -- what the driver did

    def connected(self) -> None:
        """A connection stands, on which TLS begins before `opened`."""
        self._handshaking = True

    def reopen(self) -> None:
        """The connection was given up before anything came of it: the same again."""
        self._connection = self._new_connection()
        self._action = Action.OPEN
        self._dry = False

    def opened(self, now: float) -> bytes:
        """A connection stands: gives the bytes to be sent on it."""
        self._patience.opened(now)
        if self._request.reply is Reply.TALK:
            # No answer is due: it lasts as long as the sound.
            self._patience.endless()
        self._action = None
        self._dry = False
        self._handshaking = False
        self._begin_answer()
        data = self._connection.send(self._asked)
        path, _, _ = self._asked.target.partition("?")
        login = "with" if b"\r\nAuthorization:" in data else "without"
        _log.debug("%s: connected, asks for %s %s a login", self._endpoint, path, login)
        return data

    def send_audio(self, frames: Chunk) -> bytes:
        """Sound for talk-back, as bytes to be sent; see `ClientConnection.send_audio`."""
        return self._connection.send_audio(frames)

    def slept(self, now: float) -> None:
        """The delay is over."""
        self._patience.begin(now)
        self.reopen()

    # -- what came

    def receive_data(self, chunk: Chunk, arrived: Arrival, now: float) -> None:
        """Bytes were received, and are copied if they are to be kept.

        What comes behind the end is left unread.  `now` is by the driver's clock, which `arrived`
        need not be.
        """
        data = owned(chunk)
        if not data:
            return
        self.received += len(data)
        self._arrived = arrived
        if self._dry or (self._action is None and not self._ending.eof):
            self._dry = False
            self._connection.receive_data(data)
            if self.response is None:
                error = speaks_tls(self._endpoint, self._connection.first)
                if error is not None:
                    self._fail_later(error)
            over = self._patience.heard(now)
            if over is not None:
                self._time_is_up(over)

    def receive_eof(self) -> None:
        """The camera closed the connection."""
        if self._action is None and self._is_silent and self._request.reply is not Reply.TALK:
            self.lost(hung_up(self._endpoint))
        else:
            self._end_input()

    def lost(self, error: HamaError) -> None:
        """The connection failed, or never stood."""
        if self._action is Action.OPEN:
            self._fail_later(error)
        elif self._action is None and not self._ending.eof:
            self._ending.lost = error
            self._end_input()

    def _end_input(self) -> None:
        if self._action is None and not self._ending.eof:
            self._ending.eof = True
            self._dry = False
            self._connection.receive_eof()

    @property
    def _is_silent(self) -> bool:
        """Whether not one byte came on this connection."""
        return not self._connection.first

    # -- what comes next

    def step(self) -> StreamEvent | Action:
        """What to do next, or what happened."""
        if self._dry:
            return _RECEIVE
        while self._action is None:
            if self._held is not None:
                held, self._held = self._held, None
                return held
            try:
                event = self._connection.next_event()
            except RemoteProtocolError as error:
                if self._is_silent and self._refusal is not None:
                    return self._fail(self._refusal)
                if (
                    self._is_silent
                    and isinstance(self._ending.lost, ConnectionLostError)
                    and self._retried()
                ):
                    # Some devices hang up on whoever comes without a login.
                    continue
                return self._fail(self._ending.broken_off(error, self._connection.first))
            if event is NEED_DATA:
                self._dry = True
                return _RECEIVE
            if isinstance(event, _FRAME_TYPES):
                return self._frame(event)
            given = self._take(event)
            if given is not None:
                return given
        if self._failed is not None:
            return self._fail(self._failed)
        return self._action

    def _frame(self, event: Frame | AudioFrame) -> StreamEvent | Action:
        event.received = self._arrived
        whole = isinstance(event, AudioFrame) or event.complete
        if whole and self._flows:
            # Those behind a whole frame tell nothing new: they only come in time.
            self._patience.frame()
            return event
        try:
            self._outcome.add(event)
        except LimitExceededError as error:
            return self._fail(error)
        if self._outcome.ready:
            # The image that was asked for: nothing behind it is waited for.
            self._action = Action.STOP
            return event
        if whole:
            self._patience.frame()
            self._flows = isinstance(self._request, StreamRequest)
        attempts = self._attempts.frame(whole)
        if attempts:
            # Now, and not with the head: a camera whose slots are taken sends one too.
            self._held = event
            _log.info("%s: the stream runs again, after attempt %d", self._endpoint, attempts)
            return Reconnected(attempts)
        return event

    def _take(self, event: Event) -> StreamEvent | Action | None:
        """What becomes of an event: itself, another one, or nothing to be given out."""
        try:
            self._outcome.add(event)
        except LimitExceededError as error:
            return self._fail(error)
        if isinstance(event, Anomaly):
            self._ending.note(event.code)
        elif isinstance(event, Response):
            return self._head(event)
        elif isinstance(event, EndOfStream):
            return self._end(event)
        return event

    # -- by the head of an answer

    def _head(self, response: Response) -> StreamEvent | Action | None:
        _log.debug("%s: answers, status %s", self._endpoint, response.status)
        self._refusal = None
        if self._retried() or self._redirected() or self._tried_here():
            return None
        refusal = self._connection.login_error or self._outcome.refusal
        if refusal is not None:
            if isinstance(refusal, AuthenticationError) and not self._connection.login_error:
                words = f"{self._endpoint}: {refusal.message}"
                refusal = AuthenticationError(words, refusal.status)
            if self._connection.not_followed:
                words = f"{refusal.message}, {self._connection.not_followed}"
                refusal = RefusedError(words, refusal.status)
            return self._fail(refusal, response)
        self.response = response
        if isinstance(self._request, StreamRequest):
            self._patience.endless()
        return None

    def _retried(self) -> bool:
        """Whether a login may help: then the same comes again, on the next connection."""
        if self._connection.retry is None:
            return False
        self._ask_again(self._connection.retry)
        return True

    def _redirected(self) -> bool:
        """Whether the answer is to be had somewhere else: then that is asked next."""
        redirect = self._connection.redirect
        if redirect is None:
            return False
        to, at = redirect.location, self._settings.endpoint
        _log.debug("%s: redirects to %s", self._endpoint, to.authority)
        # The same host may have a zone, which is no matter of the camera.
        host = at.host if to.host == Location.of(at.authority, at.secure, "/").host else to.host
        self._endpoint = replace(
            at,
            host=host.strip("[]"),
            port=to.port,
            authority=to.authority,
            prefix="",
            secure=to.secure,
        )
        self._asked = redirect.request
        self._ask_again(redirect.connection)
        return True

    def _ask_again(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._action = Action.OPEN

    def _tried_here(self) -> bool:
        """Whether a last try on this very connection may help: then that is next."""
        connection = self._connection
        if connection.login_error is None or self._ending.eof or self._request.reply is Reply.TALK:
            return False
        with contextlib.suppress(RemoteProtocolError):
            for _ in connection.events():
                pass
        here = connection.retry_here
        if here is None:
            return False
        self._refusal = connection.login_error
        self._connection = here
        self._action = Action.SEND
        return True

    # -- the end

    def _end(self, event: EndOfStream) -> StreamEvent | Action:
        if self._outcome.frame is not None:
            # An image that was asked for, cut off: it says so itself.
            self._action = Action.STOP
            return event
        error = self._ending.verdict(event, self._connection.first)
        if isinstance(error, DeviceError) or self._attempts.reconnects:
            return self._fail(error)
        if error is None:
            _log.debug("%s: the answer is over, %d bytes", self._endpoint, self.received)
            self._action = Action.STOP
            return event
        _log.debug("%s: the end: %s", self._endpoint, for_the_log(self._endpoint, error))
        self.error = error
        self._action = Action.FAIL
        return EndOfStream(False, event.offset)

    def _fail_later(self, error: HamaError) -> None:
        self._failed = error
        self._action = Action.FAIL

    def _fail(
        self, error: HamaError | None, response: Response | None = None
    ) -> Disconnected | Action:
        self._failed = None
        if self._outcome.frame is not None:
            self._outcome.add(EndOfStream(False))
            self._action = Action.STOP
            return self._action
        delay = self._attempts.lost(error, asked_for=self._asked_for(response))
        words = for_the_log(self._endpoint, error)
        if delay is not None:
            self.delay = delay
            self._action = Action.SLEEP
            attempt = self._attempts.number
            _log.warning("%s: %s; attempt %d in %.1f s", self._endpoint, words, attempt, delay)
            return Disconnected(error, attempt, delay)
        _log.debug("%s: the end: %s", self._endpoint, words)
        self.error = error
        self._action = Action.STOP if error is None else Action.FAIL
        return self._action

    def _asked_for(self, response: Response | None) -> float:
        """Seconds that the device itself wants to be left alone."""
        if response is None or self._arrived is None:
            return 0.0
        return retry_after(response.headers, self._arrived.wall) or 0.0

    def result(self) -> R:
        """What the request's type promises; after `Action.STOP`."""
        return self._outcome.result()
