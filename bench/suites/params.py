"""Parameter lists beside `dict(line.split("=", 1))` and the axis package.

The lines are those of the answers in the specification, with keys made different by a number.  In
some of these cameras' lists a leaf branches (`Properties.PTZ=yes`, `Properties.PTZ.X=...`), which
not every reader takes: such lists have a row of their own.  Ours says more than the others do:
errors, what is no parameter, where each line stood, keys with and without `root.`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from bench.measure.entries import Contest, Entry, Options, Skipped, Timed, Unit, tried
from bench.streams import SEGMENT
from fixtures import read_json

__all__ = ["SETTINGS", "contests", "lines"]

SETTINGS = {"lines": 2000}
SPLIT = 'dict(line.split("=", 1))'
NS_A_LINE = Unit("ns a line", factor=1e9)


def lines(count: int, *, branching: bool) -> list[str]:
    """So many lines of the specification's answers, each with a key of its own.

    One in ten is the branch of a leaf if there are to be such.
    """
    found = [
        line
        for command in read_json("params", "specification", "commands.json")
        for line in command.get("answer") or []
        if "=" in line and not line.startswith(("#", "<"))
    ]
    keys = {line.partition("=")[0] for line in found}
    plain = [line for line in found if not any(k.startswith(f"{_key(line)}.") for k in keys)]
    made = []
    for number in range(count):
        key, _, value = plain[number % len(plain)].partition("=")
        branch = ".Branch" if branching and number % 10 == 9 else ""
        if branch:
            key, _, value = plain[(number - 1) % len(plain)].partition("=")
        made.append(f"{key}{(number - bool(branch)) // len(plain)}{branch}={value}")
    return made


def _key(line: str) -> str:
    return line.partition("=")[0]


def contests(options: Options) -> Iterator[Contest]:
    count = options.setting("lines", SETTINGS["lines"], 100)
    for branching in (False, True):
        row = f"{count} lines{', of which leaves branch' if branching else ''}"
        yield _contest(row, lines(count, branching=branching))


def _contest(row: str, text: list[str]) -> Contest:
    from hamaproto.wire.params import ParamParser, parse_params

    count = len(text)
    body = "\n".join([*text, "", ""]).encode()

    def split() -> dict[str, str]:
        return dict(line.split("=", 1) for line in body.decode().splitlines() if "=" in line)

    def events() -> int:
        parser = ParamParser()
        parser.receive_data(body)
        parser.receive_eof()
        return sum(1 for _ in parser.events())

    def pieces() -> int:
        parser = ParamParser()
        number = 0
        for at in range(0, len(body), SEGMENT):
            parser.receive_data(body[at : at + SEGMENT])
            number += sum(1 for _ in parser.events())
        parser.receive_eof()
        return number + sum(1 for _ in parser.events())

    reference = (row, SPLIT)
    ways: dict[str, Any] = {
        SPLIT: split,
        "ours, parse_params": lambda: parse_params(body),
        "ours, events": events,
        "ours, events, pieces of 1460 B": pieces,
    }
    entries: list[Entry | Skipped] = [
        Timed(row, who, NS_A_LINE, count, run, reference) for who, run in ways.items()
    ]
    try:
        from axis.models.parameters.param_cgi import params_to_dict
    except ImportError as error:
        entries.append(Skipped(row, "axis", str(error)))
    else:
        decoded = body.decode().rstrip()
        read = partial(params_to_dict, decoded)
        entries.append(tried(Timed(row, "axis", NS_A_LINE, count, read, reference)))
    return entries
