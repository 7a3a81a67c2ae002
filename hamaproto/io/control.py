"""What can be done to a simulated camera from outside, by a schedule or by a program.

A `Deed` (`hamaproto.camera.schedule`) is done at once; what lasts for some seconds ends by itself,
and the same deed again in that time makes it last from then on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from hamaproto.camera import Faults
from hamaproto.camera.schedule import Deed, Step, Timetable
from hamaproto.errors import LocalProtocolError
from hamaproto.io.serve import SimulatedCamera

__all__ = ["Control"]

Act = Callable[["Control", Deed], Awaitable[None]]


class Control:
    """The hands on one camera; `async with Control(camera)` lets go of it at the end.

    All methods belong to the event loop's thread.
    """

    def __init__(self, camera: SimulatedCamera) -> None:
        self.camera = camera
        #: What is going to be ended: by the name of the deed or fault.
        self._ends: dict[str, asyncio.Task[None]] = {}

    def __repr__(self) -> str:
        return f"<Control of {self.camera.url}, {len(self._ends)} to be ended>"

    async def __aenter__(self) -> Control:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End nothing more: what lasts, lasts."""
        tasks = list(self._ends.values())
        self._ends.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def do(self, deed: Deed) -> None:
        """Do it; LocalProtocolError for a deed that nobody knows."""
        act = _ACTS.get(deed.action)
        if act is None:
            raise LocalProtocolError(f"no deed is named {deed.action!r}; there are {_NAMES}")
        await act(self, deed)

    async def play(self, steps: Iterable[Step]) -> None:
        """Do the steps of a schedule, each at its time from now on, until none is left."""
        loop = asyncio.get_running_loop()
        began, table = loop.time(), Timetable(steps)
        while (due := table.due()) is not None:
            await asyncio.sleep(began + due - loop.time())
            for deed in table.take(max(due, loop.time() - began)):
                await self.do(deed)

    def set_faults(self, faults: Faults) -> None:
        """These from now on, in streams that run as well."""
        self.camera.state.faults = faults
        self.camera.pump()

    def _lasts(self, name: str, seconds: float | None, end: Callable[[], Awaitable[None]]) -> None:
        earlier = self._ends.pop(name, None)
        if earlier is not None:
            earlier.cancel()
        if seconds is None:
            return

        async def later() -> None:
            await asyncio.sleep(seconds)
            del self._ends[name]
            await end()

        self._ends[name] = asyncio.create_task(later())

    async def _stall(self, deed: Deed) -> None:
        self.camera.stall()

        async def end() -> None:
            self.camera.resume()

        self._lasts("stall", deed.seconds, end)

    async def _resume(self, deed: Deed) -> None:
        self._lasts("stall", None, _nothing)
        self.camera.resume()

    async def _refuse(self, deed: Deed) -> None:
        await self.camera.refuse()
        self._lasts("refuse", deed.seconds, self.camera.accept)

    async def _accept(self, deed: Deed) -> None:
        self._lasts("refuse", None, _nothing)
        await self.camera.accept()

    async def _reboot(self, deed: Deed) -> None:
        await self.camera.reboot(deed.seconds or 0.0)

    async def _motion(self, deed: Deed) -> None:
        state = self.camera.state
        state.motion = deed.argument != "off"

        async def end() -> None:
            state.motion = False

        self._lasts("motion", deed.seconds if state.motion else None, end)

    async def _kill(self, deed: Deed) -> None:
        self.camera.kill()

    async def _reset(self, deed: Deed) -> None:
        self.camera.reset()

    async def _set(self, deed: Deed) -> None:
        key, _, value = deed.argument.partition("=")
        self.camera.state.set(key, value, self.camera.now())
        self.camera.pump()

    async def _heal(self, deed: Deed) -> None:
        self.set_faults(Faults())

    async def _fault(self, deed: Deed) -> None:
        state, name = self.camera.state, deed.argument
        self.set_faults(state.faults.with_more(name))

        async def end() -> None:
            self.set_faults(state.faults.without(name))

        self._lasts(f"fault {Faults.name_of(name)}", deed.seconds, end)


async def _nothing() -> None:
    """There is nothing to end."""


_ACTS: Final[dict[str, Act]] = {
    "stall": Control._stall,
    "resume": Control._resume,
    "refuse": Control._refuse,
    "accept": Control._accept,
    "reboot": Control._reboot,
    "motion": Control._motion,
    "kill": Control._kill,
    "reset": Control._reset,
    "set": Control._set,
    "heal": Control._heal,
    "fault": Control._fault,
}
_NAMES: Final = ", ".join(_ACTS)
