"""`python -m bench scaling`: does twice as much take twice as long, and no more memory?

    python -m bench scaling                            all four curves, streams up to 1 GB
    python -m bench scaling length --full              up to 10 GB, made while they are read
    python -m bench scaling --output curves

For each curve (length of a stream, size of a frame, size of a piece, number of streams) a picture
`scaling-NAME.png` is written, with the median and the range over the rounds at each place, and
a line is printed for each series: the slope with its 95 % interval, and what that makes of it.  A
slope of 0 is flat and of 1 linear, since both axes are logarithmic; that of memory over the
length is told in kB for each GB.  Time is processor time.

Exit status: 0, or 1 if a curve is worse than it should be, or another measurement was in the way.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.curves import CURVES, FULL, USUAL, Asked, Curve, Series
from bench.measure.lock import BusyMachineError, alone
from bench.measure.table import figure
from bench.run import WAIT

__all__ = ["HEADER", "draw", "lines", "main"]

HEADER = "| curve | series | what | slope | interval | should be | is |"
RULE = "|---|---|---|---:|---:|---|---|"


def signed(value: float) -> str:
    return figure(value) if abs(value) >= 0.005 else "0.00"


def line(curve: str, series: Series) -> str:
    """What the numbers say of one series."""
    fit = series.fit
    cells = (
        curve,
        series.name,
        series.about,
        signed(fit.slope),
        f"{signed(fit.low)}..{signed(fit.high)}",
        series.expected,
        fit.verdict,
    )
    return f"| {' | '.join(cells)} |"


def lines(found: Sequence[tuple[str, Series]]) -> Iterator[str]:
    """The table of all series."""
    yield HEADER
    yield RULE
    for curve, series in found:
        yield line(curve, series)


def draw(curve: Curve, found: Sequence[Series], path: Path) -> None:
    """One picture: a panel for each unit.  Raises ImportError without matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    units = list(dict.fromkeys(series.unit for series in found))
    picture = Figure(figsize=(6.5 * len(units), 4.5), layout="constrained")
    FigureCanvasAgg(picture)
    for place, unit in enumerate(units):
        axes = picture.add_subplot(1, len(units), place + 1)
        for series in found:
            if series.unit != unit:
                continue
            middles = [statistics.median(point.values) for point in series.points]
            below = [m - min(p.values) for m, p in zip(middles, series.points, strict=True)]
            above = [max(p.values) - m for m, p in zip(middles, series.points, strict=True)]
            label = series.name
            if series.expected:
                label += f": {series.fit.verdict} ({signed(series.fit.slope)})"
            axes.errorbar(
                [point.x for point in series.points],
                middles,
                yerr=[below, above],
                label=label,
                marker="o",
                markersize=3,
                linewidth=1,
                capsize=2,
            )
        axes.set_xscale("log")
        # What may be zero has no place on a logarithmic axis.
        axes.set_yscale("symlog" if unit.startswith("kB") else "log")
        axes.set_xlabel(curve.axis)
        axes.set_ylabel(unit)
        axes.set_title(next(s.about for s in found if s.unit == unit), fontsize="small")
        axes.grid(visible=True, alpha=0.3)
        axes.legend(fontsize="x-small")
    picture.savefig(path, dpi=120)


def _rounds(word: str) -> int:
    count = int(word)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{count} rounds: at least 1")
    return count


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench scaling",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [curve.name for curve in CURVES]
    parser.add_argument("curve", nargs="*", metavar="NAME", help=f"{', '.join(names)}; none: all")
    parser.add_argument("--full", action="store_true", help="10 GB, 32 MB frames, 10,000 streams")
    parser.add_argument("--rounds", type=_rounds, metavar="N", help=f"({USUAL.rounds})")
    parser.add_argument("--output", type=Path, default=Path(), metavar="DIR", help="(this folder)")
    parser.add_argument("--wait", type=float, default=WAIT, metavar="SECONDS", help=f"({WAIT:g})")
    asked = parser.parse_args(argv)
    if unknown := [name for name in asked.curve if name not in names]:
        parser.error(f"there is no curve {unknown[0]!r}: {', '.join(names)}")
    if not asked.output.is_dir():
        parser.error(f"--output {asked.output}: there is no such folder")
    far = FULL if asked.full else USUAL
    far = Asked(asked.rounds or far.rounds, *_limits(far))
    chosen = [curve for curve in CURVES if not asked.curve or curve.name in asked.curve]
    found: list[tuple[str, Series]] = []
    print(HEADER)
    print(RULE)
    try:
        with alone(asked.wait, "python -m bench scaling"):
            for curve in chosen:
                of_this: list[Series] = []
                for series in curve.measure(far):
                    of_this.append(series)
                    print(line(curve.name, series), flush=True)
                found += [(curve.name, series) for series in of_this]
                _save(curve, of_this, asked.output / f"scaling-{curve.name}.png")
    except BusyMachineError as error:
        print(f"python -m bench scaling: {error}", file=sys.stderr)
        return 1
    return int(any(s.expected and s.fit.is_worse(s.expected) for _, s in found))


def _limits(far: Asked) -> tuple[int, int, int, int]:
    return far.longest, far.largest_frame, far.most_streams, far.enough


def _save(curve: Curve, found: Sequence[Series], path: Path) -> None:
    try:
        draw(curve, found, path)
    except ImportError:
        print(f"no {path.name}: matplotlib is not installed", file=sys.stderr)
    except OSError as error:
        print(f"no {path.name}: {error}", file=sys.stderr)
    else:
        print(f"  {path}", file=sys.stderr)
