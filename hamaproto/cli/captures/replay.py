"""`hamaproto replay FILE`: a camera that says what the one in the capture said, when it said it."""

from __future__ import annotations

from typing import Any

import click

from hamaproto.captures.script import read_script
from hamaproto.cli.captures.player import Player
from hamaproto.cli.exits import OK, PARTIAL
from hamaproto.cli.options import json_option, seconds_option
from hamaproto.cli.output import STDOUT
from hamaproto.cli.plain import note, print_json, print_line
from hamaproto.cli.signals import stopping

__all__ = ["replay"]


class _Speed(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """A number over 0, or `max`, which is None."""

    name = "speed"

    def convert(self, value: Any, param: Any, ctx: Any) -> float | None:
        if value is None or value == "max":
            return None
        try:
            speed = float(value)
        except (TypeError, ValueError):
            speed = 0.0
        if not 0 < speed <= 1e6:
            self.fail(f"{value!r}: a number such as 4 or 0.5, or max", param, ctx)
        return speed


@click.command()
@click.argument("source", metavar="FILE", type=click.File("rb"))
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    default=0,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The port; 0 lets the system choose.",
)
@click.option(
    "--speed",
    type=_Speed(),
    default="1",
    show_default=True,
    metavar="N|max",
    help="So many times as fast; max waits for nothing.",
)
@click.option("--loop", is_flag=True, help="Streams begin again behind their end.")
@click.option("--exact", is_flag=True, help="Spin before each piece: within 0.3 ms, for a core.")
@click.option("--once", is_flag=True, help="End when one answer was played to its end.")
@seconds_option
@click.option(
    "--fps",
    type=click.FloatRange(0.001, 1000),
    default=10.0,
    show_default=True,
    help="Frames a second of a file without times.",
)
@json_option
def replay(
    source: Any,
    host: str,
    port: int,
    speed: float | None,
    loop: bool,
    exact: bool,
    once: bool,
    seconds: float | None,
    fps: float,
    as_json: bool,
) -> int:
    """Play a capture: be the camera in it, byte for byte, until interrupted.

    The first line on stdout is the URL. What was asked in the capture is answered as there, at the
    same pace; anything else with 404.
    """
    name = "standard input" if source.name == STDOUT else source.name
    script = read_script(source, fps=fps)
    if not script.lines:
        why = f" ({script.trouble})" if script.trouble else ""
        raise click.UsageError(f"{name}: no answer is in it that could be played{why}")
    if script.trouble:
        note(f"{name}: {script.trouble}")
    with Player(script, host=host, port=port, speed=speed, loop=loop, exact=exact) as player:
        if as_json:
            print_json({"url": player.url, "answers": len(script.lines)}, indent=None)
        else:
            print_line(player.url)
        note(f"{len(script.lines)} answers; Ctrl-C ends it")
        with stopping(player.stop):
            player.wait(once=once, seconds=seconds)
    late = player.lateness()
    pace = ""
    if late is not None:
        middle, most = 1000 * late.p50, 1000 * late.p99
        pace = f", {late.count} pieces; late by {middle:.3f} ms (median), {most:.3f} ms (99 %)"
    note(f"{player.played} answers played{pace}")
    return PARTIAL if script.trouble else OK
