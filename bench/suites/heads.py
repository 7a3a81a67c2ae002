"""Response heads: how many are read right, and how fast, by us and by HTTP libraries.

`fixtures.build.heads` is a table of heads as cameras send them, with one agreed reading each, or
none.  A head counts if it came out right however it was cut; what a library raises counts as
refusal.  The time is that of the clean heads alone, which all of them read.  What each gets wrong
is listed by `python -m bench.peers.heads --rows`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

from bench.measure.entries import Contest, Options, Timed, Told, Unit
from bench.peers.heads import READERS, clean, installed, score
from fixtures.build.heads import CUTS, HEADS

__all__ = ["contests"]

HEADS_READ = Unit("heads", more=True)
US_A_HEAD = Unit("µs a head", factor=1e6)
OURS = "hamaproto"


def contests(options: Options) -> Iterator[Contest]:
    refusals = sum(head.reading is None for head in HEADS)
    rows = (
        (f"read, of {len(HEADS) - refusals}", HEADS_READ),
        (f"refused, of {refusals}", HEADS_READ),
        (f"right, of {len(HEADS)}", HEADS_READ),
    )
    cuts = (0,) if options.quick else CUTS
    names, left_out = installed()
    counted: list[Told] = []
    for who in names:

        def count(who: str = who) -> list[float]:
            result = score(who, cuts=cuts)
            return [result.read, result.refused, result.right]

        counted.append(Told(who, rows, count, OURS, once=True))
    yield [*counted, *left_out]
    answers = [head.data for head in clean()]
    row = "a clean answer, whole"
    timed = []
    for who in names:

        def run(who: str = who) -> None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for data in answers:
                    READERS[who]([data])

        timed.append(Timed(row, who, US_A_HEAD, len(answers), run, (row, OURS)))
    yield timed
