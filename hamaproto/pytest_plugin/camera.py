"""`HamaCamera`: a simulated camera in a thread, with what a test wants to do to it.

    with HamaCamera(faults="stall@3") as camera:
        client_under_test(camera.url)

It draws the mosaic, so that nothing but this package is needed and the same clock gives the same
bytes everywhere.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

from hamaproto.camera import CameraState, Exchange, Faults, Pictures
from hamaproto.camera.clock import Clock
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.errors import LocalProtocolError
from hamaproto.io.serve import CameraThread, SimulatedCamera

__all__ = ["HamaCamera"]

#: Requests that are shown of a failing test.
_SHOWN: Final = 50


class HamaCamera:
    """A camera of its own on a port that the system chooses, from `with` on.

    `profile` is a name of `hamaproto.camera.PROFILES`; `faults` names of `FAULTS`, as in
    `"lf, stall@3"`; `users` names and passwords, or None for no login; `clock` any function that
    gives seconds, or one of `hamaproto.camera.clock`.  `seed` chooses what is left to chance.
    Further arguments are those of `CameraState`.  Raises `LocalProtocolError` for what makes no
    sense.
    """

    def __init__(
        self,
        *,
        profile: str | None = None,
        faults: str | Iterable[str] | Faults | None = None,
        users: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        seed: int = 0,
        **options: Any,
    ) -> None:
        if profile is not None:
            options["profile"] = profile
        options.setdefault("pictures", Pictures(draw_mosaic))
        options.setdefault("camera_id", 0)
        try:
            state = CameraState(faults=Faults.parse(faults), users=users, seed=seed, **options)
        except TypeError as error:
            raise LocalProtocolError(f"a camera takes no such argument: {error}") from None
        self._thread = CameraThread(SimulatedCamera(state, clock=clock))
        self._seen = 0

    def __repr__(self) -> str:
        return f"<HamaCamera {self.url}, {self.state.log.requests} requests>"

    def __enter__(self) -> Self:
        self._thread.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._thread.__exit__(exc_type, exc, traceback)

    # What it is

    @property
    def url(self) -> str:
        """`http://127.0.0.1:port`, without a login."""
        return self._thread.url

    @property
    def host(self) -> str:
        """The address that it listens on."""
        return self._thread.camera.host

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._thread.camera.port

    @property
    def state(self) -> CameraState:
        """The camera itself.  Reading it is safe; change it with `call`."""
        return self._thread.state

    @property
    def requests(self) -> tuple[Exchange, ...]:
        """What it was asked, oldest first; of many the last thousand."""
        return tuple(self.state.log)

    @property
    def frames_sent(self) -> int:
        """Whole pictures and GSM frames that went out, to all clients together."""
        return self.state.log.frames_sent

    @property
    def now(self) -> float:
        """The camera's time, in seconds."""
        return self._thread.camera.now()

    # What can be done to it

    @property
    def faults(self) -> Faults:
        """What is wrong with it.  Set it at any time: `camera.faults = "lf, drop:percent=5"`."""
        return self.state.faults

    @faults.setter
    def faults(self, faults: str | Iterable[str] | Faults | None) -> None:
        chosen = Faults.parse(faults)

        def change() -> None:
            self.state.faults = chosen
            self._thread.camera.pump()

        self._thread.call(change)

    def set(self, key: str, value: object) -> str:
        """Set a parameter as a client would; gives what the device made of the value.

        Raises `LocalProtocolError` if no such parameter can be set.
        """
        return self._thread.call(lambda: self.state.set(key, str(value), self.now))

    def call(self, change: Any) -> Any:
        """Call `change(state)` in the camera's thread, and give what it returns."""
        return self._thread.call(lambda: change(self.state))

    @contextlib.contextmanager
    def stalled(self) -> Iterator[Self]:
        """While inside, nothing is sent to anybody, and every connection stays open."""
        self._thread.stall()
        try:
            yield self
        finally:
            self._thread.resume()

    @contextlib.contextmanager
    def refuse(self) -> Iterator[Self]:
        """While inside, new connections are refused; those that are open go on."""
        self._thread.refuse()
        try:
            yield self
        finally:
            self._thread.accept()

    def reboot(self, seconds: float = 0.0) -> None:
        """Be away for so long: connections are closed, new ones refused; motors go home.

        Returns at once; the camera comes back by itself.
        """
        self._thread.reboot(seconds)

    def kill(self) -> None:
        """Close every connection at once, in the middle of whatever it is sending."""
        self._thread.kill()

    def reset(self) -> None:
        """Close every connection with a reset."""
        self._thread.reset()

    # What a failing test shows

    def begin(self) -> None:
        """Note that a test begins: `told` is about what comes from here on."""
        self._seen = self.state.log.requests

    def told(self) -> str:
        """The requests since `begin`, a line each; empty if there were none."""
        lines = [str(one) for one in self.state.log.since(self._seen)]
        left = self.state.log.requests - self._seen - len(lines[-_SHOWN:])
        more = [f"({left} requests before these)"] if left else []
        faults = ", ".join(self.faults.names)
        about = [f"faults: {faults}"] if faults and lines else []
        return "\n".join([*about, *more, *lines[-_SHOWN:]])
