"""Contestants take turns, round after round, each once a round and backwards in every second.

So whatever else the machine does in the meantime meets all of them alike, and a ratio of one
round is worth more than a figure.  Before the first round each is called once, which warms it
up and tells how often it has to be called so that a round is long enough to be measured.
"""

from __future__ import annotations

import gc
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from bench.measure.entries import Contest, Entry, Key, Skipped, Timed, Told, raised
from bench.measure.results import Left, Result

__all__ = ["SHORTEST", "measure", "once", "wanted"]

#: Seconds that a round of one contestant takes at least.
SHORTEST = 0.01


def once(entry: Timed, times: int = 1) -> float:
    """Seconds that so many calls take, without a garbage collection in between."""
    clock = time.perf_counter if entry.wall else time.process_time
    gc.collect()
    gc.disable()
    try:
        start = clock()
        for _ in range(times):
            entry.run()
        return max(clock() - start, 1e-9)
    finally:
        gc.enable()


def wanted(contest: Contest, words: Sequence[str]) -> Contest:
    """Those with one of the words in row or contestant, and what they are compared with."""
    if not words:
        return contest

    def named(row: str, contestant: str) -> bool:
        return any(word in row or word in contestant for word in words)

    def chosen(entry: Entry | Skipped) -> bool:
        if isinstance(entry, Told):
            return any(named(row, entry.contestant) for row, _ in entry.rows)
        return named(entry.row, entry.contestant)

    kept = [entry for entry in contest if chosen(entry)]
    keys = {entry.reference for entry in kept if isinstance(entry, Timed)}
    names = {entry.reference for entry in kept if isinstance(entry, Told)}
    return [
        entry
        for entry in contest
        if entry in kept
        or (isinstance(entry, Timed) and (entry.row, entry.contestant) in keys)
        or (isinstance(entry, Told) and entry.contestant in names)
    ]


class _Turn:
    """One contestant and its figures."""

    def __init__(self, suite: str, entry: Entry) -> None:
        self.entry = entry
        self.why_not = ""
        self._times = 1
        rows: Sequence[tuple[str, str, bool, Key | None]]
        if isinstance(entry, Timed):
            rows = [(entry.row, entry.unit.name, entry.unit.more, entry.reference)]
            note = entry.note
        else:
            against = entry.reference
            rows = [
                (row, unit.name, unit.more, None if against is None else (row, against))
                for row, unit in entry.rows
            ]
            note = ""
        self._results = [
            Result(suite, row, entry.contestant, unit, more, reference, [], note)
            for row, unit, more, reference in rows
        ]

    def attempt(self, action: Callable[[], None]) -> None:
        """Somebody's parser may raise anything, which is told and ends its part."""
        if not self.why_not:
            try:
                action()
            except Exception as error:
                self.why_not = raised(error)

    def warm(self) -> None:
        if isinstance(self.entry, Timed):
            self._times = max(1, math.ceil(SHORTEST / once(self.entry)))

    def round(self) -> None:
        entry = self.entry
        if isinstance(entry, Timed):
            figures: Sequence[float] = [
                entry.unit.of(once(entry, self._times), entry.amount * self._times)
            ]
        elif entry.once and self._results[0].values:
            return
        else:
            figures = entry.run()
        for result, figure in zip(self._results, figures, strict=True):
            result.values.append(figure)

    def outcome(self) -> Iterator[Result | Left]:
        for result in self._results:
            if self.why_not:
                yield Left(result.suite, result.row, result.contestant, self.why_not)
            else:
                yield result


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def measure(
    suite: str,
    contest: Contest,
    rounds: int,
    say: Callable[[str], object] = _say,
) -> Iterator[Result | Left]:
    """Let all of a contest take turns; gives what came out in its order."""
    turns = [
        Left(suite, entry.row, entry.contestant, entry.why)
        if isinstance(entry, Skipped)
        else _Turn(suite, entry)
        for entry in contest
    ]
    running = [turn for turn in turns if isinstance(turn, _Turn)]
    for turn in running:
        turn.attempt(turn.warm)
    for number in range(rounds):
        for turn in running if number % 2 == 0 else reversed(running):
            turn.attempt(turn.round)
    outcomes = [
        one for turn in turns for one in ([turn] if isinstance(turn, Left) else turn.outcome())
    ]
    for row in dict.fromkeys(one.row for one in outcomes if isinstance(one, Result)):
        say(f"  measured: {suite}, {row}")
    yield from outcomes
