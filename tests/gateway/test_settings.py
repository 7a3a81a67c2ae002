"""The table of settings, held against the catalogue and the camera."""

from __future__ import annotations

import pytest

from hamaproto.camera import CameraState
from hamaproto.commands import CATALOGUE, FlipMode
from hamaproto.gateway.settings import GROUPS, SETTINGS, NotAllowedError, shown
from hamaproto.wire.params import parse_params


@pytest.mark.parametrize("name", SETTINGS)
def test_each_value_can_be_set_by_a_command_of_the_catalogue(name: str) -> None:
    row = SETTINGS[name]
    requests = [row.request(value) for value in row.choices]
    commands = {command.number: command for command in CATALOGUE}
    assert len({request.target for request in requests}) == len(row.choices)
    for request in requests:
        allowed = [
            value for values in commands[request.number or ""].allowed.values() for value in values
        ]
        assert request.target.rpartition("=")[2] in allowed
    assert row.about


def test_what_is_listed_is_read_and_what_is_not_is_not_known() -> None:
    stored = CameraState().stored
    settings = shown(parse_params("".join(f"{k}={v}\r\n" for k, v in stored.items()).encode()))
    assert {name: row["value"] for name, row in settings.items()} == {
        "resolution": "640x480",
        "rate": 15,
        "compression": 0,
        "flip": None,
        "speed": None,
        "sound": "Yes",
        "microphone": 50,
        "speaker": None,
    }
    assert settings["flip"]["choices"] == [int(mode) for mode in FlipMode]
    empty = shown({})
    assert all(row["value"] is None and row["choices"] for row in empty.values())
    assert all(len(",".join(GROUPS)) <= 126 for _ in GROUPS)


def test_a_camera_says_itself_which_resolutions_it_has() -> None:
    row = SETTINGS["resolution"]
    assert row.choices_key is not None
    listed = {row.choices_key: "1280x720, 640X480 ,"}
    assert row.allowed(listed) == ("1280x720", "640x480")
    assert row.allowed({row.choices_key: " , "}) == row.choices
    assert row.request("1280x720").target.endswith("=1280x720")


@pytest.mark.parametrize("value", ["10", True, 10.0, None, 7, [10], {"a": 1}])
def test_what_may_not_be_set_is_told_with_what_may(value: object) -> None:
    row = SETTINGS["rate"]
    with pytest.raises(NotAllowedError) as caught:
        row.check("rate", value, row.choices)
    assert (caught.value.argument, caught.value.allowed) == ("rate", list(row.choices))
    assert row.check("rate", 10, row.choices) == 10


def test_a_value_in_other_words_is_the_same() -> None:
    sound, rate, resolution = (SETTINGS[name] for name in ("sound", "rate", "resolution"))
    assert sound.value_of("disabled") == sound.value_of("no") == "No"
    assert sound.value_of("YES ") == "Yes"
    assert sound.value_of("perhaps") is None
    assert (rate.value_of("7"), rate.value_of(" 15\r"), rate.value_of(None)) == (7, 15, None)
    assert resolution.value_of("640X480") == "640x480"
    assert rate.value_of("9" * 50) == "9" * 50
