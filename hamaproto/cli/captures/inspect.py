"""`hamaproto inspect`: what is in a capture, in words."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime
from typing import Any, Final

import click

from hamaproto.captures.secrets import hidden_fields, hidden_target
from hamaproto.captures.summary import Summary, Traffic
from hamaproto.cli.captures.recorder import Recorder, Wanted
from hamaproto.cli.captures.source import Source, secrets_option
from hamaproto.cli.exits import PARTIAL, exit_code
from hamaproto.cli.measures import format_size
from hamaproto.cli.options import Target, json_option
from hamaproto.cli.plain import note, print_json, print_line
from hamaproto.cli.signals import stopping
from hamaproto.cli.tally import Tally
from hamaproto.cli.trouble import told

__all__ = ["inspect"]

#: Exchanges that are shown one by one; there are more in a capture of somebody who polls.
_SHOWN: Final = 100
#: Anomalies in a row of one exchange.
_CODES: Final = 5


@click.command()
@click.argument("source", metavar="FILE|URL")
@click.option(
    "--seconds",
    type=click.FloatRange(0, 86_400, min_open=True),
    default=5.0,
    show_default=True,
    help="How long to listen to a URL.",
)
@secrets_option
@click.option(
    "--all", "everything", is_flag=True, help="All exchanges, with the fields of requests."
)
@json_option
def inspect(source: str, seconds: float, secrets: bool, everything: bool, as_json: bool) -> int:
    """Tell what is in a capture: conversations, requests, streams, anomalies by their codes.

    FILE is pcap or pcapng, an answer that `curl -i` saved, or a body alone; - is standard input.
    URL is a camera, or the full address of a stream, which is recorded and then told of.
    """
    if "://" not in source:
        return _tell(source, source, secrets=secrets, everything=everything, as_json=as_json)
    target = Target(source, None, 10.0, files=True)
    wanted = Wanted(target.pictures, Tally("picture"))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "live.pcapng")
        with open(path, "wb") as file:
            recorder = Recorder(target, [wanted], file.write, secrets=secrets)
            with stopping(recorder.stop):
                recorder.run(seconds)
        error = wanted.tally.error
        if error is not None and not recorder.writer.packets:
            raise error
        code = _tell(path, target.url, secrets=secrets, everything=everything, as_json=as_json)
    if error is not None:
        note(told(error, host=target.host, login=target.auth is not None))
        return code or (PARTIAL if wanted.tally.frames else exit_code(error))
    return code


def _tell(path: str, name: str, *, secrets: bool, everything: bool, as_json: bool) -> int:
    summary = Summary()
    with Source(path) as read:
        if path != name:
            read.name = name
        for seen in read:
            summary.take(seen)
    if as_json:
        print_json(_as_data(read, summary, secrets=secrets))
        return read.code
    for line in _words(read, summary, secrets=secrets, everything=everything):
        print_line(line)
    return read.code


def _as_data(read: Source, summary: Summary, *, secrets: bool) -> dict[str, Any]:
    parser = read.parser
    return {
        "file": read.name,
        "code": read.code,
        "trouble": read.trouble or None,
        "format": read.sections[0].format if read.sections else "bytes",
        "application": read.sections[0].application if read.sections else None,
        "comments": [text for section in read.sections for text in section.comments],
        "packets": parser.packets,
        "conversations": parser.conversations,
        "other_packets": {kind.name.lower(): count for kind, count in parser.counts.items()},
        "retransmitted": parser.retransmitted,
        "conflicts": parser.conflicts,
        "missing": summary.missing,
        "not_http": dict(summary.stray),
        "anomalies": {
            code: {
                "count": count,
                "exchange": first.exchange.number,
                "offset": first.event.offset,  # type: ignore[union-attr]  # an Anomaly
                "packet": first.first.packet,
            }
            for code, (count, first) in sorted(summary.anomalies.items())
        },
        "exchanges": [traffic.report(secrets=secrets) for traffic in summary.traffic],
        "exchanges_left_out": summary.left_out,
    }


def _words(read: Source, summary: Summary, *, secrets: bool, everything: bool) -> list[str]:
    parser = read.parser
    lines = []
    if parser.format == "packets":
        kind = read.sections[0].format if read.sections else "pcap"
        lines.append(
            f"{read.name}: {kind}, {_many(parser.packets, 'packet')}, "
            f"{_many(parser.conversations, 'conversation')} over TCP, "
            f"{_many(parser.exchanges, 'exchange')}"
        )
        for section in read.sections:
            lines += [f"  comment: {text}" for text in section.comments]
        others = [f"{count} {kind.value}" for kind, count in parser.counts.most_common()]
        if others:
            lines.append(f"  not read: {', '.join(others)}")
        if parser.retransmitted:
            lines.append(f"  sent again: {format_size(parser.retransmitted)}")
        if parser.conflicts:
            lines.append(f"  sent again with other bytes: {_many(parser.conflicts, 'piece')}")
        if summary.missing:
            lines.append(f"  missing in the capture: {format_size(summary.missing)}")
    else:
        lines.append(f"{read.name}: no packets, so no times; {_many(parser.exchanges, 'answer')}")
    for why, count in summary.stray.most_common():
        lines.append(f"  not read as HTTP: {why}" + (f" ({count} times)" if count > 1 else ""))
    shown = summary.traffic if everything else summary.traffic[:_SHOWN]
    for traffic in shown:
        lines += _exchange(traffic, secrets=secrets, everything=everything)
    left = len(summary.traffic) - len(shown) + summary.left_out
    if left:
        lines.append(f"... and {_many(left, 'more exchange')} (--all)")
    if summary.anomalies:
        lines.append("anomalies, by their codes, and where the first of each is:")
        for code, (count, first) in sorted(summary.anomalies.items()):
            packet = "" if first.first.packet is None else f", packet {first.first.packet}"
            offset = first.event.offset  # type: ignore[union-attr]  # an Anomaly
            lines.append(
                f"  {count:>7}  {code}: exchange {first.exchange.number}, byte {offset}{packet}"
            )
    return lines


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _exchange(traffic: Traffic, *, secrets: bool, everything: bool) -> list[str]:
    exchange = traffic.exchange
    request, response = exchange.request, exchange.response
    if request is not None:
        target = request.target if secrets else hidden_target(request.target)
        asked = f"{request.method} {target}"
    else:
        asked = "an answer without its request"
    who = "" if exchange.client is None else f" {exchange.client} to {exchange.server}:"
    lines = [f"{exchange.number}.{who} {asked}"]
    if everything and request is not None:
        pairs = request.headers.raw if secrets else hidden_fields(request.headers)
        lines += [f"     {name}: {value}" for name, value in pairs]
    if response is None:
        said = "no answer"
    elif response.status is None:
        said = "a body without a head"
    else:
        said = f"{response.status} {response.content_type or 'without a type'}"
    lines.append(f"   {said}{_when(traffic)}: {', '.join(_contents(traffic)) or 'nothing'}")
    if traffic.broken:
        lines.append(f"   could not be read on: {traffic.broken}")
    if traffic.anomalies:
        codes = [f"{count} {code}" for code, count in traffic.anomalies.most_common(_CODES)]
        more = len(traffic.anomalies) - len(codes)
        lines.append(f"   odd: {', '.join(codes)}" + (f", {more} more codes" if more else ""))
    return lines


def _when(traffic: Traffic) -> str:
    if traffic.first is None or traffic.last is None:
        return ""
    began = datetime.fromtimestamp(traffic.first // 10**9, UTC)
    return f", {began:%Y-%m-%d %H:%M:%S} UTC, {(traffic.last - traffic.first) / 1e9:.3f} s"


def _contents(traffic: Traffic) -> list[str]:
    counts, sizes = traffic.counts, traffic.sizes
    found = []
    if frames := counts["frames"]:
        found.append(f"{_many(frames, 'frame')} ({format_size(sizes['frames'])})")
    if cut := counts["cut off"]:
        found.append(f"{cut} of them cut off")
    if sound := counts["sound frames"]:
        codec = traffic.law or "GSM 06.10"
        found.append(f"{sound / 50:.2f} s of sound ({codec})")
    for name, what in (
        *(("parameters", "parameter"), ("error lines", "error line")),
        *(("parts", "other part"), ("gaps", "gap")),
    ):
        if counts[name]:
            found.append(_many(counts[name], what))
    for name, what in (
        *(("data", "of other data"), ("skipped", "skipped"), ("missing", "missing")),
    ):
        if sizes[name]:
            found.append(f"{format_size(sizes[name])} {what}")
    if traffic.complete is False:
        found.append("not whole")
    elif traffic.complete is None:
        found.append("no end in the capture")
    return found
