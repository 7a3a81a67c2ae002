"""What grows in the curves: streams that are made while they are read."""

from __future__ import annotations

import itertools

import pytest

from bench.curves import CURVES, Asked, made

#: As small as a slope allows.
SMALL = Asked(1, 2_000_000, 40_000, 10, 100_000)


def test_a_stream_is_made_of_a_block_over_and_over() -> None:
    block = [b"abc", b"de"]
    assert list(itertools.islice(made(block, 10**12), 5)) == [b"abc", b"de", b"abc", b"de", b"abc"]
    assert sum(map(len, made(block, 1000))) in range(1000, 1003)


@pytest.mark.parametrize("curve", [c for c in CURVES if c.name == "streams"], ids=lambda c: c.name)
def test_a_curve_has_its_places_and_rounds(curve: object) -> None:
    found = list(curve.measure(SMALL))  # type: ignore[attr-defined]
    assert found
    for series in found:
        assert [point.x for point in series.points] == [1, 10]
        assert all(len(point.values) == 1 for point in series.points)
        assert all(value > 0 for point in series.points for value in point.values)
