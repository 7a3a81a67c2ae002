"""Lengths of time and amounts of data, as people write and read them."""

from __future__ import annotations

import click
import pytest

from hamaproto.cli.measures import DURATION, format_size, format_time, parse_amount
from hamaproto.cli.recording.progress import Status


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("10min", (600, None)),
        ("1.5h", (5400, None)),
        ("7d", (604_800, None)),
        ("90 s", (90, None)),
        ("1GB", (None, 10**9)),
        ("2MiB", (None, 2 << 20)),
        ("500kb", (None, 500_000)),
        *((text, None) for text in ("", "10", "-1s", "0s", "1e3s", "GB", "1 eon", "0.0001kB")),
        *((text, None) for text in ("9" * 400 + "s", "9" * 15 + "w", "nans", "\u0661s", "1GBs")),
    ],
)
def test_measures(text: str, amount: object) -> None:
    assert parse_amount(text) == amount


def test_a_length_of_time_without_a_unit_is_of_seconds() -> None:
    assert DURATION.convert("30", None, None) == 30
    assert DURATION.convert("0.5s", None, None) == 0.5
    assert DURATION.convert("0", None, None) == 0
    assert DURATION.convert("2min", None, None) == 120
    for wrong in ("1GB", "soon", "", "-3"):
        with pytest.raises(click.BadParameter, match="30s"):
            DURATION.convert(wrong, None, None)


def test_figures_for_people() -> None:
    assert [format_size(n) for n in (0, 999, 1000, 123_456, 10**9, 2 * 10**13)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "123 kB",
        "1.0 GB",
        "20.0 TB",
    ]
    assert format_time(3661.9) == "1:01:01"
    status = Status(61.0, 610, 10.0, 12_300_000, 2, -0.04, ["motion"])
    assert status.line() == "0:01:01  610 pictures  10.0/s  12.3 MB  2 lost  sound -40 ms  motion"
