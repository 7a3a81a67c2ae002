"""`hamaproto.limits`: each bound is a whole number over 0, and larger than what was met."""

from __future__ import annotations

import dataclasses

import pytest

from hamaproto.errors import ArgumentTypeError, LocalProtocolError
from hamaproto.limits import DEFAULT_LIMITS, Limits

NAMES = [field.name for field in dataclasses.fields(Limits)]
#: The largest that was met in a camera, by the reasons that `Limits` gives; and what is too much.
MET = {
    "max_frame": (32 << 20, 1 << 27),
    "max_part": (64 << 10, 16 << 20),
    "max_junk": (1 << 20, 1 << 27),
    "max_part_line": (8 << 10, 64 << 10),
    "max_part_head": (8 << 10, 64 << 10),
    "max_part_headers": (16, 256),
    "max_head_line": (7 << 10, 64 << 10),
    "max_head": (15 << 10, 80_000),
    "max_headers": (100, 1000),
    "max_preamble": (3, 100),
    "max_chunk_line": (1 << 10, 16 << 10),
    "max_trailers": (1 << 10, 64 << 10),
    "max_param_line": (126 * 100, 1 << 20),
    "max_params": (1000, 100_000),
    "max_inbox": (32 << 20, 1 << 27),
    "max_body": (1 << 20, 16 << 20),
}


@pytest.mark.parametrize("name", NAMES)
def test_the_default_lets_pass_what_was_met_and_not_an_attack(name: str) -> None:
    met, attack = MET[name]
    assert met < getattr(DEFAULT_LIMITS, name) < attack
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
