"""`hamaproto stats`: the figures of a capture, as a table or as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from hamaproto.captures.statistics import Figures
from hamaproto.cli.captures.source import Source, secrets_option, source_argument
from hamaproto.cli.measures import format_size
from hamaproto.cli.options import json_option
from hamaproto.cli.plain import print_json, print_line

__all__ = ["figures_of", "stats"]

Report = dict[str, Any]


def figures_of(source: str, *, secrets: bool = False) -> tuple[Report, Figures, int]:
    """The figures of a file, what they were made of, and the exit code."""
    figures = Figures()
    with Source(source) as read:
        for seen in read:
            figures.take(seen)
    parser = read.parser
    report = {
        "file": read.name,
        "trouble": read.trouble or None,
        "packets": parser.packets,
        "conversations": parser.conversations,
        "exchanges": parser.exchanges,
        "retransmitted": parser.retransmitted,
        "conflicts": parser.conflicts,
        "other_packets": {kind.name.lower(): count for kind, count in parser.counts.items()},
        **figures.report(secrets=secrets),
    }
    return report, figures, read.code


@click.command()
@source_argument
@secrets_option
@json_option
def stats(source: str, secrets: bool, as_json: bool) -> int:
    """Reckon a capture's figures: rates, jitter, freezes, stalls, the sound's clock, anomalies.

    FILE is pcap or pcapng, an answer that `curl -i` saved, or a body alone; - is standard input.
    The definitions are in `hamaproto help captures`.
    """
    report, _, code = figures_of(source, secrets=secrets)
    if as_json:
        print_json(report)
        return code
    for section, rows in sections(report):
        print_line(section)
        for name, value in rows:
            print_line(f"  {name:<28} {value}")
    return code


def sections(report: Report) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The table: titles, and below each of them names and values."""
    yield report["file"], list(_of_file(report))
    for stream in report["streams"]:
        target = stream["target"] or "unknown request"
        server = f"{stream['server']} " if stream["server"] else ""
        title = f"{stream['kind']}, exchange {stream['exchange']}: {server}{target}"
        rows = _of_pictures(stream) if stream["kind"] == "pictures" else _of_sound(stream)
        yield title, list(rows)
    if report["anomalies"]:
        yield (
            "anomalies",
            [
                (
                    code,
                    f"{found['count']}, the first at byte {found['offset']} of exchange "
                    f"{found['exchange']}"
                    + ("" if found["packet"] is None else f", packet {found['packet']}"),
                )
                for code, found in report["anomalies"].items()
            ],
        )


def _of_file(report: Report) -> Iterator[tuple[str, str]]:
    if report["packets"]:
        yield "packets, conversations", f"{report['packets']}, {report['conversations']}"
    yield "exchanges", str(report["exchanges"])
    if report["seconds"] is not None:
        yield "seconds", f"{report['seconds']:.3f}"
    if report["retransmitted"]:
        yield "sent again", format_size(report["retransmitted"])
    if report["gaps"]:
        yield "gaps", f"{report['gaps']}, {format_size(report['missing'])} missing"
    for kind, count in report["other_packets"].items():
        yield f"packets not read: {kind}", str(count)
    if report["trouble"]:
        yield "the file", report["trouble"]


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.3f} ms"


def _spread(spread: Report | None, unit: Any = _ms) -> str:
    if spread is None:
        return "-"
    return (
        f"mean {unit(spread['mean'])}, deviation {unit(spread['deviation'])}, "
        f"least {unit(spread['least'])}, p50 {unit(spread['p50'])}, p95 {unit(spread['p95'])}, "
        f"p99 {unit(spread['p99'])}, most {unit(spread['most'])}"
    )


def _size(value: float) -> str:
    return format_size(round(value))


def _of_pictures(stream: Report) -> Iterator[tuple[str, str]]:
    cut = f", {stream['cut_off']} cut off" if stream["cut_off"] else ""
    yield "frames", f"{stream['frames']}{cut}"
    yield "bytes", f"{stream['bytes']}"
    yield "bytes a frame", _spread(stream["bytes_a_frame"], _size)
    if stream["bits_a_pixel"] is not None:
        yield "bits a pixel", f"{stream['bits_a_pixel']:.3f}"
    yield "repeated frames", f"{stream['repeated']} in a row, {stream['seen_before']} seen before"
    for change in stream["format_changes"][:20]:
        at = f"from frame {change['index']}"
        shown = f"{change['width']}x{change['height']}, quality {change['quality']}"
        yield f"format, {at}", f"{shown}, {change['subsampling'] or 'no usual subsampling'}"
    if stream["formats"] > 20:
        yield "formats", f"{stream['formats']} changes"
    if stream["gaps"]:
        yield "gaps", f"{stream['gaps']}, {format_size(stream['missing'])} missing"
    if stream["seconds"] is None:
        yield "times", "none in this file"
        return
    yield "seconds", f"{stream['seconds']:.3f}"
    if stream["frames_a_second"] is None:
        return
    yield "frames a second", f"{stream['frames_a_second']:.3f}"
    yield "bits a second", f"{stream['bits_a_second']:.0f}"
    yield "most bits in a second", f"{stream['peak_bits_a_second']:.0f}"
    yield "between frames", _spread(stream["inter_arrival"])
    if stream["burstiness"] is not None:
        yield "burstiness (-1 to 1)", f"{stream['burstiness']:.3f}"
    if (jitter := stream["jitter"]) is not None:
        period = jitter["nominal_period"]
        sender = jitter["sender"] + ("" if period is None else f" of {_ms(period)}")
        yield (
            "jitter (RFC 3550)",
            f"{_ms(jitter['last'])}, mean {_ms(jitter['mean'])}, most {_ms(jitter['most'])}, "
            f"against {sender}",
        )
    frozen = stream["freezes"]
    yield (
        "freezes (webrtc-stats)",
        f"{frozen['count']}, {frozen['total']:.3f} s, mean {frozen['mean']:.3f} s, "
        f"most {frozen['most']:.3f} s",
    )
    yield "pauses over 5 s", f"{frozen['pauses']}, {frozen['paused']:.3f} s"
    stalls = stream["stalls"]
    yield "stalls of 1 s or more", f"{stalls['count']}, {stalls['total']:.3f} s"
    yield "first to last byte", _spread(stream["first_to_last_byte"])
    if (factor := stream["delay_factor"]) is not None:
        label = factor["label"].removeprefix("MDI delay factor ")
        yield "MDI delay factor", f"mean {_ms(factor['mean'])}, most {_ms(factor['most'])} {label}"


def _of_sound(stream: Report) -> Iterator[tuple[str, str]]:
    yield "frames", f"{stream['frames']} of {stream['codec']}"
    yield "seconds of sound", f"{stream['seconds_of_sound']:.3f}"
    if stream["gaps"]:
        yield "gaps", f"{stream['gaps']}, {format_size(stream['missing'])} missing"
    if stream["seconds"] is not None:
        yield "seconds", f"{stream['seconds']:.3f}"
    if stream["samples_a_second"] is not None:
        yield (
            "samples a second",
            f"{stream['samples_a_second']:.2f} against 8000: {stream['clock_ppm']:+.0f} ppm",
        )
        yield "ahead of the wall at the end", f"{stream['ahead_at_end']:+.4f} s"
    if stream.get("begins_behind_pictures") is not None:
        yield "begins behind the pictures", f"{stream['begins_behind_pictures']:+.4f} s"
