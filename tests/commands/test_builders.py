"""`hamaproto.commands.builders`: a typed function for each row, with the row's values.

The values come from the specification, and what a camera finds in a query from a model of the
cameras' own search.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from specification import PRINTED, carried_texts, searched

from hamaproto.commands import builders
from hamaproto.commands.catalogue import CATALOGUE, Command
from hamaproto.commands.choices import AudioEnable
from hamaproto.commands.request import AudioEvent, Reply, Request, StreamRequest, VideoEvent
from hamaproto.errors import LocalProtocolError
from hamaproto.events import Frame
from hamaproto.models import Ack

ROWS = {row.number: row for row in CATALOGUE}
#: The builders with one value of a printed list, by the clause.
SETTERS = {
    number: ROWS[number]
    for number, _ in PRINTED
    if sum(number == other for other, _ in PRINTED) == 1 and number not in ("4.3", "4.4")
}


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row.name)
def test_each_row_has_its_builder(row: Command) -> None:
    assert row.build is getattr(builders, row.name)
    parameters = inspect.signature(row.build).parameters
    names = [argument.name for argument in row.arguments]
    assert [name for name in parameters if name != "unchecked"] == names
    assert row.build.__doc__ is not None
    assert row.build.__doc__.startswith(f"{row.clause} {row.title}.\n\n    ")
    if "unchecked" in parameters:
        assert parameters["unchecked"].default is False
        assert parameters["unchecked"].kind is inspect.Parameter.KEYWORD_ONLY


def test_there_are_no_other_builders() -> None:
    assert sorted(row.name for row in CATALOGUE) == builders.__all__


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row.name)
def test_the_type_of_a_request_is_what_its_row_promises(row: Command) -> None:
    due: Any = {
        Reply.IMAGE: Request[Frame],
        Reply.MJPEG: StreamRequest[VideoEvent],
        Reply.AUDIO: StreamRequest[AudioEvent],
        Reply.ACK: Request[Ack],
        Reply.FORM: Request[Ack],
        Reply.PARAMS: Request[row.view or Any],  # type: ignore[misc]  # at run time it is one
    }[row.reply]
    assert typing.get_type_hints(row.build)["return"] == due


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row.name)
def test_each_builder_makes_the_example(row: Command) -> None:
    values = {argument.name: argument.example for argument in row.arguments}
    assert row.build(**values) == row.example
    assert row.build(*values.values()) == row.example


@pytest.mark.parametrize(("number", "name"), PRINTED)
def test_every_printed_value_is_sent_as_printed(number: str, name: str) -> None:
    row = ROWS[number]
    others = {argument.name: argument.example for argument in row.arguments}
    (key,) = (argument.key for argument in row.arguments if argument.name == name)
    for text in PRINTED[number, name].split():
        numbers = [int(text)] if text.isdecimal() else []
        for value in (text, *numbers):
            target = row.build(**{**others, name: value}).target
            assert searched(target, str(key)) == text


@pytest.mark.parametrize("number", SETTERS)
@pytest.mark.parametrize(
    "wrong", ["99", 99, -1, "", "é", " 1", "1 ", "01", "1&x=2", "1\n", "x" * 5000, 10**200, "1=2"]
)
def test_other_values_are_refused_with_the_list_and_the_clause(number: str, wrong: Any) -> None:
    row = SETTERS[number]
    with pytest.raises(LocalProtocolError) as raised:
        row.build(wrong)
    message = str(raised.value)
    assert len(message) < 400
    assert f"(clause {number})" in message
    assert all(text in message for text in row.allowed[row.arguments[0].name])


@pytest.mark.parametrize("number", SETTERS)
def test_unchecked_sends_what_can_be_carried(number: str) -> None:
    row = SETTERS[number]
    stem = row.example.target.rpartition("=")[0]
    assert row.build("stop", unchecked=True).target == f"{stem}=stop"
    for wrong in ("", "a b", "a&b", "a=b", "a#b", "a%41", "a\r\nb", "\xe9", "\0", "x" * 127):
        with pytest.raises(LocalProtocolError, match=r"bytes|can't be carried"):
            row.build(wrong, unchecked=True)
    for type_ in (True, None, 1.0, b"1", [1]):
        with pytest.raises(LocalProtocolError, match=r"takes a str or an int, not \w+"):
            row.build(type_, unchecked=True)


def test_the_channels_have_lists_of_their_own() -> None:
    builders.set_mjpeg_resolution("1280x1024")
    with pytest.raises(LocalProtocolError, match=r"1280x1024.*1024x768.*2\.2\.2"):
        builders.set_mpeg4_resolution("1280x1024")
    with pytest.raises(LocalProtocolError, match=r"1024x768.*1280x1024.*2\.2\.1"):
        builders.set_mjpeg_resolution("1024x768")
    with pytest.raises(LocalProtocolError, match=r"30.*2\.2\.8"):
        builders.set_mpeg4_fps(30)
    odd = builders.set_mjpeg_resolution((1920, 1080), unchecked=True)
    assert odd.target.endswith("=1920x1080")


@pytest.mark.parametrize("number", ["2.2.1", "2.2.2"])
def test_a_resolution_is_taken_in_every_spelling(number: str) -> None:
    build = ROWS[number].build
    for size in ("640X480", (640, 480), "640 x 480"):
        assert build(size) == build("640x480")


def test_a_word_is_taken_for_its_number() -> None:
    assert builders.set_mpeg4_rate_control("Bitrate").target.endswith(".stats=0")
    assert builders.set_default_video_format("MPEG4").target.endswith("_dual_mode=1")
    with pytest.raises(LocalProtocolError, match="'mjpeg' is not allowed"):
        builders.set_mpeg4_rate_control("mjpeg")
    with pytest.raises(LocalProtocolError, match="'bitrate' is not allowed"):
        builders.set_default_video_format("bitrate")


# -- sound -----------------------------------------------------------------------------


def test_audio_settings_keep_the_printed_order() -> None:
    stem = "/form/enet?enet_source=cp.asp"
    build = builders.set_audio
    assert build(output_volume=100, enable=False).target == (
        f"{stem}&enet_audio_enable=No&enet_audio_output_vol=100"
    )
    assert build(microphone_volume=0).target == f"{stem}&enet_audio_mic_vol=0"
    assert build("yes") == build("Yes") == build(True) == build(AudioEnable.YES)
    for wrong in (5, 110, -10, "055"):
        with pytest.raises(LocalProtocolError, match=r"0, 10, .* 100 \(clause 3\.3\)"):
            build(output_volume=wrong)
    assert build(output_volume=5, unchecked=True).target.endswith("_output_vol=5")
    with pytest.raises(LocalProtocolError, match=r"enable: 'on'.*No, Yes \(clause 3\.3\)"):
        build("on")
    with pytest.raises(LocalProtocolError, match=r"microphone volume: takes .* not bool"):
        build(microphone_volume=True)


def test_nothing_to_set_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match=r"set_audio\(\) changes nothing.*\(clause 3\.3\)"):
        builders.set_audio(unchecked=True)


# -- presets ---------------------------------------------------------------------------

PRESETS = {
    "setserverpresetname": builders.add_preset,
    "removeserverpresetname": builders.remove_preset,
}


@pytest.mark.parametrize("key", PRESETS)
@given(
    # With the name of a parameter in it a name is refused, see below.
    name=carried_texts.filter(lambda name: len(name) <= 63 and "preset" not in name.lower()),
    index=st.integers(0, 8),
)
@example(name="presetno", index=0)
@example(name="a/../b?c", index=0)
def test_a_camera_finds_the_presets_name_and_index(key: str, name: str, index: int) -> None:
    target = PRESETS[key](name, index).target
    assert searched(target, key) == name
    assert searched(target, "presetNo") == str(index)


@pytest.mark.parametrize("key", PRESETS)
@given(
    name=st.text(max_size=70),
    index=st.one_of(st.integers(), st.text(max_size=9)),
    unchecked=st.booleans(),
)
@example(name="presetNo", index=1, unchecked=True)
@example(name="x" * 64, index=1, unchecked=True)
@example(name="x", index="1&presetNo=2", unchecked=True)
def test_no_name_makes_a_second_parameter(
    key: str, name: str, index: int | str, unchecked: bool
) -> None:
    build: Callable[..., Request[Ack]] = PRESETS[key]
    try:
        target = build(name, index, unchecked=unchecked).target
    except LocalProtocolError:
        return
    assert target.count("&") == 1
    assert target.count("=") == 2
    assert searched(target, "presetNo") == str(index)
    assert target.isascii()
    assert target.isprintable()
    assert " " not in target


@pytest.mark.parametrize("key", PRESETS)
def test_names_that_cameras_would_cut_are_refused(key: str) -> None:
    build = PRESETS[key]
    assert build("x" * 63, 0).target.count("x") == 63
    with pytest.raises(LocalProtocolError, match=r"64 bytes.*keep 63 \(clause 4\.[34]\)"):
        build("x" * 64, 0)
    assert build("x" * 126, 0, unchecked=True).target.count("x") == 126
    with pytest.raises(LocalProtocolError, match="presetNo also occurs"):
        build("presetNo", 0)


def test_another_file_without_a_login() -> None:
    assert builders.image_without_login() == builders.image_without_login("loginfree.jpg")
    request = builders.image_without_login("my cam.jpg")
    assert (request.target, request.anonymous) == ("/my%20cam.jpg", True)
