"""`hamaproto report FILE [OTHER] -o report.html`: the figures and their pictures, in one page.

The page has no script and loads nothing: each plot is SVG in it, drawn by matplotlib (the extra
`plot`).  All text that a capture holds is escaped, and none of it goes into a plot.
"""

from __future__ import annotations

import importlib
import io
import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import pairwise
from typing import Any, Final

import click

from hamaproto._version import __version__
from hamaproto.captures import clock
from hamaproto.captures.statistics import Figures, Pictures, Sound
from hamaproto.cli.captures.source import secrets_option
from hamaproto.cli.captures.stats import Report, figures_of, sections
from hamaproto.cli.options import overwrite_option
from hamaproto.cli.output import check_ending, open_output
from hamaproto.cli.plain import harmless

__all__ = ["page", "report"]

#: Streams that have plots, and points of a plot.
_MOST_PLOTTED: Final = 8
_MOST_POINTS: Final = 4000
_WIDTH, _HEIGHT = 7.2, 2.3
_BINS: Final = 60
#: What is compared: the path to a figure, its name, and whether less of it is steadier.
_COMPARED: Final = (
    (("frames_a_second",), "frames a second"),
    (("bits_a_second",), "bits a second"),
    (("bytes_a_frame", "mean"), "bytes a frame, mean"),
    (("bits_a_pixel",), "bits a pixel"),
    (("inter_arrival", "mean"), "between frames, mean (s)"),
    (("inter_arrival", "deviation"), "between frames, deviation (s)"),
    (("inter_arrival", "p99"), "between frames, p99 (s)"),
    (("inter_arrival", "most"), "between frames, most (s)"),
    (("jitter", "mean"), "jitter, mean (s)"),
    (("freezes", "count"), "freezes"),
    (("freezes", "total"), "frozen (s)"),
    (("stalls", "total"), "stalled (s)"),
    (("first_to_last_byte", "mean"), "first to last byte, mean (s)"),
    (("delay_factor", "most"), "MDI delay factor, most (s)"),
    (("repeated",), "repeated frames"),
    (("cut_off",), "frames cut off"),
    (("missing",), "bytes missing"),
)
_STYLE: Final = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 78em; padding: 0 1em;
  color: #1b1b1b; background: #fff }
h1 { font-size: 1.5em } h2 { font-size: 1.2em; margin-top: 2em; border-top: 1px solid #ccc;
  padding-top: .8em }
table { border-collapse: collapse } td, th { padding: .15em .9em .15em 0; text-align: left;
  vertical-align: top } th { font-weight: 600 } td.n { font-variant-numeric: tabular-nums }
figure { margin: .6em 0; display: inline-block } figcaption { color: #555; font-size: .9em }
svg { max-width: 100%; height: auto }
"""

#: The names of groups in what matplotlib draws.
_GROUPS: Final = re.compile(
    r' id="(?:figure|patch|axes|line2d|matplotlib\.axis|xtick|ytick|text|PathCollection)_[0-9]+"'
)

Points = Sequence[float]


@click.command()
@click.argument("sources", metavar="FILE [OTHER]", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="FILE", help="FILE.html, or - for stdout.")
@overwrite_option
@secrets_option
def report(sources: tuple[str, ...], output: str, overwrite: bool, secrets: bool) -> int:
    """Write a page about a capture: its figures, and plots of them; of two, with their ratios.

    FILE is what `hamaproto stats` reads. The page has no script, and loads nothing.
    """
    if len(sources) > 2:
        raise click.UsageError(f"{len(sources)} captures: one, or two that are compared")
    check_ending(output, "text/html")
    try:
        importlib.import_module("matplotlib")
    except ModuleNotFoundError:
        raise click.UsageError("a report needs: pip install 'hamaproto[plot]'") from None
    found = [figures_of(source, secrets=secrets) for source in sources]
    with open_output(output, overwrite=overwrite, whole=True) as file:
        file.write(page([(told, figures) for told, figures, _ in found]).encode())
    return max(code for _, _, code in found)


def page(captures: Sequence[tuple[Report, Figures]]) -> str:
    """The whole page."""
    names = " and ".join(_text(told["file"]) for told, _ in captures)
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        f"<title>{names}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{names}</h1>",
        f"<p>By hamaproto {__version__}; the definitions are in <code>hamaproto help captures"
        "</code>. Times are seconds.</p>",
    ]
    if len(captures) == 2:
        parts.append(_comparison(captures[0][0], captures[1][0]))
    for number, (told, figures) in enumerate(captures):
        for title, rows in sections(told):
            parts.append(f"<h2>{_text(title)}</h2>{_table(rows)}")
        parts += _plots(figures, number)
    return "\n".join([*parts, "</body></html>\n"])


def _text(value: object) -> str:
    """Text as it may stand in a page: no markup, nothing that is not seen."""
    return escape(harmless(str(value)))


def _table(rows: Sequence[tuple[str, str]]) -> str:
    lines = "".join(f"<tr><th>{_text(a)}</th><td>{_text(b)}</td></tr>" for a, b in rows)
    return f"<table>{lines}</table>"


# -- two captures ------------------------------------------------------------------------


def _first_pictures(told: Report) -> Report | None:
    """The stream that has most frames."""
    streams = [stream for stream in told["streams"] if stream["kind"] == "pictures"]
    return max(streams, key=lambda stream: stream["frames"], default=None)


def _comparison(one: Report, other: Report) -> str:
    left, right = _first_pictures(one), _first_pictures(other)
    if left is None or right is None:
        return "<p>Nothing to compare: one of them has no pictures.</p>"
    rows = []
    for path, name in _COMPARED:
        a, b = _figure(left, path), _figure(right, path)
        ratio = f"{b / a:.3g}" if a and b is not None else ""
        shown = [_number(a), _number(b), ratio]
        cells = "".join(f'<td class="n">{value}</td>' for value in shown)
        rows.append(f"<tr><th>{_text(name)}</th>{cells}</tr>")
    heads = f"<th>{_text(one['file'])}</th><th>{_text(other['file'])}</th><th>ratio</th>"
    return f"<h2>Side by side</h2><table><tr><th></th>{heads}</tr>{''.join(rows)}</table>"


def _figure(stream: Report, path: Sequence[str]) -> float | None:
    value: Any = stream
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, int | float) else None


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


# -- plots -------------------------------------------------------------------------------


def _plots(figures: Figures, number: int) -> Iterator[str]:
    plotted = 0
    for index, stream in enumerate(figures.streams):
        salt = f"{number}-{index}"
        drawn = list(
            _of_pictures(stream, salt) if isinstance(stream, Pictures) else _of_sound(stream, salt)
        )
        if drawn and plotted < _MOST_PLOTTED:
            plotted += 1
            yield f"<h2>{stream.kind}, exchange {stream.exchange.number}: plots</h2>"
            yield from drawn


def _of_pictures(stream: Pictures, salt: str) -> Iterator[str]:
    if not stream.has_times or len(stream.sizes) < 3:
        return
    arrivals = stream.arrivals()
    intervals = [b - a for a, b in pairwise(arrivals)]
    sent, source, _ = stream.sent(arrivals)
    _, course = clock.jitter(arrivals, sent)
    _, frozen = clock.freezes(intervals)
    began = stream.began or 0.0
    odd = [time / 1e9 - began for time in stream.odd_times]
    times, milliseconds = arrivals[1:], [1000 * value for value in intervals]

    def between(axes: Any) -> None:
        axes.plot(*_thinned(times, milliseconds), linewidth=0.8, color="#1f5fa8")
        points = [(times[at], milliseconds[at]) for at in frozen[:_MOST_POINTS]]
        if points:
            axes.plot(*zip(*points, strict=True), "o", color="#c0392b", markersize=4)
        axes.set_ylabel("ms")

    def sizes(axes: Any) -> None:
        kilobytes = [size / 1000 for size in stream.sizes]
        axes.plot(*_thinned(arrivals, kilobytes), linewidth=0.8, color="#2d7d46")
        axes.set_ylabel("kB")
        axes.set_ylim(bottom=0)

    def shaking(axes: Any) -> None:
        axes.plot(*_thinned(times, [1000 * value for value in course]), color="#8e44ad")
        axes.set_ylabel("ms")

    def oddities(axes: Any) -> None:
        axes.hist(odd, bins=_BINS, range=(0, max(arrivals[-1], 1e-9)), color="#c0392b")
        axes.set_ylabel("number")

    yield _figure_of(between, f"between frames; freezes ({len(frozen)}) are red", salt + "a")
    yield _figure_of(_histogram(milliseconds, "ms"), "between frames: distribution", salt + "b")
    yield _figure_of(sizes, "bytes a frame", salt + "c")
    yield _figure_of(shaking, f"jitter (RFC 3550), against {source}", salt + "d")
    if odd:
        yield _figure_of(oddities, "anomalies and gaps along the stream", salt + "e")


def _of_sound(stream: Sound, salt: str) -> Iterator[str]:
    if stream.began is None:
        return
    arrivals = stream.arrivals()
    if len(arrivals) < 3:
        return
    # How far the sound is ahead of the wall: each frame is 20 ms of it.
    ahead = [1000 * (0.02 * index - time) for index, time in enumerate(arrivals)]

    def drift(axes: Any) -> None:
        axes.plot(*_thinned(arrivals, ahead), linewidth=0.8, color="#b9770e")
        axes.set_ylabel("ms")

    yield _figure_of(drift, "sound clock: sound that has come, less time that has passed", salt)


def _histogram(values: Points, unit: str) -> Callable[[Any], None]:
    def draw(axes: Any) -> None:
        axes.hist(values, bins=_BINS, color="#1f5fa8")
        axes.set_ylabel("frames")
        axes.set_xlabel(unit)

    return draw


def _thinned(across: Points, up: Points) -> tuple[list[float], list[float]]:
    """At most so many points: of each stretch its least and its most, so that no peak is lost."""
    stretch = -(-len(across) // (_MOST_POINTS // 2))
    if stretch <= 1:
        return list(across), list(up)
    xs: list[float] = []
    ys: list[float] = []
    for start in range(0, len(across), stretch):
        some = range(start, min(start + stretch, len(across)))
        for at in sorted({min(some, key=up.__getitem__), max(some, key=up.__getitem__)}):
            xs.append(across[at])
            ys.append(up[at])
    return xs, ys


def _figure_of(draw: Callable[[Any], None], caption: str, salt: str) -> str:
    """A plot as SVG that may stand in a page beside others."""
    matplotlib: Any = importlib.import_module("matplotlib")
    figures: Any = importlib.import_module("matplotlib.figure")
    # Text as text; names that differ from those in the other plots, and do so each time.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt, "font.size": 9}):
        figure = figures.Figure(figsize=(_WIDTH, _HEIGHT))
        figure.subplots_adjust(left=0.09, right=0.985, top=0.96, bottom=0.19)
        axes = figure.add_subplot()
        axes.grid(visible=True, linewidth=0.3)
        draw(axes)
        if not axes.get_xlabel():
            axes.set_xlabel("s")
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    # The same names of groups stand in each plot, and no two may in a page.
    svg = _GROUPS.sub("", svg)
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"
