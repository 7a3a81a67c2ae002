"""`hamaproto.commands.choices`: the values that the specification prints, in every spelling."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from specification import PRINTED

from hamaproto.commands import choices
from hamaproto.commands.choices import AudioEnable, Direction, FlipMode
from hamaproto.errors import ArgumentTypeError
from hamaproto.models import RateControl, Resolution, VideoFormat

LISTS: dict[tuple[str, str], Any] = {
    ("2.2.1", "resolution"): choices.MJPEG_RESOLUTIONS,
    ("2.2.2", "resolution"): choices.MPEG4_RESOLUTIONS,
    ("2.2.3", "compression"): choices.JPEG_COMPRESSIONS,
    ("2.2.5", "bitrate"): choices.MPEG4_BITRATES,
    ("2.2.6", "compression"): choices.MPEG4_COMPRESSIONS,
    ("2.2.7", "fps"): choices.MJPEG_FPS,
    ("2.2.8", "fps"): choices.MPEG4_FPS,
    ("2.2.10", "flip_mode"): tuple(FlipMode),
    ("3.3", "enable"): tuple(AudioEnable),
    ("3.3", "output_volume"): choices.VOLUMES,
    ("4.1", "direction"): tuple(Direction),
    ("4.2", "index"): choices.PRESET_INDEXES,
    ("4.6", "speed"): choices.PAN_TILT_SPEEDS,
}


@pytest.mark.parametrize("place", LISTS, ids=str)
def test_each_list_is_what_the_specification_prints(place: tuple[str, str]) -> None:
    assert [format(value) for value in LISTS[place]] == PRINTED[place].split()


def test_the_modes_have_the_names_of_the_specification() -> None:
    """0 normal, 1 vertical mirror, 2 horizontal mirror, 3 rotate 180 (2.2.10)."""
    names = {mode.value: mode.name for mode in FlipMode}
    assert names == {
        0: "NORMAL",
        1: "VERTICAL_MIRROR",
        2: "HORIZONTAL_MIRROR",
        3: "ROTATE_180",
    }
    for kind in (Direction, AudioEnable):
        assert all(choice.name.lower() == choice.value.lower() for choice in kind)


anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.binary()
)


@given(anything)
def test_what_is_no_other_spelling_stays_as_it_is(value: Any) -> None:
    known = {"0", "1", "yes", "no", "mjpeg", "mpeg4", "compression", "bitrate"}
    if isinstance(value, bool) or str(value).lower() in known or "x" in str(value).lower():
        return
    for spelled in (
        choices.spelled_resolution,
        choices.spelled_rate_control,
        choices.spelled_video_format,
        choices.spelled_enable,
    ):
        assert spelled(value) is value


@pytest.mark.parametrize("value", [True, False, None, 1.0, b"1", 2, -1, "2", "", "x"])
def test_no_other_value_becomes_a_number_of_a_choice(value: Any) -> None:
    """True is a 1 for Python; a switch is not."""
    assert choices.spelled_rate_control(value) is value
    assert choices.spelled_video_format(value) is value


@pytest.mark.parametrize("size", ["640x480", "640X480", "640 x 480", " 0640x480 "])
def test_a_resolution_in_other_spellings(size: str) -> None:
    vga = Resolution(640, 480)
    assert choices.spelled_resolution(size) == vga
    assert choices.spelled_resolution(vga) is vga


@given(st.integers(), st.integers())
def test_a_resolution_as_a_pair(width: int, height: int) -> None:
    assert choices.spelled_resolution((width, height)) == f"{width}x{height}"
    for wrong in ((width,), (width, height, width), [width, height]):
        assert choices.spelled_resolution(wrong) is wrong
    for part in (True, None, 1.0):
        for pair in ((width, part), (part, height)):
            with pytest.raises(ArgumentTypeError, match="resolution: takes a str or an int"):
                choices.spelled_resolution(pair)


@pytest.mark.parametrize(
    ("spellings", "number"),
    [
        ((RateControl.COMPRESSION, "compression", "Compression", "1", 1), "1"),
        ((RateControl.BITRATE, "bitrate", "BITRATE", "0", 0), "0"),
    ],
)
def test_rate_control_in_every_spelling(spellings: tuple[Any, ...], number: str) -> None:
    assert {choices.spelled_rate_control(one) for one in spellings} == {number}


@pytest.mark.parametrize(
    ("spellings", "number"),
    [
        ((VideoFormat.MJPEG, "mjpeg", "MJPEG", "0", 0), "0"),
        ((VideoFormat.MPEG4, "mpeg4", "Mpeg4", "1", 1), "1"),
    ],
)
def test_the_video_format_in_every_spelling(spellings: tuple[Any, ...], number: str) -> None:
    assert {choices.spelled_video_format(one) for one in spellings} == {number}


def test_one_choice_is_not_taken_for_another() -> None:
    assert choices.spelled_rate_control(VideoFormat.MJPEG) is VideoFormat.MJPEG
    assert choices.spelled_video_format(RateControl.BITRATE) is RateControl.BITRATE


@pytest.mark.parametrize(
    ("value", "due"),
    [
        (True, "Yes"),
        (False, "No"),
        ("yes", "Yes"),
        ("YES", "Yes"),
        ("no", "No"),
        (AudioEnable.NO, "No"),
        ("on", "on"),
        ("YES ", "YES "),
        (1, 1),
        (0, 0),
        (None, None),
    ],
)
def test_sound_is_switched_in_every_spelling(value: Any, due: Any) -> None:
    spelled = choices.spelled_enable(value)
    assert spelled == due
    assert isinstance(spelled, bool) is False
