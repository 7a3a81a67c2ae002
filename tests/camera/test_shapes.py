"""What a fault gets hold of, written out byte by byte."""

from __future__ import annotations

import random

import pytest

from hamaproto.camera.shapes import HeadLines, PartShape, Reaction, Turn, options
from hamaproto.events import AnomalyCode


def test_a_head_is_its_lines() -> None:
    lines = [b"HTTP/1.1 200 OK", b"A: b", b"C: d"]
    assert bytes(HeadLines(lines)) == b"HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n"
    assert bytes(HeadLines(lines, eol=b"\n")) == b"HTTP/1.1 200 OK\nA: b\nC: d\n\n"
    assert bytes(HeadLines(lines, mixed=True)) == b"HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\n"
    assert bytes(HeadLines(lines, before=b"\r\n", size=6)) == b"\r\nHTTP"
    assert bytes(HeadLines([], before=b"\r\n")) == b""
    assert HeadLines(lines).find(b"c") == 2
    assert HeadLines(lines).find(b"x") is None


def test_a_part_is_a_head_an_image_and_what_follows() -> None:
    shape = PartShape(0, [b"A: b", b"C: d"], b"image", b"tail")
    assert bytes(shape) == b"A: b\r\nC: d\r\n\r\nimagetail"
    shape.eol = b"\n"
    assert bytes(shape) == b"A: b\nC: d\n\nimagetail"
    shape.blank = b""
    assert bytes(shape) == b"A: b\nC: d\nimagetail"
    shape.fields.clear()
    assert bytes(shape) == b"imagetail"


def test_chance_depends_on_seed_name_and_number_alone() -> None:
    assert Turn(3, 1).chance("drop").random() == random.Random("1 drop 3").random()
    assert Turn(9, 1).chance("drop", 3).random() == random.Random("1 drop 3").random()
    values = {
        Turn(number, seed).chance(name).random()
        for number in (0, 1)
        for seed in (0, 1)
        for name in ("drop", "reorder")
    }
    assert len(values) == 8


@pytest.mark.parametrize(
    ("reaction", "words"),
    [
        (Reaction(), "gives every frame"),
        (Reaction(frames="some"), "gives what was sent"),
        (
            Reaction(frozenset({AnomalyCode.JUNK, AnomalyCode.BARE_LF})),
            "gives every frame, reports bare-lf, junk",
        ),
        (
            Reaction(frames="whole", error="ConnectionLostError"),
            "gives those that came whole, and the others as cut off, raises ConnectionLostError "
            "and goes on with reconnect",
        ),
        (
            Reaction(frames="none", error="BusyError", recovers=False),
            "gives none, raises BusyError",
        ),
    ],
)
def test_a_reaction_in_words(reaction: Reaction, words: str) -> None:
    assert str(reaction) == words


def test_options_can_not_be_changed() -> None:
    given = options(percent=3)
    assert given == {"percent": 3}
    with pytest.raises(TypeError):
        given["percent"] = 4  # type: ignore[index]
