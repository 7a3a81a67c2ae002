"""`hamaproto.commands.values`: a camera gets the value that was given, or the value is refused.

What reaches a camera is judged by the URLs of four HTTP libraries, and by a model of how the
cameras search a query.
"""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError
from enum import Enum, IntEnum
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from specification import CARRIED, carried_texts, searched, seen_by

from hamaproto.commands.values import (
    Argument,
    FileName,
    PresetName,
    carried,
    choice,
    query,
    written,
)
from hamaproto.errors import ArgumentTypeError, LocalProtocolError
from hamaproto.models import Resolution, VideoFormat

PRESET = PresetName("name", "setserverpresetname", "myroom")
FILE = FileName("name", None, "loginfree.jpg")
FPS = choice("fps", "Image.I0.Stream.FPS", (1, 3, 5, 10, 15, 30), example=15)


# -- what can be carried ---------------------------------------------------------------


@given(st.text(max_size=140))
@example("x" * 126)
@example("x" * 127)
@example("")
@example("a%41")
@example("a&b")
@example("a=b")
@example("a#b")
@example("a b")
@example("\xe9")
def test_what_can_be_carried_is_given_back(text: str) -> None:
    if 1 <= len(text) <= 126 and set(text) <= set(CARRIED):
        assert carried("a value", text) is text
    else:
        with pytest.raises(LocalProtocolError, match=r"^a value: .*(carried|bytes)") as raised:
            carried("a value", text)
        assert len(str(raised.value)) < 250


def test_a_refusal_names_the_character_and_says_why() -> None:
    with pytest.raises(LocalProtocolError, match=r"x: '&' at index 2.*decode no percent-escapes"):
        carried("x", "my&room&")
    for size in (0, 127):
        with pytest.raises(LocalProtocolError, match=f"x: {size} bytes; .* more than 126 bytes"):
            carried("x", "y" * size)


@given(st.dictionaries(carried_texts, carried_texts, max_size=4), st.sampled_from(["/x", "/x?y=z"]))
@example({"FPS": "1", "a.FPS": "2"}, "/x")
@example({"a.FPS": "1", "FPS": "2"}, "/x")
@example({"a": "FPS", "FPS": "2"}, "/x")
@example({"y": "1"}, "/x?y=z")
def test_a_camera_finds_every_parameter_or_the_query_is_refused(
    params: dict[str, str], head: str
) -> None:
    whole, places = head, []
    for key, value in params.items():
        whole += "&" if "?" in whole else "?"
        places.append(len(whole))
        whole += f"{key}={value}"
    # The first hit counts, so each name must be met first where it stands.
    if [whole.find(key, whole.find("?")) for key in params] == places:
        assert query(head, params.items()) == whole
        assert {key: searched(whole, key) for key in params} == params
    else:
        with pytest.raises(LocalProtocolError, match="also occurs before its place in the query"):
            query(head, params.items())


def test_a_query_without_pairs_is_its_head() -> None:
    assert query("/x", []) == "/x"


# -- how a value is written ------------------------------------------------------------


class Word(Enum):
    FULL = "full"
    HALF = 0.5


class Number(IntEnum):
    TWO = 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("7", "7"),
        (7, "7"),
        (-7, "-7"),
        (Resolution(640, 480), "640x480"),
        (Word.FULL, "full"),
        (Number.TWO, "2"),
        (VideoFormat.MPEG4, "mpeg4"),
        (10**125, "1" + "0" * 125),
    ],
)
def test_texts_numbers_and_choices_are_written(value: object, text: str) -> None:
    assert written("x", value) == text
    assert type(written("x", value)) is str


@pytest.mark.parametrize("value", [True, False, None, 1.0, b"1", [1], object(), Word.HALF])
def test_other_types_are_refused(value: object) -> None:
    with pytest.raises(ArgumentTypeError, match=r"^x: takes a str or an int, not \w+$"):
        written("x", value)


@given(st.integers())
@example(1 << 1007)
@example(1 << 1008)
@example(-(1 << 1008))
@example(10**5000)
def test_a_number_has_no_more_bits_than_a_value_has(number: int) -> None:
    """126 bytes are 1008 bits; Python refuses to print some thousands of digits."""
    if abs(number) < 1 << 1008:
        assert written("x", number) == str(number)
    else:
        with pytest.raises(LocalProtocolError, match=r"^x: a number of more than 126 bytes$"):
            written("x", number)


# -- arguments -------------------------------------------------------------------------


def test_an_argument_says_itself_how_it_is_written() -> None:
    with pytest.raises(NotImplementedError):
        Argument("x", "x", 1).text("1.1", 1, False)
    assert FPS.allowed == ("1", "3", "5", "10", "15", "30")
    assert (PRESET.allowed, FILE.allowed) == ((), ())
    for argument in (Argument("x", "x", 1), FPS, PRESET, FILE):
        assert not hasattr(argument, "__dict__")
        with pytest.raises(FrozenInstanceError):
            argument.name = "y"  # type: ignore[misc]  # that is the point


@given(st.one_of(st.integers(), st.text(max_size=130)), st.booleans())
@example(15, False)
@example("15", False)
@example("stop", True)
@example("01", False)
def test_a_choice_is_printed_or_unchecked(value: int | str, unchecked: bool) -> None:
    text = str(value)
    can_be_carried = 1 <= len(text) <= 126 and set(text) <= set(CARRIED)
    if text in ("1", "3", "5", "10", "15", "30") or (unchecked and can_be_carried):
        assert FPS.text("2.2.7", value, unchecked) == text
    else:
        with pytest.raises(LocalProtocolError, match=r"^fps: ") as raised:
            FPS.text("2.2.7", value, unchecked)
        if not unchecked:
            assert "allowed are 1, 3, 5, 10, 15, 30 (clause 2.2.7)" in str(raised.value)
            assert "unchecked=True sends other values" in str(raised.value)


@pytest.mark.parametrize("size", [1, 40, 41, 5000])
def test_of_a_long_value_the_beginning_is_shown(size: int) -> None:
    shown = "x" * size if size <= 40 else "x" * 40 + "..."
    with pytest.raises(LocalProtocolError, match=re.escape(f"fps: '{shown}' is not allowed")):
        FPS.text("2.2.7", "x" * size, False)


def test_a_choice_reads_other_spellings() -> None:
    doubled = choice(
        "of_two",
        "key",
        ("aa", "bb"),
        example="aa",
        spelled=lambda value: value * 2 if isinstance(value, str) else value,
    )
    assert doubled.text("1.1", "a", False) == "aa"
    with pytest.raises(LocalProtocolError, match=r"^of two: 'aaaa' is not allowed"):
        doubled.text("1.1", "aa", False)


@given(st.text(max_size=130), st.booleans())
@example("x" * 63, False)
@example("x" * 64, False)
@example("x" * 64, True)
@example("x" * 127, True)
def test_a_preset_has_a_name_that_the_cameras_keep(name: str, unchecked: bool) -> None:
    good = 1 <= len(name) <= (126 if unchecked else 63) and set(name) <= set(CARRIED)
    if good:
        assert PRESET.text("4.3", name, unchecked) == name
    else:
        with pytest.raises(LocalProtocolError, match=r"^preset name: ") as raised:
            PRESET.text("4.3", name, unchecked)
        kept = f"{len(name)} bytes; the cameras keep 63 (clause 4.3); unchecked=True sends more"
        if set(name) <= set(CARRIED) and 64 <= len(name) <= 126:
            assert kept in str(raised.value)


@pytest.mark.parametrize("wrong", [5, None, b"x", ["x"]])
@pytest.mark.parametrize("argument", [PRESET, FILE], ids=repr)
def test_a_name_is_a_text(argument: Argument, wrong: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=rf"name: takes a str, not {type(wrong).__name__}"):
        argument.text("1.2", wrong, False)


def decoded(segment: str) -> str:
    """What GoAhead makes of a segment of a path."""
    return re.sub("%([0-9A-F]{2})", lambda found: chr(int(found[1], 16)), segment)


@given(st.text(st.characters(codec="latin-1"), max_size=130))
@example("my cam.jpg")
@example("100%.jpg")
@example("%41")
@example("")
@example(".")
@example("..")
@example("...")
@example("x" * 126)
@example("x" * 127)
@example("a/b")
@example("\x1f")
@example("~")
@example("\x7f")
@example("a&b=c;d+e.jpg")
def test_a_file_name_is_one_segment_of_a_path(name: str) -> None:
    good = (
        1 <= len(name) <= 126
        and name not in (".", "..")
        and all(" " <= c <= "~" and c not in "/\\?#" for c in name)
    )
    if good:
        segment = FILE.text("1.2", name, False)
        assert set(segment) <= set(CARRIED + "&=%") - set("/?")
        assert decoded(segment) == name
    else:
        with pytest.raises(LocalProtocolError, match=r"^file name.*\(clause 1\.2\)$"):
            FILE.text("1.2", name, False)


def test_a_refused_file_name_says_what_is_wrong() -> None:
    with pytest.raises(LocalProtocolError, match=r"file name: '/' at index 2 can't be carried"):
        FILE.text("1.2", "../x", False)
    with pytest.raises(LocalProtocolError, match=r"file name of 127 characters: .* of 1 to 126 "):
        FILE.text("1.2", "x" * 127, False)


# -- through the HTTP libraries --------------------------------------------------------


@pytest.mark.parametrize("library", ["httpx", "requests", "aiohttp", "urllib3"])
class TestHttpLibraries:
    """No library alters what was built, so a camera gets the value that was given."""

    @given(carried_texts)
    @example(CARRIED)
    @example("./../.")
    def test_every_value(self, library: str, value: str) -> None:
        target = query("/x", [("Image.Text", carried("value", value))])
        assert seen_by(library, f"http://camera{target}") == target

    @given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=9))
    @example("a%41 b")
    @example("-._~!$&'()*+,;=:@")
    def test_every_file_name(self, library: str, name: str) -> None:
        try:
            target = "/" + FILE.text("1.2", name, False)
        except LocalProtocolError:
            return
        assert seen_by(library, f"http://camera{target}") == target
