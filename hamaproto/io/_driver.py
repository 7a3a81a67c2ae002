"""What `Camera` and `Stream` are in every driver: arguments, checks, properties, words.

A driver adds what waits: how a connection is opened, read, written and closed.  That is its
`Line`, one for each session; what stands here needs to know no more of it than its end.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Generator
from typing import Any, Generic, Protocol, TypeVar
from weakref import WeakSet

from hamaproto import _checks, commands
from hamaproto.client import Confirmed, confirm
from hamaproto.commands import BaseRequest, Reply, Request, StreamRequest
from hamaproto.errors import LocalProtocolError
from hamaproto.events import Frame, Response
from hamaproto.fields import GivenFields
from hamaproto.inbox import Inbox
from hamaproto.io._tls import Tls, Verify
from hamaproto.limits import DEFAULT_LIMITS, Limits
from hamaproto.models import Ack
from hamaproto.session import Session, StreamEvent
from hamaproto.settings import (
    DEFAULT_TIMEOUTS,
    Auth,
    Backoff,
    Policy,
    Settings,
    Timeouts,
    check_policy,
)

__all__ = ["BaseCamera", "BaseStream", "Line", "another_reads", "was_closed"]

E = TypeVar("E")
S = TypeVar("S", bound="BaseStream[Any]")


class Line(Protocol):
    """The connection of a session, as far as it is the same in all drivers."""

    @property
    def closed(self) -> bool:
        """Whether it was closed by the program."""

    @property
    def is_open(self) -> bool:
        """Whether it holds a socket, or is about to."""

    def close(self) -> None:
        """Close it at once, whoever waits for it."""


def another_reads() -> LocalProtocolError:
    """The error of the second one who wants the events of a stream."""
    return LocalProtocolError(
        "the events of a stream are for one task (or thread) at a time: another waits for them"
    )


def was_closed(doing: str) -> LocalProtocolError:
    """The error of a call in the middle of which the program has closed its camera."""
    return LocalProtocolError(f"the Camera was closed while it was {doing}")


def _check_request(request: object, kind: type[BaseRequest], method: str) -> None:
    """Raises LocalProtocolError for a request that the method is not for."""
    if not isinstance(request, kind):
        allowed = f"a {kind.__name__}, as hamaproto.commands makes them"
        if isinstance(request, BaseRequest):
            other = "stream()" if isinstance(request, StreamRequest) else "execute()"
            allowed += f"; a {type(request).__name__} is for {other}"
        elif isinstance(request, str):
            allowed += "; commands.raw(target) asks for any target"
        raise _checks.wrong_type(method, "request", request, allowed)


class BaseCamera:
    """The part of a driver's `Camera` that waits for nothing."""

    def __init__(
        self,
        url: str,
        *,
        auth: Auth = None,
        timeout: Timeouts | float | None = DEFAULT_TIMEOUTS,
        limits: Limits | None = None,
        verify: Verify = True,
        cafile: str | os.PathLike[str] | None = None,
        headers: GivenFields = None,
    ) -> None:
        self._lines: WeakSet[Any] = WeakSet()
        self._closed = False
        #: Whether a `with` statement holds it, which closes it and all its streams.
        self._in_with = False
        self._settings = Settings(
            url, auth=auth, timeout=timeout, limits=limits, headers=headers, stacklevel=3
        )
        self._tls = Tls(verify, cafile)
        if self._settings.endpoint.secure:
            # A wrong certificate file is found here, and nobody waits for it later.
            _ = self._tls.context

    def __repr__(self) -> str:
        return f"<Camera {self.url}{', closed' if self._closed else ''}>"

    @property
    def url(self) -> str:
        """Where it is, without credentials."""
        return self._settings.endpoint.url

    def _session(self, request: BaseRequest, reconnect: Backoff | None = None) -> Session[Any]:
        if self._closed:
            raise LocalProtocolError("the Camera was closed")
        return Session(request, self._settings, reconnect=reconnect)

    def _begin(self, request: BaseRequest) -> Session[Any]:
        """The session of a request whose answer ends."""
        _check_request(request, Request, "execute")
        return self._session(request)

    def _begin_update(self, request: Request[Ack]) -> Generator[Request[Any], Any, Confirmed]:
        """The plan of an update that is read back."""
        _check_request(request, Request, "update")
        return confirm(request)

    def _pictures_of(self, request: StreamRequest[Any] | None) -> StreamRequest[Any]:
        """The stream that `frames()` shows.  Raises LocalProtocolError for one without pictures."""
        if request is None:
            return commands.video_stream()
        _check_request(request, StreamRequest, "frames")
        if request.reply is not Reply.MJPEG:
            allowed = "a stream of pictures; stream() is for any other"
            raise _checks.wrong_value("frames", "request", request, allowed)
        return request

    def _begin_stream(
        self, request: BaseRequest, reconnect: Backoff | None, queue: int, policy: Policy
    ) -> tuple[Session[Any], Inbox[StreamEvent]]:
        """The session of a stream, and what holds its events."""
        _check_request(request, StreamRequest, "stream")
        if reconnect is not None:
            _checks.instance("stream", "reconnect", reconnect, Backoff, "a Backoff, or None")
        check_policy(policy, queue)
        limits = self._settings.limits or DEFAULT_LIMITS
        inbox: Inbox[StreamEvent] = Inbox(
            queue, latest=policy == "latest", max_bytes=limits.max_inbox
        )
        return self._session(request, reconnect), inbox

    def _given(self, stream: S) -> S:
        """A stream of this camera, before the caller has it."""
        stream._in_with = self._in_with
        return stream

    def _close_lines(self) -> tuple[Any, ...]:
        """Close whatever is open; gives what was closed."""
        self._closed = True
        lines = tuple(self._lines)
        for line in lines:
            line.close()
        return lines

    def __del__(self) -> None:
        # It may be half made.
        lines = self.__dict__.get("_lines", ())
        if any(line.is_open and not line.closed for line in lines):
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)


class BaseStream(Generic[E]):
    """The part of a driver's `Stream` that waits for nothing.

    With `pictures`, it gives whole pictures and nothing else.
    """

    __slots__ = ("__weakref__", "_in_with", "_line", "_pictures", "_session")

    def __init__(self, session: Session[Any], line: Line, *, pictures: bool = False) -> None:
        self._session = session
        self._line: Any = line
        self._pictures = pictures
        #: Whether its camera is held by a `with` statement, so that nothing can be forgotten.
        self._in_with = False

    def __repr__(self) -> str:
        return f"<Stream {self._session!r}{', closed' if self._line.closed else ''}>"

    def shows(self, event: StreamEvent) -> bool:
        """Whether an event is one that this stream gives."""
        return not self._pictures or (isinstance(event, Frame) and event.complete)

    @property
    def response(self) -> Response | None:
        """The head of the answer, once it came."""
        return self._session.response

    @property
    def received(self) -> int:
        """Bytes that came in so far."""
        return self._session.received

    def __del__(self) -> None:
        # A loop that was left by `break` leaves nobody who could close it.
        line = getattr(self, "_line", None)
        if line is None:
            return
        try:
            if line.is_open and not line.closed and not self._in_with:
                warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self, stacklevel=2)
        finally:
            with contextlib.suppress(RuntimeError):  # the event loop may be closed by now
                line.close()
