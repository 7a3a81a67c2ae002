"""What is asked of a camera beside its streams: what it can, how it is set, where it looks.

Movements go one at a time, and the newest is next.  Settings are read back.  The cameras list no
presets: names and little pictures are what this gateway has seen, and gone with it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

from hamaproto import commands
from hamaproto.commands import Direction, Request
from hamaproto.commands.choices import PRESET_INDEXES
from hamaproto.errors import HamaError, RefusedError
from hamaproto.gateway.settings import GROUPS, SETTINGS, NotAllowedError, Setting, Value, shown
from hamaproto.gateway.shot import Shot
from hamaproto.gateway.steering import Newest
from hamaproto.io.asyncio import Camera
from hamaproto.models import Availability

__all__ = ["Abilities", "Controls"]

#: Seconds that one question to the camera may take.
PATIENCE: Final = 10.0
#: Seconds for which is believed what a camera can, and for which it is not asked again after it
#: did not say.
_KNOWN: Final = 300.0
_UNKNOWN: Final = 5.0
#: Steps that one command may make, and seconds until a preset is reached.
MOST_STEPS: Final = 20
ARRIVED: Final = 3.0
#: Characters of the name of a preset, and those that a camera can't be sent.
MOST_NAME: Final = 60
_NOT_CARRIED: Final = re.compile(r"[^A-Za-z0-9._-]")
#: Directions under more names than the specification's.
_DIRECTIONS: Final = {"home": Direction.CENTER, **{one.value: one for one in Direction}}


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a camera is and can; None is what it did not say."""

    model: str | None = None
    firmware: str | None = None
    hears: bool | None = None
    speaks: bool | None = None
    moves: bool | None = None

    def as_data(self) -> dict[str, Any]:
        """For JSON.  What a camera does not say, it is believed to be able to do."""
        moves, hears, speaks = (one is not False for one in (self.moves, self.hears, self.speaks))
        return {
            "model": self.model,
            "firmware": self.firmware,
            "sound": hears,
            "talk": speaks,
            "can": {"move": moves, "presets": moves, "sound": hears, "talk": speaks},
        }


class _Order:
    """Something that the camera is to do, for somebody who waits."""

    def __init__(self, work: Callable[[], Awaitable[bool]]) -> None:
        self.work = work
        self.done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def end(self, result: bool | BaseException) -> None:
        if self.done.done():
            return
        if isinstance(result, BaseException):
            self.done.set_exception(result)
        else:
            self.done.set_result(result)


class Controls:
    """All that can be asked of one camera; `snapshot` gives a picture of now."""

    def __init__(self, camera: Camera, snapshot: Callable[[float], Awaitable[Shot]]) -> None:
        self._camera = camera
        self._snapshot = snapshot
        self._newest: Newest[_Order] = Newest()
        self._orders = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._setting = asyncio.Lock()
        self._abilities = Abilities()
        self._ask_at = float("-inf")
        self._asking = asyncio.Lock()
        self.names: dict[int, str] = {}
        """Of the presets that were set here, by number."""
        self.thumbnails: dict[int, bytes] = {}
        """JPEGs of the presets that were set or visited here, by number."""

    def __repr__(self) -> str:
        return f"<Controls of {self._camera.url}>"

    async def close(self) -> None:
        """Give up what is being done."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, request: Request[Any], seconds: float = PATIENCE) -> Any:
        try:
            async with asyncio.timeout(seconds):
                return await self._camera.execute(request)
        except TimeoutError as error:
            if isinstance(error, HamaError):
                raise
            raise TimeoutError(f"the camera has not answered in {seconds:g} s") from None

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- what it is and can

    async def abilities(self) -> Abilities:
        """What the camera says of itself; asked once in five minutes, for all who want it."""
        async with self._asking:
            if time.monotonic() >= self._ask_at:
                self._abilities, whole = await self._ask_abilities()
                self._ask_at = time.monotonic() + (_KNOWN if whole else _UNKNOWN)
        return self._abilities

    async def _ask_abilities(self) -> tuple[Abilities, bool]:
        known = self._abilities
        try:
            async with asyncio.timeout(PATIENCE / 3):
                brand = await self._said(commands.brand())
                firmware = await self._said(commands.firmware())
                audio = await self._said(commands.audio_status())
                ptz = await self._said(commands.ptz_status())
        except (HamaError, TimeoutError):
            return known, False
        return Abilities(
            model=brand and (brand.product_short_name or brand.product_full_name),
            firmware=firmware and firmware.version,
            hears=_flag(audio and audio.audio),
            speaks=_flag(audio and audio.two_way_audio),
            moves=_flag(ptz and ptz.ptz),
        ), True

    async def _said(self, request: Request[Any]) -> Any:
        """The answer; None if the camera does not know what was asked."""
        try:
            return await self._ask(request)
        except RefusedError:
            return None

    # -- settings

    async def settings(self) -> dict[str, dict[str, Any]]:
        """All settings, with what the camera lists of them."""
        return shown(await self._listed(GROUPS))

    async def _listed(self, groups: tuple[str, ...]) -> Mapping[str, str]:
        try:
            return dict(await self._ask(commands.list_params(*groups)))
        except RefusedError:
            if len(groups) == 1:
                return {}
        # One group that it does not know, and it lists none of them.
        found: dict[str, str] = {}
        for group in groups:
            found.update(await self._listed((group,)))
        return found

    async def change(self, wanted: Mapping[str, object]) -> dict[str, dict[str, Any]]:
        """Change settings, each read back; raises NotAllowedError before anything is changed."""
        if not wanted:
            raise NotAllowedError("settings", SETTINGS)
        unknown = next((name for name in wanted if name not in SETTINGS), None)
        if unknown is not None:
            raise NotAllowedError("settings", SETTINGS)
        async with self._setting:
            rows = {name: SETTINGS[name] for name in wanted}
            listed: Mapping[str, str] = {}
            if any(row.choices_key for row in rows.values()):
                listed = await self._listed(GROUPS)
            values = {
                name: row.check(name, wanted[name], row.allowed(listed))
                for name, row in rows.items()
            }
            return {name: await self._change(rows[name], values[name]) for name in values}

    async def _change(self, row: Setting, value: Value) -> dict[str, Any]:
        request = row.request(value)
        stored: Value | None = None
        if row.is_update and row.key is not None:
            async with asyncio.timeout(2 * PATIENCE):
                confirmed = await self._camera.update(request)
            stored = row.value_of(confirmed.stored.get(row.key))
        else:
            await self._ask(request)
            if row.key is not None and row.group is not None:
                stored = row.value_of((await self._listed((row.group,))).get(row.key))
        return {"wanted": value, "stored": stored, "confirmed": stored == value}

    # -- movements

    async def move(self, direction: str, steps: int = 1) -> bool:
        """Move so many steps; False if something newer took its place.

        `stop` ends what is being done.  Raises NotAllowedError for another direction.
        """
        if direction == "stop":
            return await self._steer(_nothing)
        known = _DIRECTIONS.get(direction)
        if known is None:
            raise NotAllowedError("direction", [*_DIRECTIONS, "stop"])
        request = commands.move(known)

        async def work() -> bool:
            for step in range(steps):
                if step and self._newest.is_due:
                    return False
                await self._ask(request)
            return True

        return await self._steer(work)

    async def go(self, number: int) -> bool:
        """Go to a preset; False if something newer took its place."""
        request = commands.go_to_preset(number)

        async def work() -> bool:
            await self._ask(request)
            return True

        done = await self._steer(work)
        if done:
            self._later(self._look(number, self._orders))
        return done

    async def _steer(self, work: Callable[[], Awaitable[bool]]) -> bool:
        order = _Order(work)
        self._orders += 1
        superseded = self._newest.put(order)
        if superseded is not None:
            superseded.end(False)
        if (first := self._newest.next()) is not None:
            self._later(self._drive(first))
        return await order.done

    async def _drive(self, order: _Order | None) -> None:
        while order is not None:
            try:
                order.end(await order.work())
            except (HamaError, TimeoutError) as error:
                order.end(error)
            finally:
                self._newest.done()
                order.end(False)
            order = self._newest.next()

    # -- presets

    def presets(self) -> list[dict[str, Any]]:
        """All places for presets; the name is empty where nobody has set one here."""
        return [
            {
                "number": number,
                "name": self.names.get(number, ""),
                "thumbnail": number in self.thumbnails,
            }
            for number in PRESET_INDEXES
        ]

    async def save(self, number: int, name: str) -> None:
        """Keep the present place; the name is kept here as it is.

        Raises NotAllowedError for a name that is empty, long or not printable.
        """
        if not (0 < len(name) <= MOST_NAME and name.isprintable()):
            raise NotAllowedError("name", [f"1 to {MOST_NAME} characters"])
        await self._ask(commands.add_preset(_carried(name), number))
        self.names[number] = name
        self.thumbnails.pop(number, None)
        await self._look(number, self._orders, at_once=True)

    async def clear(self, number: int) -> None:
        """Forget a place."""
        name = _carried(self.names.get(number, str(number)))
        await self._ask(commands.remove_preset(name, number))
        self.names.pop(number, None)
        self.thumbnails.pop(number, None)

    async def _look(self, number: int, orders: int, *, at_once: bool = False) -> None:
        """Take a picture of the place, once the camera is there and unless it was moved on."""
        if not at_once:
            await asyncio.sleep(ARRIVED)
        if orders != self._orders:
            return
        try:
            self.thumbnails[number] = (await self._snapshot(0.0)).data
        except Exception:  # a picture less is no reason to say no
            return


def _carried(name: str) -> str:
    """A name as the cameras can take it, which decode nothing: in letters, digits and - . _."""
    return _NOT_CARRIED.sub("_", name)


def _flag(value: Availability | None) -> bool | None:
    return None if value is None else bool(value)


async def _nothing() -> bool:
    return True
