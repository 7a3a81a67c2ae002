"""The driver for plain sockets: for threads, and for gevent once it has patched `socket`.

    with Camera("http://192.168.1.20", auth=("admin", "1234")) as camera:
        print(camera.execute(commands.brand()).product_full_name)
        for frame in camera.frames(): ...

One request is one connection.  A stream is read when its next event is asked for, in the
caller's own thread; what the caller does not take waits in the kernel, and then in the camera.
Only `policy="latest"` brings a thread, which reads all the time; `close` ends it.

A `Camera` may be used by many threads, a `Stream` by one, but for `close`, which any
thread may call and which wakes the one that waits.

Who follows a chunk from `recv` to `Frame` reads these files, in this order.  A chunk holds a whole
picture with its delimiter and head, or stands in the middle of a picture, or ends it:

    io/_socket_line.py        whole, middle, end  receives it
    session.py                whole, middle, end  takes the time, and gives the `Frame` out
    client.py                 whole, middle, end  knows the parser of the body at hand
    wire/mjpeg/parser.py      whole, middle, end  what a program calls
    wire/mjpeg/window.py      whole, end  what is to be read, and its offset
    wire/mjpeg/states.py      whole, end  makes the `Frame`
    wire/mjpeg/clean_head.py  whole  asked whether the head is as it was before
    wire/mjpeg/image.py       end  the picture at hand, and
    wire/mjpeg/store.py       whole, middle, end  its bytes, cut out or joined, and their EOI
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Final, Self, TypeVar, cast, overload

from hamaproto import commands
from hamaproto.client import Confirmed
from hamaproto.commands import Request, StreamRequest
from hamaproto.errors import RefusedError
from hamaproto.events import Frame
from hamaproto.inbox import Inbox
from hamaproto.io._driver import (
    BaseCamera,
    BaseStream,
    another_reads,
)
from hamaproto.io._socket_line import SocketLine
from hamaproto.models import Ack
from hamaproto.session import Action, Disconnected, Reconnected, Session, StreamEvent
from hamaproto.settings import Backoff, Policy, Timeouts
from hamaproto.sound import checked_frames, is_one_piece

__all__ = ["Backoff", "Camera", "Disconnected", "Reconnected", "Stream", "Timeouts"]

R = TypeVar("R")
E = TypeVar("E")

#: Seconds in which the thread of `policy="latest"` is to end.
_JOIN_SECONDS: Final = 5.0


class Camera(BaseCamera):
    """One camera, asked over plain sockets.

    `url` is `http://host[:port][/prefix]`, or https; `auth` is `(user, password)`, or what
    `ClientConnection` takes.  `timeout` is `Timeouts`, or a number of seconds (or None,
    for ever) for all of them.  `headers` are own fields for every request (User-Agent, Cookie).
    For https, `cafile` is a file of certificates (PEM) to trust beside no others, such as the
    camera's own; `verify=False` accepts any certificate; an `ssl.SSLContext` as `verify`
    decides everything itself.

    Raises what `hamaproto.errors` lists; every method but `close` raises LocalProtocolError
    once it was closed.
    """

    def execute(self, request: Request[R]) -> R:
        """Ask, and wait for the whole answer.

        Gives what the request promises: a `Frame`, a view of `hamaproto.models`, an `Ack` or a
        `RawAnswer`.  Raises DeviceError where the device refuses, TransportError where the network
        fails or `Timeouts.total` is over, and RemoteProtocolError for bytes without a safe reading.
        """
        session = self._begin(request)
        with self._line(session) as line:
            while not isinstance(step := session.step(), Action) or line.do(step):
                pass
        return cast(R, session.result())

    def update(self, request: Request[Ack]) -> Confirmed:
        """Change parameters, and read back what the camera made of them.

        `differences` of the result names what was stored otherwise.  Raises as `execute`, and
        LocalProtocolError for a request that sets nothing that can be read back.
        """
        plan = self._begin_update(request)
        asked = next(plan)
        try:
            while True:
                try:
                    answer = self.execute(asked)
                except RefusedError as error:
                    asked = plan.throw(error)
                else:
                    asked = plan.send(answer)
        except StopIteration as done:
            return cast(Confirmed, done.value)

    def snapshot(self) -> Frame:
        """The picture of this moment: `data` is a JPEG image, as it may stand in a file.

        `complete` is False if it was cut off on the way.  Raises as `execute`.
        """
        return self.execute(commands.image())

    def frames(
        self,
        request: StreamRequest[Any] | None = None,
        *,
        reconnect: Backoff | None = None,
        queue: int = 16,
        policy: Policy = "wait",
    ) -> Stream[Frame]:
        """Whole pictures, one after another; pictures that were cut off are left out.

        `request` is a stream of pictures; without it, `video_stream()`.  The arguments are those
        of `stream`, and so are the errors.  With `reconnect` losses pass unseen.
        """
        asked = self._pictures_of(request)
        return self._stream(asked, reconnect, queue, policy, pictures=True)

    @overload
    def stream(
        self,
        request: StreamRequest[E],
        *,
        reconnect: None = None,
        queue: int = 16,
        policy: Policy = "wait",
    ) -> Stream[E]: ...
    @overload
    def stream(
        self,
        request: StreamRequest[E],
        *,
        reconnect: Backoff,
        queue: int = 16,
        policy: Policy = "wait",
    ) -> Stream[E | Disconnected | Reconnected]: ...
    def stream(
        self,
        request: StreamRequest[Any],
        *,
        reconnect: Backoff | None = None,
        queue: int = 16,
        policy: Policy = "wait",
    ) -> Stream[Any]:
        """The events of an answer without end; nothing is asked before the first is taken.

        Without `reconnect` a loss is raised behind what came before it.  With it, losses
        are told as `Disconnected` and `Reconnected`; a refused login is raised all the same.
        With `policy="latest"` a frame that was not taken in time is replaced by the next, and
        `queue` bounds the other events that may wait.
        """
        return self._stream(request, reconnect, queue, policy)

    def _stream(
        self,
        request: StreamRequest[Any],
        reconnect: Backoff | None,
        queue: int,
        policy: Policy,
        *,
        pictures: bool = False,
    ) -> Stream[Any]:
        session, inbox = self._begin_stream(request, reconnect, queue, policy)
        line = self._line(session)
        reader = None if policy == "wait" else _Reader(line, inbox)
        return self._given(Stream(session, line, reader, pictures=pictures))

    def talk(self, frames: bytes | Iterable[bytes]) -> int:
        """Say something: GSM 06.10 frames of 33 bytes, one at a time or many, at their pace.

        50 frames are a second.  Gives how many were sent.  This is not in the specification, and no
        camera has been seen to answer: whether the sound was heard is not known.
        """
        checked_frames(frames, asynchronous=False)
        if self._settings.needs_login_first:
            self.execute(commands.audio_status())
        session = self._session(commands.talk())
        sound = cast(Iterable[bytes], (frames,) if is_one_piece(frames) else frames)
        with self._line(session) as line:
            return line.talk(iter(sound))

    def close(self) -> None:
        """Close every connection; a stream that is being read ends."""
        self._close_lines()

    def __enter__(self) -> Self:
        self._in_with = True
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _line(self, session: Session[Any]) -> SocketLine:
        line = SocketLine(session, self._tls)
        self._lines.add(line)
        return line


class Stream(BaseStream[E]):
    """The events of an endless answer, as an iterator; also a context manager.

    The last event of a stream is `EndOfStream`.  If the end is a loss, the error is raised
    behind it.
    """

    __slots__ = ("_reader",)

    def __init__(
        self, session: Session[Any], line: SocketLine, reader: _Reader | None, *, pictures: bool
    ) -> None:
        super().__init__(session, line, pictures=pictures)
        self._reader = reader

    @property
    def dropped(self) -> int:
        """Events that were replaced by newer ones (`policy="latest"`)."""
        return 0 if self._reader is None else self._reader.inbox.dropped

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> E:
        source = self._line if self._reader is None else self._reader
        while (event := source.next_event()) is not None:
            if self.shows(event):
                return cast(E, event)
        raise StopIteration

    def close(self) -> None:
        """Close the connection at once; what was not taken is gone."""
        self._line.close()
        if self._reader is not None:
            self._reader.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class _Reader:
    """The thread that reads for `policy="latest"`; it begins with the first event asked for."""

    def __init__(self, line: SocketLine, inbox: Inbox[StreamEvent]) -> None:
        self.inbox = inbox
        self._line = line
        self._news = threading.Condition()
        self._over = False
        self._busy = False
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def next_event(self) -> StreamEvent | None:
        """The next event; None at the end, or when the line was closed."""
        with self._news:
            if self._busy:
                raise another_reads()
            if self._thread is None and not self._line.closed:
                # It holds the line and not the stream, which can thus be collected, and close it.
                thread = threading.Thread(target=self._run, name="hamaproto-reader", daemon=True)
                thread.start()
                self._thread = thread
            self._busy = True
            try:
                while not self.inbox and not self._over and not self._line.closed:
                    self._news.wait()
                if self.inbox and not self._line.closed:
                    return self.inbox.get()
            finally:
                self._busy = False
        if self._error is not None and not self._line.closed:
            raise self._error.with_traceback(None)
        return None

    def _run(self) -> None:
        try:
            while (event := self._line.next_event()) is not None:
                with self._news:
                    self.inbox.put(event)
                    self._news.notify()
        except BaseException as error:
            self._error = error
        finally:
            with self._news:
                self._over = True
                self._news.notify()

    def join(self) -> None:
        if self._thread is not None and self._thread is not threading.current_thread():
            # It is woken, but for a question to a name server, which can't be interrupted.
            self._thread.join(_JOIN_SECONDS)
