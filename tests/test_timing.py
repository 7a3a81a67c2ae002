"""When pictures and sound were made, judged by a world that knows it.

A world makes pictures and sound, carries each over a network of its own with the trouble of
the test, and asks the timeline in the order of arrival.  Sound and the picture that was made
with it must then be together, from 2 s after the trouble has ended.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from hamaproto.timing import Placed, Timeline

#: Seconds by which sound may be early and late (ITU-R BT.1359).
EARLY, LATE = 0.045, 0.125
AFTER = 2.0
Span = tuple[float, float]
BOTH = ("picture", "sound")
#: The caller's clock begins anywhere.
ZERO = 86_400.125


@dataclass
class World:
    """A camera and the way from it; all times are seconds since it was asked."""

    seconds: float = 24.0
    fps: float = 15.0
    jitter: float = 0.03
    #: Frames of sound that are sent at once.
    packet: int = 1
    sound_clock: float = 1.0
    #: Nothing passes, and nothing is lost; which streams that concerns.
    silent: tuple[Span, ...] = ()
    concerned: tuple[str, ...] = BOTH
    #: What is made in that time is not sent.
    sound_lost: tuple[Span, ...] = ()
    stopped: tuple[Span, ...] = ()
    sound_from: float = 0.0
    backlog: float = 0.0
    #: A proxy that passes on what it has every so many seconds.
    bursts: float = 0.0
    bursts_in: Span = (0.0, math.inf)
    #: What X-Timestamp says of a picture.
    stamp: Any = None
    hint: bool = True
    #: What the timeline said: (made, placed) of pictures and of pieces of sound.
    pictures: list[tuple[float, float]] = field(default_factory=list)
    sound: list[tuple[float, Placed]] = field(default_factory=list)

    def run(self) -> World:
        chance = random.Random(f"{self.fps} {self.packet}")
        items = [("picture", at, max(at, 0.0)) for at in self._made(1 / self.fps)]
        step = 0.02 * self.packet / self.sound_clock
        items += [("sound", at, max(at + step, 0.0)) for at in self._made(step)]
        last = dict.fromkeys(BOTH, 0.0)
        arrivals = []
        for what, made, sent in items:
            if not self._exists(what, made):
                continue
            at = self._carried(what, sent + chance.uniform(0, self.jitter))
            last[what] = max(last[what], at)
            arrivals.append((last[what], what, made))
        timeline = Timeline(picture_rate=self.fps if self.hint else None)
        for at, what, made in sorted(arrivals):
            if what == "picture":
                stamp = None if self.stamp is None else self.stamp(made)
                self.pictures.append((made, timeline.picture(at + ZERO, stamp) - ZERO))
            else:
                quiet = round(made * 50) % 25 > 21
                placed = timeline.sound(at + ZERO, 160 * self.packet, quiet=quiet)
                self.sound.append((made, placed))
        return self

    def _made(self, step: float) -> Iterator[float]:
        for number in range(round((self.seconds + self.backlog) / step)):
            yield number * step - self.backlog

    def _exists(self, what: str, made: float) -> bool:
        gone = self.stopped + (self.sound_lost if what == "sound" else ())
        late = what == "sound" and made < self.sound_from - self.backlog
        asked = made >= 0 or what in self.concerned
        return asked and not late and not any(start <= made < end for start, end in gone)

    def _carried(self, what: str, at: float) -> float:
        if what in self.concerned:
            for start, end in self.silent:
                at = end if start <= at < end else at
            if self.bursts and self.bursts_in[0] <= at < self.bursts_in[1]:
                at = math.floor(at / self.bursts + 1) * self.bursts
        return at

    def offsets(self) -> Iterator[tuple[float, float]]:
        """Seconds by which each piece of sound is behind the picture made with it."""
        place = 0
        for made, placed in self.sound:
            while place + 1 < len(self.pictures) and self.pictures[place + 1][0] <= made:
                place += 1
            picture, shown = self.pictures[place]
            if placed.count and 0 <= made - picture <= 0.3:
                yield made, (placed.start / 8000 - ZERO - made) - (shown - picture)

    def judge(self, trouble: Span = (-math.inf, 0.0)) -> None:
        """Everything that holds at any time, and the bounds outside the trouble."""
        times = [shown for _, shown in self.pictures]
        assert all(second - first > 0.0009 for first, second in itertools.pairwise(times))
        end = self.sound[0][1].start
        for _, placed in self.sound:
            assert placed.silence >= 0
            assert placed.start == end + placed.silence
            assert placed.count >= 0
            end = placed.start + placed.count
        bad = [
            (round(made, 2), round(offset, 3))
            for made, offset in self.offsets()
            if not trouble[0] <= made < trouble[1] + AFTER and not -EARLY <= offset <= LATE
        ]
        assert not bad, f"{len(bad)} of {len(self.sound)}: {bad[:5]}"


TROUBLES: dict[str, tuple[dict[str, Any], Span]] = {
    "none": ({}, (0, 0)),
    "silent for 0.8 s": ({"silent": ((8, 8.8),)}, (8, 8.8)),
    "silent for 1.2 s": ({"silent": ((8, 9.2),)}, (8, 9.2)),
    "silent for 5 s": ({"silent": ((8, 13),)}, (8, 13)),
    "silent three times": ({"silent": ((5, 6), (7, 8.2), (9, 12))}, (5, 12)),
    "sound lost for 0.4 s": ({"sound_lost": ((8, 8.4),)}, (8, 8.4)),
    "silent, and the sound of it lost": (
        {"silent": ((8, 13),), "sound_lost": ((9, 13),)},
        (8, 13),
    ),
    "sound from 0.4 s on": ({"sound_from": 0.4}, (0, 0.4)),
    "a backlog of 3 s": ({"backlog": 3.0}, (-3, 0)),
    "bursts for 10 s": ({"bursts": 2.5, "bursts_in": (5, 15)}, (5, 15)),
    "a camera stopped for 1.4 s": ({"stopped": ((8, 9.4),)}, (8, 9.4)),
    "stopped within bursts": (
        {"stopped": ((8, 9.4),), "bursts": 2.5, "bursts_in": (5, 15)},
        (5, 15),
    ),
    "a fast sound clock, then silence": (
        {"sound_clock": 1.01, "silent": ((8, 13),)},
        (8, 13),
    ),
}


@pytest.mark.parametrize("concerned", [BOTH, ("picture",), ("sound",)], ids=" and ".join)
@pytest.mark.parametrize("name", TROUBLES)
def test_sound_and_picture_are_together_after(name: str, concerned: tuple[str, ...]) -> None:
    changes, trouble = TROUBLES[name]
    for fps, packet, jitter in ((15, 1, 0.03), (5, 1, 0.03), (30, 10, 0.02), (15, 4, 0.0)):
        world = World(fps=fps, packet=packet, jitter=jitter, concerned=concerned, **changes)
        world.run().judge(trouble)


@pytest.mark.parametrize("clock", [0.976, 0.99, 1.01, 1.024])
def test_a_sound_clock_that_is_wrong_for_an_hour(clock: float) -> None:
    seconds = 3600 if abs(clock - 1) < 0.011 else 300
    world = World(seconds=seconds, fps=5, packet=4, jitter=0.02, sound_clock=clock).run()
    world.judge()
    # It is stretched evenly: nothing is left out, and no silence is put in.
    assert all(placed.count and not placed.silence for _, placed in world.sound)


STAMPS: dict[str, Any] = {
    "of the epoch": lambda made: made + 1.6e9,
    "that jump by an hour": lambda made: made + 3600 * (made > 8),
    "that jump back": lambda made: made - 3600 * (made > 8),
    "in whole seconds": lambda made: math.floor(made),
    "in milliseconds": lambda made: made * 1000,
    "of nothing": lambda made: 0.0,
    "of a clock that is 1 % fast": lambda made: made * 1.01,
}


@pytest.mark.parametrize("name", STAMPS)
def test_stamps_do_no_harm_whatever_they_say(name: str) -> None:
    for changes in ({}, {"silent": ((9, 12),)}, {"stopped": ((9, 10.4),)}):
        World(stamp=STAMPS[name], **changes).run().judge((7, 12))  # type: ignore[arg-type]


def test_by_stamps_bursts_are_taken_apart() -> None:
    world = World(stamp=STAMPS["of the epoch"], bursts=2.5, jitter=0.0, fps=4, hint=False).run()
    errors = [shown - made for made, shown in world.pictures if made > 5]
    assert max(errors) - min(errors) < 0.01


@pytest.mark.parametrize("hint", [True, False])
def test_pictures_of_bursts_are_spread_again(hint: bool) -> None:
    world = World(seconds=40, bursts=2.5, jitter=0.0, hint=hint).run()
    shown = [shown for made, shown in world.pictures if made > 17.5]
    distances = [second - first for first, second in itertools.pairwise(shown)]
    assert all(abs(distance - 1 / 15) < 0.02 for distance in distances)


def test_pictures_that_come_late_at_the_start_keep_their_distance() -> None:
    """As a camera sends them that has yet to wake up, or that sends what it has kept."""
    for late in (0.2, 3.0):
        timeline = Timeline(picture_rate=15)
        shown = [timeline.picture(5 + max(at / 15, late)) for at in range(90)]
        distances = [second - first for first, second in itertools.pairwise(shown)]
        assert all(distance == pytest.approx(1 / 15, abs=0.002) for distance in distances)
        # Sound is moved with them.
        placed = [timeline.sound(11 + at / 50, 160) for at in range(20)][-1]
        assert placed.start / 8000 - (11 + 19 / 50) == pytest.approx(late, abs=0.1)


def test_sound_that_is_well_stays_as_it_is() -> None:
    for world in (
        World(jitter=0.0),
        World(jitter=0.0, silent=((8, 13),)),
        World(jitter=0.0, bursts=2.5),
    ):
        world.run()
        later = [placed for made, placed in world.sound if made > 5]
        assert all((placed.count, placed.silence) == (160, 0) for placed in later)


def test_lost_sound_becomes_silence_of_its_length() -> None:
    world = World(jitter=0.0, sound_lost=((8, 8.4),)).run()
    silence = [placed.silence for _, placed in world.sound if placed.silence]
    assert silence == [pytest.approx(3200, abs=160)]
    assert all(placed.count == 160 for _, placed in world.sound)


def test_silence_is_put_where_it_is_quiet() -> None:
    # Lost in the middle of a note: the silence waits for its end.
    timeline = Timeline()
    before = [timeline.sound(at * 0.02, 160, quiet=False) for at in range(200)]
    assert not any(placed.silence for placed in before)
    after = [timeline.sound(at * 0.02 + 0.5, 160, quiet=at == 245) for at in range(200, 300)]
    assert [at for at, placed in enumerate(after, 200) if placed.silence] == [245]


def test_another_connection_begins_anew() -> None:
    timeline = Timeline(picture_rate=10)
    for at in range(100):
        timeline.picture(at / 10)
        timeline.sound(at / 10, 800)
    timeline.picture_lost()
    timeline.sound_lost()
    # A minute later, without any window to wait for.
    assert timeline.picture(70.0) == 70.0
    placed = timeline.sound(70.0, 800)
    assert placed.start / 8000 == pytest.approx(70.0, abs=0.15)
    assert timeline.sound_end == (placed.start + placed.count) / 8000


def test_what_is_kept_is_bounded() -> None:
    timeline = Timeline()
    for _ in range(50_000):
        timeline.picture(1.0)
        timeline.sound(1.0, 160)
    kept = [timeline._picture_delay._parts, timeline._sound_delay._parts]
    kept += [timeline._steps._goes, timeline._steps._stamp_steps]  # type: ignore[list-item]
    assert all(len(each) <= 64 for each in kept)
    # A camera that sends without end has no sound of the future.
    assert timeline.sound_end is not None
    assert timeline.sound_end < 1.2


def test_no_piece_is_ever_placed_before_the_last() -> None:
    chance = random.Random(7)
    for _ in range(30):
        timeline, now, end, shown = Timeline(), 0.0, None, -math.inf
        for _ in range(400):
            now += chance.choice((0.0, 0.0, 0.02, 0.066, 1.0, 40.0, -3.0))
            if chance.random() < 0.5:
                made = timeline.picture(
                    now, chance.choice((None, now, -now, 1e300, math.inf, math.nan))
                )
                assert made > shown
                shown = made
            else:
                samples = chance.choice((1, 160, 1600))
                placed = timeline.sound(now, samples, quiet=chance.random() < 0.2)
                assert placed.silence >= 0 <= placed.count
                assert end is None or placed.start == end + placed.silence
                end = placed.start + placed.count
