"""`hamaproto.models`: the specification's own answers have the meaning that it gives them,
and no answer at all makes a view raise.
"""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, fields
from enum import Enum
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fixtures import read_bytes, read_json
from hamaproto import models
from hamaproto.commands import CATALOGUE, Reply, Request
from hamaproto.errors import LocalProtocolError
from hamaproto.headers import Headers
from hamaproto.models import Availability, RateControl, Resolution, VideoFormat, View
from hamaproto.wire.params import ParamList, parse_params

SPECIFICATION = {
    row["number"]: "\n".join(row["answer"]).encode("latin-1") + b"\n\r\n"
    for row in read_json("params", "specification", "commands.json")
    if "answer" in row
}

VIEWS: dict[str, type[View]] = {
    "2.1.1": models.ImageProperties,
    "2.1.2": models.MjpegImageProperties,
    "2.1.3": models.Mpeg4ImageProperties,
    "2.1.4": models.MjpegAppearance,
    "2.1.6": models.Mpeg4Appearance,
    "2.1.7a": models.MjpegFps,
    "2.1.7b": models.Mpeg4Fps,
    "2.1.8": models.DefaultVideoFormat,
    "2.1.9": models.Brand,
    "2.1.10": models.MacAddress,
    "2.1.11": models.Firmware,
    "2.1.12": models.HttpPort,
    "2.1.13": models.PrivateVideoPort,
    "2.1.14": models.Users,
    "3.2": models.AudioStatus,
    "4.5": models.PtzStatus,
}

SXGA, XGA = Resolution(1280, 1024), Resolution(1024, 768)
VGA, QVGA = Resolution(640, 480), Resolution(320, 240)

#: What the specification's examples say, read by a person.
MEANT: dict[str, dict[str, Any]] = {
    "2.1.1": {
        "flip_mode": 1,
        "resolutions": (SXGA, XGA, VGA, QVGA),
        "formats": (VideoFormat.MJPEG, VideoFormat.MPEG4),
    },
    "2.1.2": {
        "flip_mode": 1,
        "resolutions": (SXGA, VGA, QVGA),
        "formats": (VideoFormat.MJPEG,),
    },
    "2.1.3": {
        "flip_mode": 1,
        "resolutions": (XGA, VGA, QVGA),
        "formats": (VideoFormat.MPEG4,),
    },
    "2.1.4": {"resolution": VGA, "compression": 0},
    "2.1.6": {
        "resolution": XGA,
        "rate_control": RateControl.COMPRESSION,
        "compression": 7,
        "bitrate": None,
    },
    "2.1.7a": {"fps": 15},
    "2.1.7b": {"fps": 15},
    "2.1.8": {"video_format": VideoFormat.MPEG4},
    "2.1.9": {
        "brand": "Hama GmbH & Co. KG",
        "product_full_name": "Hama Wireless IP Camera",
        "product_short_name": "IP - Cam M360",
        "product_number": "00053104",
        "product_type": "Wireless Lan IP Camera",
        "web_url": "http://www.hama.de/",
    },
    "2.1.10": {"mac_address": "00:11:09:15:10:AB"},
    "2.1.11": {"version": "v1.32", "model_id": 12, "vendor_id": 1},
    "2.1.12": {"port": 80},
    "2.1.13": {"port": 4321},
    "2.1.14": {"max_users": 16, "current_users": 2},
    "3.2": {
        "audio": Availability.YES,
        "two_way_audio": Availability.YES,
        "audio_codec": "GSM 06.10",
        "two_way_audio_codec": "GSM 06.10",
    },
    "4.5": {"ptz": Availability.YES},
}


def values(view: View) -> dict[str, Any]:
    return {row.name: getattr(view, row.name) for row in fields(view) if row.name != "params"}


def read(kind: type[View], *lines: str) -> dict[str, Any]:
    """What a view of `lines` (relative to its group) says, less what it leaves open."""
    body = "".join(f"{kind.group}{line}\n" for line in lines).encode("latin-1")
    view = kind.from_params(parse_params(body))
    return {name: value for name, value in values(view).items() if value is not None}


# -- the specification -----------------------------------------------------------------


@pytest.mark.parametrize("number", SPECIFICATION)
def test_the_specifications_answers_mean_what_it_says(number: str) -> None:
    params = parse_params(SPECIFICATION[number])
    view = VIEWS[number].from_params(params)
    assert values(view) == MEANT[number]
    assert view.params is params


def test_there_is_a_view_for_every_list_command() -> None:
    found = {}
    for command in CATALOGUE:
        if command.reply is Reply.PARAMS:
            assert isinstance(command.example, Request)
            assert command.example.model is not None
            found[command.number] = type(command.example.model(ParamList()))
    assert found == VIEWS
    assert len(found) == 16


@pytest.mark.parametrize("view", VIEWS.values())
def test_an_empty_answer_leaves_everything_open(view: type[View]) -> None:
    empty = view.from_params(parse_params(b"\r\n"))
    assert set(values(empty).values()) == {None}
    assert empty == view()


@pytest.mark.parametrize("number", VIEWS)
@pytest.mark.parametrize("root", ["", "root."])
def test_case_and_root_make_no_difference(number: str, root: str) -> None:
    body = SPECIFICATION[number].decode("latin-1").replace("root.", "")
    lines = [line.partition("=") for line in body.split("\n") if "=" in line]
    other = "".join(f"{root}{key.upper()}={value}\n" for key, _, value in lines)
    assert values(VIEWS[number].from_params(parse_params(other.encode()))) == MEANT[number]


texts = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=12),
    st.sampled_from(["9" * 5000, "\0", "\xb2", "1x", "0x0", "x", ",", "-", "1e5", "\xe9,mjpeg"]),
)


@given(st.sampled_from(list(VIEWS)), st.lists(texts, min_size=6, max_size=6))
def test_no_answer_makes_a_view_raise_or_loses_a_word(number: str, told: list[str]) -> None:
    keys = [line.partition(b"=")[0] for line in SPECIFICATION[number].split(b"\n")[:-2]]
    raw = [(key.decode(), text) for key, text in zip(keys, told, strict=False)]
    view = VIEWS[number].from_params(ParamList([*raw, ("Unknown.Key", "kept")]))
    assert view.params.raw == (*raw, ("Unknown.Key", "kept"))
    assert view.params["unknown.key"] == "kept"
    repr(view)
    given = {text.strip(" \t\r\n\0") for text in told[: len(keys)]} - {""}
    known = {name for name, value in values(view).items() if value is not None}
    # Each line either has a meaning or is there as it came.
    assert set(view.unknown.values()) <= given
    assert not known & set(view.unknown)
    assert len(view.unknown) + len(known) >= len(given)


# -- what devices say beyond it --------------------------------------------------------


def test_a_constant_bitrate_has_a_bitrate_line_instead() -> None:
    body = read_bytes("params", "firmware", "cbr.body")
    assert values(models.Mpeg4Appearance.from_params(parse_params(body))) == {
        "resolution": VGA,
        "rate_control": RateControl.BITRATE,
        "compression": None,
        "bitrate": 800_000,
    }


def test_one_answer_may_hold_several_groups() -> None:
    params = parse_params(read_bytes("params", "firmware", "mixed_root.body"))
    brand = models.Brand.from_params(params)
    assert brand.brand == "Caf\xe9 & Co"
    assert brand.product_number == "00053104"
    assert brand.web_url == "http://192.168.2.1/?a=b&c=d"
    assert models.MjpegFps.from_params(params).fps == 15
    assert models.DefaultVideoFormat.from_params(params).video_format is VideoFormat.MJPEG


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("yes", Availability.YES),
        ("Yes ", Availability.YES),
        ("disabled", Availability.DISABLED),
        ("no", Availability.NO),
        ("maybe", None),
        ("", None),
    ],
)
def test_the_vocabulary_of_audio(text: str, meant: Availability | None) -> None:
    status = models.AudioStatus.from_params(parse_params(f"Properties.Audio={text}\n".encode()))
    assert status.audio is meant
    assert status.params["Properties.Audio"] == text
    assert bool(status.audio) is (meant is Availability.YES)


def test_words_that_no_table_has_are_kept() -> None:
    params = parse_params(
        b"root.Properties.Image.Resolution=640x480,QVGA\r\nroot.Properties.Image.Format=mjpeg,h264\r\n"
        b"Properties.Image.FlipMode=on\r\nProperties.PTZ.PTZ=1\0\r\nProperties.Audio=on\r\n"
        b"Properties.Audio.TwoWayAudio=yes\r\nProperties.Audio.AudioCodec=\r\n"
    )
    assert models.ImageProperties.from_params(params).unknown == {
        "flip_mode": "on",
        "resolutions": "640x480,QVGA",
        "formats": "mjpeg,h264",
    }
    assert models.PtzStatus.from_params(params).unknown == {"ptz": "1"}
    audio = models.AudioStatus.from_params(params)
    assert (audio.audio, audio.two_way_audio) == (None, Availability.YES)
    assert audio.unknown == {"audio": "on"}


@pytest.mark.parametrize("text", ["compression", "Compression", "1"])
def test_rate_control_in_both_spellings(text: str) -> None:
    assert read(models.Mpeg4Appearance, f".stats={text}") == {
        "rate_control": RateControl.COMPRESSION
    }


@pytest.mark.parametrize("text", ["mpeg4", "MPEG4", "1", " 1\0"])
def test_the_video_format_in_both_spellings(text: str) -> None:
    assert read(models.DefaultVideoFormat, f".DefaultVideoFormat={text}") == {
        "video_format": VideoFormat.MPEG4
    }


@pytest.mark.parametrize("kind", [VideoFormat, RateControl])
def test_each_choice_is_found_under_each_spelling(kind: Any) -> None:
    for choice in kind:
        assert kind(choice.value) is kind(choice.code) is kind(choice) is choice
        assert str(choice) == choice.value
    for wrong in ("", "2", None, 1.5, True, b"1"):
        with pytest.raises(ValueError, match="is not a valid"):
            kind(wrong)


@pytest.mark.parametrize("text", ["640x480", "640X480", " 640 X 480", "0640x480\0"])
def test_a_resolution_in_all_spellings(text: str) -> None:
    assert Resolution.parse(text) == VGA
    assert str(VGA) == "640x480"
    assert read(models.MjpegAppearance, f".Resolution={text}") == {"resolution": VGA}


@pytest.mark.parametrize("text", ["", "640", "640x", "0x480", "640x480x2", "VGA", "\xb2x1", "-1x1"])
def test_what_is_no_resolution(text: str) -> None:
    assert Resolution.parse(text) is None
    assert read(models.MjpegAppearance, f".Resolution={text}") == {}


@pytest.mark.parametrize("side", [0, -1, 100_000, True, 1.5, "640", 10**50])
def test_a_resolution_is_held_to_whole_pixels(side: Any) -> None:
    for make in (lambda: Resolution(side, 480), lambda: Resolution(640, side)):
        with pytest.raises(LocalProtocolError, match="pixels"):
            make()


@given(st.integers(1, 99_999), st.integers(1, 99_999))
@example(1, 99_999)
@example(99_999, 1)
def test_a_resolution_is_read_as_it_is_written(width: int, height: int) -> None:
    size = Resolution(width, height)
    assert Resolution.parse(str(size)) == size
    assert (size.width, size.height) == (width, height)
    assert hash(size) == hash(Resolution(width, height))
    assert min(size, Resolution(1, 1), VGA) == Resolution(1, 1)
    assert not hasattr(size, "__dict__")
    with pytest.raises(FrozenInstanceError):
        size.width = 1  # type: ignore[misc]  # that is the point


@pytest.mark.parametrize("line", [".Resolution=640x480,large", ".Format=mjpeg,h264", ".Format="])
def test_half_a_list_is_not_passed_off_as_a_whole(line: str) -> None:
    assert read(models.ImageProperties, line) == {}


@pytest.mark.parametrize(
    ("text", "number"), [("15", 15), (" 15\0", 15), ("015", 15), ("-1", -1), ("15.0", None)]
)
def test_numbers(text: str, number: int | None) -> None:
    assert read(models.MjpegFps, f".FPS={text}").get("fps") == number


def test_the_two_channels_are_not_confused() -> None:
    params = parse_params(b"Image.I0.Stream.FPS=30\nImage.I1.Stream.FPS=3\n")
    assert models.MjpegFps.from_params(params).fps == 30
    assert models.Mpeg4Fps.from_params(params).fps == 3
    nested = parse_params(b"Properties.Image.I0.FlipMode=1\n")
    assert models.ImageProperties.from_params(nested).flip_mode is None
    assert models.MjpegImageProperties.from_params(nested).flip_mode == 1


# -- as objects ------------------------------------------------------------------------


@pytest.mark.parametrize("number", VIEWS)
def test_views_are_plain_data(number: str) -> None:
    view = VIEWS[number].from_params(parse_params(SPECIFICATION[number]))
    assert pickle.loads(pickle.dumps(view)) == copy.deepcopy(view) == view
    assert "params" not in repr(view)
    assert not hasattr(view, "__dict__")
    with pytest.raises(TypeError):
        VIEWS[number](ParamList())  # type: ignore[call-arg]  # that is the point
    with pytest.raises(FrozenInstanceError):
        view.params = ParamList()  # type: ignore[misc]  # that is the point


@pytest.mark.parametrize(
    ("ack", "ok", "shown"),
    [
        (models.Ack("OK\r\n", 200), True, "<Ack 200 OK>"),
        (models.Ack("<html>secret", 302, "http://camera/cp.asp"), True, "<Ack 302 12 characters>"),
        (models.Ack("secret", 200), False, "<Ack 200 6 characters>"),
        (models.Ack(), False, "<Ack None 0 characters>"),
    ],
)
def test_an_ack_shows_no_payload(ack: models.Ack, ok: bool, shown: str) -> None:
    assert ack.ok is ok
    assert repr(ack) == shown
    assert not hasattr(ack, "__dict__")
    with pytest.raises(FrozenInstanceError):
        ack.text = "OK"  # type: ignore[misc]  # that is the point


def test_a_raw_answer_shows_no_payload() -> None:
    answer = models.RawAnswer(200, Headers(), b"secret")
    assert repr(answer) == "<RawAnswer 200 6 bytes>"
    assert not hasattr(answer, "__dict__")
    with pytest.raises(FrozenInstanceError):
        answer.status = 404  # type: ignore[misc]  # that is the point


def test_all_names_are_public_and_documented() -> None:
    for name in models.__all__:
        assert getattr(models, name).__doc__, name
        kind = getattr(models, name)
        if issubclass(kind, Enum):
            assert all(str(choice) == choice.value for choice in kind)
