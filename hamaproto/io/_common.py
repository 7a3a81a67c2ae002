"""What the three drivers share: everything about a conversation that is no I/O.

A driver is a loop around `Conversation.step`:

    an event        give it to the caller
    Do.OPEN         connect, `opening` says for how long; send what `opened` returns
    Do.SEND         send what `opened` returns on the connection that stands
    Do.RECEIVE      receive, `patience` says for how long, into `get_buffer`
    Do.SLEEP        wait `delay` seconds, then `slept`
    Do.STOP         it is over; `result` has what an answer that ends amounts to
    Do.FAIL         it is over: raise `error`

and tells what went wrong with `lost` or `timed_out`.  Asking again gives the same step until
it was done.  The connection is to be closed at every step but an event, `SEND` and `RECEIVE`, and
with a `Disconnected`.  So logins, refusals, broken connections and reconnection come out
alike in all drivers, and time is a number that is passed in.

What was received is given out before the error that ended it: an image that was cut off, then
`EndOfStream(complete=False)`, then the error.
"""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, Generic, TypeVar

from hamaproto.client import ClientConnection, Outcome
from hamaproto.commands import BaseRequest, Reply, StreamRequest
from hamaproto.errors import (
    AuthenticationError,
    CameraTimeoutError,
    CertificateError,
    ConnectError,
    ConnectionLostError,
    ConnectTimeoutError,
    HamaError,
    IdleTimeoutError,
    LimitExceededError,
    LocalProtocolError,
    RefusedError,
    RemoteProtocolError,
    TransportError,
)
from hamaproto.events import (
    Anomaly,
    AnomalyCode,
    Arrival,
    AudioFrame,
    EndOfStream,
    Event,
    Frame,
    NeedData,
    Response,
)
from hamaproto.outcome import is_success
from hamaproto.patience import Patience, TimeUp
from hamaproto.redirect import Place
from hamaproto.refusal import harmless
from hamaproto.retry_after import retry_after
from hamaproto.settings import Backoff, Endpoint, Settings

__all__ = ["Conversation", "Disconnected", "Do", "Occurrence", "Reconnected", "connection_failed"]

R = TypeVar("R")

#: What happens to connections, for who looks for a fault: never a login, a query or a body.
_log: Final = logging.getLogger("hamaproto")
# Without it, warnings would go to stderr where a program has set up nothing.
_log.addHandler(logging.NullHandler())

# -- what a stream that reconnects says beside its own events --------------------------


@dataclass(slots=True)
class Disconnected:
    """A stream was lost, or could not be had; another attempt comes.

    It stands in the place of `EndOfStream`.  `error` is None if the camera ended the
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


Occurrence = Event | Disconnected | Reconnected

# -- one conversation ------------------------------------------------------------------


class Do(Enum):
    """What a driver is to do next; see the head of this module."""

    OPEN = "open"
    SEND = "send"
    RECEIVE = "receive"
    SLEEP = "sleep"
    STOP = "stop"
    FAIL = "fail"


#: Where a conversation is at fault with itself: the body is shorter than was said.
_CUT_OFF: Final = frozenset({AnomalyCode.TRUNCATED_BODY, AnomalyCode.HEAD_CUT_OFF})
_SCRATCH: Final = 4096
#: How a record of TLS begins that says why it hangs up (RFC 8446 5.1).
_TLS_ALERT: Final = b"\x15\x03"
#: The streams that have frames.
_FRAMES: Final = frozenset({Reply.MJPEG, Reply.AUDIO})
#: What says "later": Request Timeout (RFC 9110 15.5.9), Too Early (RFC 8470 5.2), Too Many
#: Requests (RFC 6585 4).
_LATER: Final = frozenset({408, 425, 429})


class Conversation(Generic[R]):
    """One request up to its end, over as many connections as login and losses take."""

    __slots__ = (
        "_again",
        "_arrived",
        "_asked",
        "_attempt",
        "_backoff",
        "_begun",
        "_connection",
        "_cut_off",
        "_endpoint",
        "_eof",
        "_had_frame",
        "_handshaking",
        "_held",
        "_lost",
        "_outcome",
        "_patience",
        "_refusal",
        "_request",
        "_settings",
        "_silent",
        "_step",
        "delay",
        "error",
        "received",
        "response",
    )

    def __init__(
        self, request: BaseRequest, settings: Settings, backoff: Backoff | None = None
    ) -> None:
        self._request = request
        self._settings = settings
        self._backoff = backoff
        self._step: Do | None = Do.OPEN
        self._connection = self._new_connection()
        self._outcome: Outcome[R] = Outcome(request, limits=settings.limits)
        timeouts = settings.timeouts
        self._patience = Patience(
            timeouts.connect,
            timeouts.idle,
            timeouts.total,
            timeouts.frame if request.reply in _FRAMES else None,
        )
        # With the first attempt: a stream may be made long before it is read.
        self._begun = False
        self._handshaking = False
        # Of this connection: whether it is over, why, and whether nothing came at all.
        self._eof = False
        self._lost: HamaError | None = None
        # What the device said before the last try on the connection that it left open.
        self._refusal: HamaError | None = None
        self._silent = True
        self._cut_off = False
        # Attempts since the last good frame, whether the next frame is news, and that frame.
        self._attempt = 0
        self._again = False
        self._held: Occurrence | None = None
        # Whether it was ever a stream: then a page in its place will pass.
        self._had_frame = False
        #: When the last bytes came.
        self._arrived: Arrival | None = None
        #: The head of the answer that is coming in.
        self.response: Response | None = None
        #: What `Do.FAIL` is about.
        self.error: HamaError | None = None
        #: Seconds that `Do.SLEEP` is about.
        self.delay = 0.0
        #: Bytes that came in so far, over all connections.
        self.received = 0

    def __repr__(self) -> str:
        return f"<Conversation {self._request!r}>"

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

    @property
    def endpoint(self) -> Endpoint:
        """What to connect to next: the camera, or where it redirects to."""
        return self._endpoint

    # -- time

    def opening(self, now: float) -> float | None:
        """Seconds that connecting may take."""
        if not self._begun:
            self._begun = True
            self._patience.begin(now)
        return self._patience.opening(now)

    def patience(self, now: float) -> float | None:
        """The driver begins to wait: seconds that the next bytes may take, None for ever."""
        return self._patience.patience(now)

    def left(self, now: float) -> float | None:
        """The same for a driver that waits already."""
        return self._patience.left(now)

    def rested(self, now: float) -> None:
        """Up to now the driver did not want to receive."""
        self._patience.rested(now)

    def timed_out(self, now: float, *, sending: bool = False) -> None:
        """The time that `opening` or `patience` gave is over.

        Not for a wait that took much longer than it was to: then the process had been stopped,
        and the next step is to receive what has come meanwhile.
        """
        if self._step is Do.OPEN or sending or not self._patience.stood_still(now):
            self._time_is_up(self._patience.up(now))

    def _time_is_up(self, which: TimeUp) -> None:
        timeouts, place = self._settings.timeouts, self.endpoint
        if self._step is Do.OPEN and self._handshaking:
            times = [time for time in (timeouts.connect, timeouts.total) if time is not None]
            what = f"no TLS handshake within {min(times, default=0):g} s: is it http:// and not https://?"
            self.lost(ConnectTimeoutError(f"{place}: {what}"))
        elif which == "total":
            what = "no head" if isinstance(self._request, StreamRequest) else "no whole answer"
            self.lost(CameraTimeoutError(f"{place}: {what} within {timeouts.total or 0:g} s"))
        elif self._step is Do.OPEN:
            self.lost(
                ConnectTimeoutError(f"{place}: can't connect within {timeouts.connect or 0:g} s")
            )
        elif which == "frame":
            what = "frame of sound" if self._request.reply is Reply.AUDIO else "complete picture"
            self.lost(IdleTimeoutError(f"{place}: no {what} for {timeouts.frame or 0:g} s"))
        else:
            self.lost(IdleTimeoutError(f"{place}: silent for {timeouts.idle or 0:g} s"))

    # -- what the driver did

    def connected(self) -> None:
        """A connection stands, on which TLS begins before `opened`."""
        self._handshaking = True

    def reopen(self) -> None:
        """The connection was given up before anything came of it: the same again."""
        self._connection = self._new_connection()
        self._step = Do.OPEN

    def opened(self, now: float) -> bytes:
        """A connection stands: gives the bytes to be sent on it."""
        self._patience.opened(now)
        if self._request.reply is Reply.TALK:
            # No answer is due: it lasts as long as the sound.
            self._patience.endless()
        self._step = None
        self._handshaking = False
        self._eof = self._cut_off = False
        self._silent = True
        self._lost = self.response = None
        self._outcome = Outcome(self._request, limits=self._settings.limits)
        data = self._connection.send(self._asked)
        path, _, _ = self._asked.target.partition("?")
        login = "with" if b"\r\nAuthorization:" in data else "without"
        _log.debug("%s: connected, asks for %s %s a login", self.endpoint, path, login)
        return data

    def slept(self, now: float) -> None:
        """The delay is over."""
        self._patience.begin(now)
        self._connection = self._new_connection()
        self._step = Do.OPEN

    @property
    def is_open(self) -> bool:
        """Whether a connection stands that is of use."""
        return self._step is None

    @property
    def connection(self) -> ClientConnection:
        """The connection in use; for talk-back, which sends through it."""
        return self._connection

    def get_buffer(self, sizehint: int = -1) -> memoryview:
        """Where to receive into; see `ClientConnection.get_buffer`."""
        if self._step is None and not self._eof:
            return self._connection.get_buffer(sizehint)
        return memoryview(bytearray(_SCRATCH))

    def buffer_updated(self, nbytes: int, arrived: Arrival, now: float) -> None:
        """So many bytes were received; what comes behind the end is left unread.

        `now` is by the driver's clock, which `arrived` need not be.
        """
        self.received += nbytes
        self._arrived = arrived
        if self._step is None and not self._eof:
            self._connection.buffer_updated(nbytes)
            if self._silent and nbytes:
                self._silent = False
                if self._connection.first.startswith(_TLS_ALERT):
                    words = "it answers in TLS: is it https:// and not http://?"
                    self._fail_later(ConnectError(f"{self.endpoint}: {words}"))
            over = self._patience.heard(now)
            if over is not None:
                self._time_is_up(over)

    def receive_eof(self) -> None:
        """The camera closed the connection."""
        if self._silent and self._request.reply is not Reply.TALK:
            words = "the connection was closed without an answer"
            if not self.endpoint.secure:
                words += " (if it speaks TLS: https://)"
            self.lost(ConnectionLostError(f"{self.endpoint}: {words}"))
        else:
            self._end_input()

    def lost(self, error: HamaError) -> None:
        """The connection failed, or never stood."""
        if self._step is Do.OPEN:
            self._fail_later(error)
        elif self._step is None and not self._eof:
            self._lost = error
            self._end_input()

    def _end_input(self) -> None:
        if self._step is None and not self._eof:
            self._eof = True
            self._connection.receive_eof()

    # -- what comes next

    def step(self) -> Occurrence | Do:
        """What to do next, or what happened."""
        while self._step is None:
            if self._held is not None:
                held, self._held = self._held, None
                return held
            try:
                event = self._connection.next_event()
            except RemoteProtocolError as error:
                if self._silent and self._refusal is not None:
                    return self._fail(self._refusal)
                if self._silent and isinstance(self._lost, ConnectionLostError) and self._retried():
                    # Some devices hang up on whoever comes without a login.
                    continue
                return self._fail(self._told(error))
            if isinstance(event, Frame | AudioFrame):
                return self._frame(event)
            if isinstance(event, NeedData):
                return Do.RECEIVE
            given = self._take(event)
            if given is not None:
                return given
        if self._step is Do.FAIL and self._lost is not None:
            # A connection that never stood.
            return self._fail(self._lost)
        return self._step

    def _told(self, error: RemoteProtocolError) -> HamaError:
        """The error as what it is about: what ends in the middle of a line was lost."""
        if isinstance(error, LimitExceededError):
            return error if self._outcome.response is None else self._worded(error)
        if self._outcome.has_words:
            # The framing broke behind a refusal that came whole.
            self._outcome.add(EndOfStream(False))
            refusal = self._outcome.refusal
            if refusal is not None:
                refusal.__cause__ = error
                return refusal
        if not self._eof:
            # Where the head is at fault, it says so itself.
            return error if self._outcome.response is None else self._worded(error)
        lost = self._lost or ConnectionLostError(
            f"{self._settings.endpoint}: the connection ended before the answer did"
        )
        lost.__cause__ = error
        return self._worded(lost)

    def _worded(self, error: HamaError) -> HamaError:
        """The same error, which tells as well what had come before it."""
        told = self._outcome.told
        first = self._connection.first.lstrip(b"\r\n")
        if self._outcome.response is None and first[:5].upper() != b"HTTP/"[: len(first)]:
            # A page without a head, or another protocol altogether.
            told = f"what came is no HTTP: {harmless(first.decode('latin-1'))!r}..."
        if not told:
            return error
        made: HamaError
        if isinstance(error, RemoteProtocolError):
            made = type(error)(f"{error.message}; {told}", error.offset)
        else:
            made = type(error)(f"{error}; {told}")
        made.__cause__ = error.__cause__
        return made

    def _frame(self, event: Frame | AudioFrame) -> Occurrence | Do:
        event.received = self._arrived
        try:
            self._outcome.add(event)
        except LimitExceededError as error:
            return self._fail(error)
        if self._outcome.ready:
            # The image that was asked for: nothing behind it is waited for.
            self._lost = None
            self._step = Do.STOP
            return event
        attempts = self._attempt
        if isinstance(event, AudioFrame) or event.complete:
            self._attempt = 0
            self._had_frame = True
            self._patience.frame()
        if self._again:
            # Now, and not with the head: a camera whose slots are taken sends one too.
            self._again = False
            self._held = event
            _log.info("%s: the stream runs again, after attempt %d", self.endpoint, attempts)
            return Reconnected(attempts)
        return event

    def _take(self, event: Event) -> Occurrence | Do | None:
        """What becomes of an event: itself, another one, or nothing to be told of."""
        try:
            self._outcome.add(event)
        except LimitExceededError as error:
            return self._fail(error)
        if isinstance(event, Anomaly):
            self._cut_off = self._cut_off or event.code in _CUT_OFF
        elif isinstance(event, Response):
            return self._head(event)
        elif isinstance(event, EndOfStream):
            return self._end(event)
        return event

    def _head(self, response: Response) -> Occurrence | Do | None:
        _log.debug("%s: answers, status %s", self.endpoint, response.status)
        self._refusal = None
        if self._retried() or self._redirected() or self._tried_here():
            return None
        refusal = self._connection.login_error or self._outcome.refusal
        if refusal is not None:
            if isinstance(refusal, AuthenticationError) and not self._connection.login_error:
                refusal = AuthenticationError(f"{self.endpoint}: {refusal.message}", refusal.status)
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
        self._connection = self._connection.retry
        self._lost = None
        self._step = Do.OPEN
        return True

    def _tried_here(self) -> bool:
        """Whether a last try on this very connection may help: then that is next."""
        connection = self._connection
        if connection.login_error is None or self._eof or self._request.reply is Reply.TALK:
            return False
        with contextlib.suppress(RemoteProtocolError):
            for _ in connection.events():
                pass
        here = connection.retry_here
        if here is None:
            return False
        self._refusal = connection.login_error
        self._connection = here
        self._step = Do.SEND
        return True

    def _redirected(self) -> bool:
        """Whether the answer is to be had somewhere else: then that is asked next."""
        redirect = self._connection.redirect
        if redirect is None:
            return False
        place, at = redirect.place, self._settings.endpoint
        _log.debug("%s: redirects to %s", self.endpoint, place.authority)
        # The same host may have a zone, which is no matter of the camera.
        host = at.host if place.host == Place.of(at.authority, at.secure, "/").host else place.host
        self._endpoint = replace(
            at,
            host=host.strip("[]"),
            port=place.port,
            authority=place.authority,
            prefix="",
            secure=place.secure,
        )
        self._asked = redirect.request
        self._connection = redirect.connection
        self._lost = None
        self._step = Do.OPEN
        return True

    def _end(self, event: EndOfStream) -> Occurrence | Do:
        if self._outcome.frame is not None:
            # An image that was asked for, cut off: it says so itself.
            self._lost = None
            self._step = Do.STOP
            return event
        error = self._lost
        if error is None and (self._cut_off or (self._is_stream and not event.complete)):
            error = ConnectionLostError(
                f"{self._settings.endpoint}: the connection ended before the answer did"
            )
        silent = isinstance(self._lost, IdleTimeoutError)
        if error is not None and self._outcome.came_whole(silent=silent, cut_off=self._cut_off):
            error = None
        # What the device says against the request counts more than how the connection ended.
        refusal = self._outcome.refusal if error is None or self._has_refused else None
        if refusal is not None:
            refusal.__cause__ = self._lost
            return self._fail(refusal)
        if error is not None:
            error = self._worded(error)
        if self._backoff is not None:
            return self._fail(error)
        if error is None:
            _log.debug("%s: the answer is over, %d bytes", self.endpoint, self.received)
            self._step = Do.STOP
            return event
        _log.debug("%s: the end: %s", self.endpoint, self._words(error))
        self.error = error
        self._step = Do.FAIL
        self._lost = None
        return EndOfStream(False, event.offset)

    @property
    def _has_refused(self) -> bool:
        """Whether what came before the end is certain to be a refusal."""
        if self._lost is not None:
            return self._outcome.has_words
        # What was cut off inside its first words refuses nothing.
        return not (self._cut_off and self._outcome.is_half_a_line)

    @property
    def _is_stream(self) -> bool:
        return self._request.reply in (Reply.MJPEG, Reply.AUDIO, Reply.IMAGE)

    def _fail_later(self, error: HamaError) -> None:
        self._lost = error
        self._step = Do.FAIL

    def _fail(self, error: HamaError | None, response: Response | None = None) -> Disconnected | Do:
        self._lost = None
        if self._outcome.frame is not None:
            self._outcome.add(EndOfStream(False))
            self._step = Do.STOP
            return self._step
        backoff = self._backoff
        if backoff is not None and self._may_pass(error):
            self._attempt += 1
            if backoff.attempts is None or self._attempt <= backoff.attempts:
                self.delay = max(backoff.delay(self._attempt), self._asked_for(response, backoff))
                self._step = Do.SLEEP
                self._again = True
                place, words = self.endpoint, self._words(error)
                _log.warning(
                    "%s: %s; attempt %d in %.1f s", place, words, self._attempt, self.delay
                )
                return Disconnected(error, self._attempt, self.delay)
        _log.debug("%s: the end: %s", self.endpoint, self._words(error))
        self.error = error
        self._step = Do.STOP if error is None else Do.FAIL
        return self._step

    def _may_pass(self, error: HamaError | None) -> bool:
        """Whether another attempt can help: not against a wrong password, which locks out."""
        if isinstance(error, RefusedError):
            if error.status in _LATER or (error.status or 0) >= 500:
                return True
            # What was a stream, or is not back yet, shows a page while it starts.
            return is_success(error.status) and (self._had_frame or self._attempt > 0)
        return not isinstance(error, AuthenticationError | LocalProtocolError | CertificateError)

    def _asked_for(self, response: Response | None, backoff: Backoff) -> float:
        """Seconds that the device itself wants to be left alone, at most the cap."""
        if response is None or self._arrived is None:
            return 0.0
        return min(retry_after(response.headers, self._arrived.wall) or 0.0, backoff.cap)

    def _words(self, error: HamaError | None) -> str:
        """An error in words of ours, for the log: a device's own words are part of a body."""
        if error is None:
            return "the camera ended the stream"
        if not isinstance(error, TransportError):
            return type(error).__name__
        return str(error).removeprefix(f"{self.endpoint}: ")

    def result(self) -> R:
        """What the request's type promises; after `Do.STOP`."""
        return self._outcome.result()


def connection_failed(place: Endpoint, error: OSError, *, connecting: bool) -> TransportError:
    """An error of the operating system in our words."""
    # `reason` is what an error of `ssl` is about; its text names a line of C.
    words = getattr(error, "reason", None) or error.strerror or str(error) or type(error).__name__
    if type(error) is OSError or isinstance(error, ConnectionError):
        # asyncio puts the address in its words; the numbers of getaddrinfo are others.
        words = os.strerror(error.errno) if error.errno else words
    if connecting:
        made: TransportError = ConnectError(f"{place}: can't connect: {words}")
    else:
        made = ConnectionLostError(f"{place}: the connection was lost: {words}")
    made.__cause__ = error
    return made


# -- talk-back -------------------------------------------------------------------------

_GSM_FRAME: Final = 33
#: Seconds of sound in a GSM frame.
FRAME_SECONDS: Final = 0.02
#: How far ahead of the time of its playing sound is sent, so that a hiccup is not heard.
LEAD_SECONDS: Final = 0.2
#: How long to wait for a late refusal once all was sent.
LAST_WORD_SECONDS: Final = 1.0


def due_after(sent: int) -> float:
    """Seconds from the first frame at which the next may go, after so many bytes."""
    return max(0.0, sent // _GSM_FRAME * FRAME_SECONDS - LEAD_SECONDS)
