"""The simulated camera on a real socket: an asyncio server around `ServerConnection`.

`serve(state)` is an async context manager for programs that have an event loop,
`running_camera(state)` a context manager that brings its own thread, for tests and for
blocking programs.  Both listen on a port that the system chooses unless told otherwise,
both can be stalled, killed, reset, rebooted and restarted from outside, refuse connections for a
while, take any clock, and leave no task, thread or socket behind.

The write buffer of a client never holds more than one piece: nothing is asked of the
connection while the transport still has bytes, so a slow client misses pictures.  How much the
kernel holds is bounded too, as on a small device.  Talk-back is listened to at a multiple of its
pace and no faster, so that who floods it slows nobody else.

An answer that is over is followed by the end of the stream, and then by nothing but reading: to
close while bytes of a request's body are on their way would reset the connection, and the client
could lose the answer (RFC 9112 9.6).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, Final, Self, TypeVar, cast

from hamaproto.camera import CameraState, ServerConnection
from hamaproto.camera.clock import Clock, ManualClock, RushingClock
from hamaproto.camera.streams import TalkStream
from hamaproto.errors import LocalProtocolError
from hamaproto.io.listening import Listener

__all__ = ["CameraThread", "SimulatedCamera", "running_camera", "serve"]

T = TypeVar("T")

#: Seconds in which a request must be complete, and in which a client must take something.
PATIENCE: Final = 30.0
#: Bytes that the kernel may hold for a client, and from one (Linux doubles them).
SEND_BUFFER: Final = 128 * 1024
RECEIVE_BUFFER: Final = 64 * 1024

#: Seconds and bytes for which is read on behind an answer.
LINGER: Final = 2.0
LINGER_BYTES: Final = 4 * 1024 * 1024
#: Talk-back: bytes that are taken at once, and bytes a second behind them.  Sound in real time
#: is 1,650 bytes a second.
TALK_BURST: Final = 64 * 1024
TALK_RATE: Final = 256 * 1024
#: Bytes after which everybody else has a turn.
_SLICE: Final = 4096

#: Pieces for one client in a row where no clock holds it back.
_PIECES: Final = 16
#: How often, and seconds apart, a port is tried that somebody took while the camera was away.
_TRIES, _AGAIN = 100, 0.1

_LINGER_NOT: Final = struct.pack("ii", 1, 0)


class _Client(asyncio.Protocol):
    """One connection: moves bytes between a transport and a `ServerConnection`."""

    def __init__(self, camera: SimulatedCamera) -> None:
        self._camera = camera
        self._connection = ServerConnection(camera.state)
        self._loop = asyncio.get_running_loop()
        self._wakeup: asyncio.TimerHandle | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._paused = False
        #: The answer is over, and what still comes is read away.
        self._lingering = False
        self._read_away = 0
        #: The client has ended its side.
        self._ended = False
        #: Talk-back that waits for its turn, and how much had one since when.
        self._talk = bytearray()
        self._talk_timer: asyncio.TimerHandle | None = None
        self._talk_taken = 0
        self._talk_since = 0.0
        self._transport: asyncio.Transport | None = None
        #: The time of this client alone, where the clock rushes.
        self._own_time = camera.now()
        camera.clients.add(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are transports in all but their class.
        self._transport = transport = cast(asyncio.Transport, transport)
        transport.set_write_buffer_limits(high=0)
        self._set_deadline()
        if not self._camera.listening:
            # It was accepted just before the camera stopped.
            transport.abort()
        elif self._connection.next_wakeup(0.0) is not None:
            # Some have something to say before they are asked.
            self.pump()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timers()
        self._connection.close()
        self._transport = None
        self._camera.forget(self)

    def data_received(self, data: bytes) -> None:
        connection = self._connection
        if self._lingering:
            self._read_away += len(data)
            if self._read_away > LINGER_BYTES and self._transport is not None:
                self._transport.close()
            return
        for at in range(0, len(data), _SLICE):
            if isinstance(connection.stream, TalkStream):
                self._talk += data[at:]
                break
            connection.receive_data(data[at : at + _SLICE])
        if connection.asked and not self._paused:
            self._clear_deadline()
        if self._talk and self._talk_timer is None:
            self._take_talk()
        self.pump()

    def _take_talk(self) -> None:
        """Give a slice of talk-back its turn, and read no more until the next one has its own."""
        self._talk_timer = None
        if self._transport is None or self._transport.is_closing():
            return
        now = self._loop.time()
        self._talk_since = self._talk_since or now
        piece = bytes(self._talk[:_SLICE])
        del self._talk[:_SLICE]
        self._connection.receive_data(piece)
        self._talk_taken += len(piece)
        ahead = self._talk_taken - TALK_BURST - TALK_RATE * (now - self._talk_since)
        if self._connection.closed:
            self._talk.clear()
            self._transport.resume_reading()
            self.pump()
        elif self._talk or ahead > 0:
            self._transport.pause_reading()
            self._talk_timer = self._loop.call_later(max(0.0, ahead / TALK_RATE), self._take_talk)
        else:
            self._transport.resume_reading()

    def eof_received(self) -> bool:
        # The client has no more to say; its answer may still be on the way.
        self._ended = True
        self._connection.receive_eof()
        if self._lingering and self._transport is not None:
            self._transport.close()
        self.pump()
        return True

    def pause_writing(self) -> None:
        self._paused = True
        self._set_deadline()

    def resume_writing(self) -> None:
        self._paused = False
        if self._lingering:
            self._set_deadline(LINGER)
            return
        self._clear_deadline()
        self.pump()

    def pump(self) -> None:
        """Write what is due, as far as the client takes it, and come again."""
        if self._wakeup is not None:
            self._wakeup.cancel()
            self._wakeup = None
        transport = self._transport
        if transport is None or transport.is_closing() or self._lingering:
            return
        connection = self._connection
        if self._camera.stalled and not connection.closed:
            if self._ended:
                # Most likely it has gone; nothing would tell in all the time that may pass.
                transport.close()
            return
        pieces = 0
        # A client that went away shows in a write; asyncio complains about the ones behind it.
        while not self._paused and not transport.is_closing():
            now = self._own_time if self._camera.rushes else self._camera.now()
            piece = connection.data_to_send(now)
            if piece:
                transport.write(piece)
                pieces += 1
                if pieces < _PIECES or not self._camera.rushes:
                    continue
                # In a rush there is always more, and others want to be served as well.
                self._wakeup = self._loop.call_later(0.0, self.pump)
            elif connection.closed:
                self._close(transport)
            else:
                wakeup = connection.next_wakeup(now)
                if wakeup is not None and self._camera.rushes:
                    self._own_time = wakeup
                    continue
                if wakeup is not None and not self._camera.stands_still:
                    self._wakeup = self._loop.call_later(max(0.0, wakeup - now), self.pump)
            return

    def _close(self, transport: asyncio.Transport) -> None:
        if self._connection.reset:
            self.reset()
            return
        # The slot of a stream is free for the next client at once.
        self._connection.close()
        if self._ended or not transport.can_write_eof():
            transport.close()
            # What is still in the buffer must not keep the socket open for ever.
            self._set_deadline()
            return
        self._lingering = True
        transport.write_eof()
        self._set_deadline(PATIENCE if self._paused else LINGER)

    def _give_up(self) -> None:
        """The client took too long."""
        if self._transport is not None and self._lingering and not self._paused:
            self._transport.close()
        else:
            self.kill()

    def kill(self) -> None:
        """Close at once, whatever is still unsent."""
        if self._transport is not None:
            self._transport.abort()

    def reset(self) -> None:
        """Close at once, with a reset."""
        if self._transport is not None:
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            self._transport.abort()

    def _set_deadline(self, seconds: float | None = None) -> None:
        self._clear_deadline()
        wait = PATIENCE if seconds is None else seconds
        self._deadline = self._loop.call_later(wait, self._give_up)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _cancel_timers(self) -> None:
        self._clear_deadline()
        for timer in (self._wakeup, self._talk_timer):
            if timer is not None:
                timer.cancel()
        self._wakeup = self._talk_timer = None


class SimulatedCamera:
    """A `CameraState` that listens on a socket; see `serve`.

    All methods belong to the event loop's thread.
    """

    def __init__(
        self,
        state: CameraState | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
    ) -> None:
        self.state = state if state is not None else CameraState()
        self.host = host
        self.port = port
        """The port; 0 until the system has chosen one."""
        self.stalled = False
        """Whether nothing is sent at the moment."""
        self.clients: set[_Client] = set()
        """The connections that are open; for the server's own use."""
        self._listener: Listener | None = None
        self._gone: asyncio.Event | None = None
        self._coming_back: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._origin = 0.0
        self._clock = clock

    def __repr__(self) -> str:
        return f"<SimulatedCamera {self.url}, {len(self.clients)} clients>"

    @property
    def url(self) -> str:
        """`http://host:port`, without credentials."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def listening(self) -> bool:
        """Whether it accepts connections: it was started, and has not stopped or refused since."""
        return self._listener is not None

    @property
    def rushes(self) -> bool:
        """Whether nobody waits for a frame (`RushingClock`)."""
        return isinstance(self._clock, RushingClock)

    @property
    def stands_still(self) -> bool:
        """Whether time goes on when it is told to, and by itself never (`ManualClock`)."""
        return isinstance(self._clock, ManualClock)

    def now(self) -> float:
        """The camera's time: what its clock says, or seconds since it was first started."""
        return time.monotonic() - self._origin if self._clock is None else self._clock()

    async def start(self) -> None:
        """Listen.  Raises OSError if the address can't be had."""
        self._loop = asyncio.get_running_loop()
        if self._clock is None:
            self.state.epoch = self.state.epoch or time.time()
            self._origin = time.monotonic() - (time.time() - self.state.epoch)
        await self.accept()
        if isinstance(self._clock, ManualClock) and self._time_went_on not in self._clock.watchers:
            self._clock.watchers.append(self._time_went_on)

    def _time_went_on(self) -> None:
        """For the clock, in any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self.pump)

    async def accept(self) -> None:
        """Accept connections, again on the same port behind `refuse`; OSError if it is taken."""
        if self._listener is None:
            listener = Listener(
                lambda: _Client(self), send_buffer=SEND_BUFFER, receive_buffer=RECEIVE_BUFFER
            )
            self.port = await listener.open(self.host, self.port)
            self._listener = listener

    async def refuse(self) -> None:
        """Accept no more connections; those that are open go on."""
        if self._listener is not None:
            listener, self._listener = self._listener, None
            await listener.close()

    async def reboot(self, seconds: float = 0.0) -> None:
        """Be away for so long: every connection is closed, and new ones are refused.

        Returns when the camera is away; it comes back by itself.
        """
        await self._stay_away()
        await self.refuse()
        self.kill()
        self.state.reboot(self.now())
        self._coming_back = asyncio.create_task(self._come_back(seconds))

    async def _come_back(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        for left in reversed(range(_TRIES)):
            try:
                await self.accept()
                break
            except OSError:
                if not left:
                    raise
                await asyncio.sleep(_AGAIN)

    async def _stay_away(self) -> None:
        task, self._coming_back = self._coming_back, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def stop(self) -> None:
        """Stop listening, close every connection, and wait until all are gone."""
        await self._stay_away()
        if isinstance(self._clock, ManualClock) and self._time_went_on in self._clock.watchers:
            self._clock.watchers.remove(self._time_went_on)
        await self.refuse()
        self.kill()
        if self.clients:
            self._gone = asyncio.Event()
            await self._gone.wait()

    async def restart(self) -> None:
        """Stop, and listen again on the same port."""
        await self.stop()
        await self.start()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    def kill(self) -> None:
        """Close every connection at once, in the middle of whatever it is sending."""
        for client in tuple(self.clients):
            client.kill()

    def reset(self) -> None:
        """Close every connection with a reset."""
        for client in tuple(self.clients):
            client.reset()

    def stall(self) -> None:
        """Send nothing more to anybody, and keep every connection open."""
        self.stalled = True

    def resume(self) -> None:
        """Go on sending; what was due in between is lost."""
        self.stalled = False
        self.pump()

    def pump(self) -> None:
        """Look at every connection: the faults or the time have been changed from outside."""
        for client in tuple(self.clients):
            client.pump()

    def forget(self, client: _Client) -> None:
        """A connection is gone; for the server's own use."""
        self.clients.discard(client)
        if not self.clients and self._gone is not None:
            self._gone.set()


def serve(
    state: CameraState | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    clock: Clock | None = None,
) -> SimulatedCamera:
    """A simulated camera to be used as `async with serve(state) as camera: camera.url`.

    With `port=0` the system chooses one; without a state it is a new camera.  With a `clock` of
    `hamaproto.camera.clock`, or any function that gives seconds, the camera's time is that one,
    and `CameraState.epoch` is left as it is.
    """
    return SimulatedCamera(state, host=host, port=port, clock=clock)


class CameraThread:
    """A simulated camera that runs in a thread of its own; see `running_camera`.

    The methods may be called from any thread and return when the camera has done it.
    """

    def __init__(self, camera: SimulatedCamera) -> None:
        self.camera = camera
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._started = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="hamaproto-camera", daemon=True)

    def __repr__(self) -> str:
        return f"<CameraThread {self.url}>"

    @property
    def url(self) -> str:
        """`http://host:port`, without credentials."""
        return self.camera.url

    @property
    def state(self) -> CameraState:
        """The camera.  Reading it is safe; change it with `call`."""
        return self.camera.state

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # raised again in the caller's thread
            self._error = error
        finally:
            self._started.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        async with self.camera:
            self._started.set()
            await self._stop.wait()

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            self._thread.join()
            raise self._error
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._loop is not None and self._stop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has died with an error of its own
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if self._error is not None:
            raise self._error

    def call(self, function: Callable[[], T]) -> T:
        """Run a function in the camera's thread and return what it returns."""

        async def run() -> T:
            return function()

        return self.run(run())

    def kill(self) -> None:
        """Close every connection at once, in the middle of whatever it is sending."""
        self.call(self.camera.kill)

    def reset(self) -> None:
        """Close every connection with a reset."""
        self.call(self.camera.reset)

    def stall(self) -> None:
        """Send nothing more to anybody, and keep every connection open."""
        self.call(self.camera.stall)

    def resume(self) -> None:
        """Go on sending; what was due in between is lost."""
        self.call(self.camera.resume)

    def stop(self) -> None:
        """Stop listening and close every connection; `restart` brings the camera back."""
        self.run(self.camera.stop())

    def restart(self) -> None:
        """Listen again on the same port, all connections closed."""
        self.run(self.camera.restart())

    def refuse(self) -> None:
        """Accept no more connections; those that are open go on."""
        self.run(self.camera.refuse())

    def accept(self) -> None:
        """Accept connections again behind `refuse`."""
        self.run(self.camera.accept())

    def reboot(self, seconds: float = 0.0) -> None:
        """Be away for so long; returns at once, and the camera comes back by itself."""
        self.run(self.camera.reboot(seconds))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the camera's thread and return what it returns."""
        if self._loop is None or self._loop.is_closed():
            coroutine.close()
            raise LocalProtocolError("the camera runs inside its `with` block only")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


@contextlib.contextmanager
def running_camera(
    state: CameraState | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    clock: Clock | None = None,
) -> Iterator[CameraThread]:
    """A simulated camera in a thread: `with running_camera() as camera: camera.url`.

    The arguments are those of `serve`.
    """
    with CameraThread(SimulatedCamera(state, host=host, port=port, clock=clock)) as camera:
        yield camera
