"""What the device makes of a value before it stores it, and how it finds one in a query."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.camera.parameters import (
    BEYOND,
    FORM_FIELDS,
    GROUPS,
    SHOWN_WHILE,
    UPDATES,
    find_value,
    leading_number,
    settable,
)
from hamaproto.errors import LocalProtocolError

I0, I1 = "Image.I0.", "Image.I1."
#: Clauses 2.2.7, 2.2.8 and 2.2.5, and the volumes of 3.3: the steps that there are.
STEPS = {
    I0 + "Stream.FPS": [1, 3, 5, 10, 15, 30],
    I1 + "Stream.FPS": [3, 5, 10, 15],
    I1 + "Appearance.bitrate": [
        *(200_000, 250_000, 300_000, 400_000, 500_000),
        *(800_000, 1_000_000, 1_500_000, 2_000_000),
    ],
    "enet_audio_mic_vol": [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100],
    "enet_audio_output_vol": [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100],
}
#: Clauses 2.2.3, 2.2.6 and 4.6: between which numbers a value is kept.
RANGES = {
    I0 + "Appearance.Compression": (0, 4),
    I1 + "Appearance.Compression": (5, 13),
    "enet_avs_pt_speed": (1, 9),
}
#: Clauses 2.2.4, 2.2.9 and 2.2.10: what is stored for 0, 1, ...
CODES = {
    I1 + "Appearance.stats": ["bitrate", "compression"],
    "enet_avs_default_dual_mode": ["mjpeg", "mpeg4"],
    "enet_avs_flip_mode": ["0", "1", "2", "3"],
}
#: Clauses 2.2.1, 2.2.2 and 3.3: the words that there are, and what is stored for them.
WORDS = {
    I0 + "Appearance.Resolution": {size: size for size in ("1280x1024", "640x480", "320x240")},
    I1 + "Appearance.Resolution": {size: size for size in ("1024x768", "640x480", "320x240")},
    "enet_audio_enable": {"Yes": "yes", "No": "disabled"},
}


def stored(name: str, text: str) -> str | None:
    return {**UPDATES, **FORM_FIELDS}[name].rule(text)


def test_every_setter_is_in_one_of_these_tables() -> None:
    assert {*STEPS, *RANGES, *CODES, *WORDS} == {*UPDATES, *FORM_FIELDS}


@given(st.sampled_from(sorted(STEPS)), st.integers(-5, 3_000_000) | st.integers(-5, 110))
def test_a_number_becomes_the_next_step(name: str, number: int) -> None:
    higher = [step for step in STEPS[name] if step >= number]
    assert stored(name, str(number)) == str(min(higher, default=max(STEPS[name])))


@pytest.mark.parametrize("name", STEPS)
def test_each_step_is_kept_and_one_more_is_the_next(name: str) -> None:
    steps = STEPS[name]
    for step, higher in zip(steps, [*steps[1:], steps[-1]], strict=True):
        assert stored(name, str(step)) == str(step)
        assert stored(name, str(step + 1)) == str(higher)


@given(st.sampled_from(sorted(RANGES)), st.integers(-20, 20))
def test_a_number_is_kept_in_its_range(name: str, number: int) -> None:
    low, high = RANGES[name]
    assert stored(name, str(number)) == str(sorted((low, number, high))[1])


@given(st.sampled_from(sorted(CODES)), st.integers(-3, 6))
def test_a_code_is_stored_as_its_word_or_not_at_all(name: str, number: int) -> None:
    names = CODES[name]
    assert stored(name, str(number)) == (names[number] if 0 <= number < len(names) else None)


@pytest.mark.parametrize("name", WORDS)
def test_a_word_is_one_that_there_is(name: str) -> None:
    for word, value in WORDS[name].items():
        assert stored(name, word) == value
    for word in ("", "yes", "800x600", "640X480", "1"):
        assert stored(name, word) is None


@pytest.mark.parametrize("name", [*STEPS, *RANGES, *CODES])
def test_what_is_no_number_is_not_stored(name: str) -> None:
    for text in ("", "x", "-", "+", "x1", "- 1"):
        assert stored(name, text) is None


@given(st.from_regex(r"[ \t\n]{0,2}[+-]?[0-9]{0,4}[a-z. ]{0,3}", fullmatch=True))
def test_a_number_is_read_as_atoi_reads_it(text: str) -> None:
    # C's atoi: blanks, a sign, digits, and what follows counts for nothing.
    digits = re.match(r"\s*([+-]?\d+)", text)
    assert leading_number(text) == (int(digits[1]) if digits else None)


@given(
    st.lists(st.sampled_from([b"a=", b"b", b"&", b" ", b"=", b"\r\n", b"x" * 70])).map(b"".join),
    st.sampled_from(["a", "b", "ba"]),
)
def test_the_first_place_where_a_name_stands_counts(query: bytes, name: str) -> None:
    found = re.search(rb"%b= *([^&]*)" % name.encode(), query, re.DOTALL)
    expected = None if found is None or len(found[1]) > 126 else found[1].decode("latin-1")
    assert find_value(query, name) == expected


@pytest.mark.parametrize("length", [0, 125, 126, 127, 128])
def test_a_value_of_more_than_126_bytes_is_none(length: int) -> None:
    query = b"x=1&name=  " + b"v" * length + b"&y=2"
    assert find_value(query, "name") == ("v" * length if length <= 126 else None)


def test_what_is_stored_can_be_listed() -> None:
    listed = {
        line.partition("=")[0].removeprefix("root.") for lines in GROUPS.values() for line in lines
    }
    # Clause 2.2.10 and 3.3 print no way to ask for these.
    hidden = {"flip_mode", "pt_speed", "output_volume"}
    assert {setter.key for setter in (*UPDATES.values(), *FORM_FIELDS.values())} <= listed | hidden
    assert set(SHOWN_WHILE) <= listed


def test_what_can_be_set_is_known_by_its_key_or_its_field() -> None:
    assert settable("Image.I0.Stream.FPS") is UPDATES["Image.I0.Stream.FPS"]
    assert settable("enet_avs_flip_mode") is FORM_FIELDS["enet_avs_flip_mode"]
    with pytest.raises(LocalProtocolError, match="no parameter 'x' can be set; there are Image"):
        settable("x")
    assert set(GROUPS) >= BEYOND
