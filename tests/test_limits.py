"""`hamaproto.limits`: each bound is a whole number over 0, and larger than what was met."""

from __future__ import annotations

import dataclasses

import pytest

from hamaproto.errors import ArgumentTypeError, LocalProtocolError
from hamaproto.limits import DEFAULT_LIMITS, Limits

NAMES = [field.name for field in dataclasses.fields(Limits)]
KIB, MIB = 1 << 10, 1 << 20
#: Name -> (the largest that was met, by the reasons that `Limits` gives; the default): what
#: programs were told they can count on.
DEFAULTS = {
    "max_frame": (32 * MIB, 64 * MIB),
    "max_part": (64 * KIB, MIB),
    "max_junk": (MIB, 64 * MIB),
    "max_part_line": (8 * KIB, 16 * KIB),
    "max_part_head": (8 * KIB, 16 * KIB),
    "max_part_headers": (16, 64),
    "max_head_line": (7 * KIB, 16 * KIB),
    "max_head": (15 * KIB, 64 * KIB),
    "max_headers": (100, 256),
    "max_preamble": (3, 64),
    "max_chunk_line": (KIB, 4 * KIB),
    "max_trailers": (KIB, 16 * KIB),
    "max_param_line": (126 * 100, 64 * KIB),
    "max_params": (1000, 20_000),
    "max_inbox": (32 * MIB, 64 * MIB),
    "max_body": (MIB, 4 * MIB),
}


@pytest.mark.parametrize("name", NAMES)
def test_the_default_lets_pass_what_was_met(name: str) -> None:
    met, default = DEFAULTS[name]
    assert met < getattr(DEFAULT_LIMITS, name) == default
    assert Limits() == DEFAULT_LIMITS


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [1, 7, 1 << 70])
def test_one_can_be_changed(name: str, value: int) -> None:
    limits = Limits(**{name: value})
    assert getattr(limits, name) == value
    others = [one for one in NAMES if one != name]
    assert all(getattr(limits, one) == getattr(DEFAULT_LIMITS, one) for one in others)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [0, -1, 1.0, "5", None, True], ids=repr)
def test_what_is_no_limit_is_refused(name: str, value: object) -> None:
    expected = LocalProtocolError if type(value) is int else ArgumentTypeError
    with pytest.raises(expected, match=rf"^Limits\({name}=.*a whole number of at least 1"):
        Limits(**{name: value})


def test_they_can_not_be_changed_behind_a_parser() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        DEFAULT_LIMITS.max_frame = 5  # type: ignore[misc]
    assert len({Limits(), Limits(max_frame=5), Limits()}) == 2
