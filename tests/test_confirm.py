"""`hamaproto.confirm`: what was asked for, and what the device then has.

What cameras of the family make of an update is played by the simulated camera.
"""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from conversations import ask

from hamaproto import commands
from hamaproto.camera import CameraState
from hamaproto.commands import Request
from hamaproto.confirm import Confirmed, confirm
from hamaproto.errors import LocalProtocolError, RefusedError
from hamaproto.models import Ack


def run(plan: Any, camera: CameraState) -> Any:
    """A driver in five lines: the camera in the same process."""
    asked = next(plan)
    try:
        while True:
            asked = plan.send(ask(camera, asked))
    except StopIteration as done:
        return done.value


def test_an_update_that_was_stored() -> None:
    confirmed = run(confirm(commands.set_mjpeg_fps(10)), CameraState())
    assert isinstance(confirmed, Confirmed)
    assert confirmed.ok
    assert confirmed.ack.ok
    assert confirmed.stored == {"Image.I0.Stream.FPS": "10"}


def test_an_update_of_which_something_else_was_stored() -> None:
    """Cameras of the family round the rate up, say OK, and ignore what they do not know."""
    request = commands.update_params({"Image.I0.Stream.FPS": 7, "Image.I0.Stream.Colour": "red"})
    confirmed = run(confirm(request), CameraState())
    assert not confirmed.ok
    assert confirmed.differences == {
        "Image.I0.Stream.FPS": ("7", "10"),
        "Image.I0.Stream.Colour": ("red", None),
    }


@pytest.mark.parametrize(
    "request_",
    [
        commands.set_mjpeg_resolution("320x240"),
        commands.set_mpeg4_rate_control("bitrate"),
        commands.set_mpeg4_rate_control("compression"),
        commands.set_default_video_format("mjpeg"),
        commands.set_default_video_format("mpeg4"),
        commands.set_jpeg_compression(4),
    ],
    ids=repr,
)
def test_spellings_make_no_difference(request_: Request[Ack]) -> None:
    assert run(confirm(request_), CameraState()).ok


def test_keys_are_looked_for_in_the_group_that_lists_them() -> None:
    plan = confirm(
        commands.update_params({"System.HTTPPort": 81, "Brand.Brand": "x", "Brand.ProdNbr": "1"})
    )
    next(plan)
    asked = plan.send(Ack("OK", 200, None))
    assert asked.target.endswith("group=System.HTTPPort,Brand")


@pytest.mark.parametrize(
    "request_",
    [commands.set_flip_mode(1), commands.move("left"), commands.set_audio(enable="Yes")],
    ids=repr,
)
def test_what_can_not_be_read_back(request_: Request[Ack]) -> None:
    with pytest.raises(LocalProtocolError, match="read"):
        next(confirm(request_))


def test_a_device_that_acknowledges_and_lists_nothing() -> None:
    """What it has stored is not known; that it acknowledged is."""
    plan = confirm(commands.set_mjpeg_fps(10))
    next(plan)
    plan.send(Ack("OK", 200, None))
    with pytest.raises(StopIteration) as done:
        plan.throw(RefusedError("the device lists nothing", 200))
    confirmed = done.value.value
    assert confirmed.stored == {"Image.I0.Stream.FPS": None}
    assert not confirmed.ok
    assert confirmed.ack.ok
    refused = confirm(commands.set_mjpeg_fps(10))
    next(refused)
    with pytest.raises(RefusedError, match="no"):
        refused.throw(RefusedError("no", 200))


def test_a_value_that_has_no_meaning_is_compared_as_text() -> None:
    confirmed = Confirmed({"X.stats": "7"}, {"X.stats": "7 "}, Ack("OK", 200, None))
    assert confirmed.ok


def test_a_key_without_a_group_can_not_be_read_back() -> None:
    with pytest.raises(LocalProtocolError, match="group"):
        next(confirm(commands.update_params({"Brand": "x"})))


def test_no_value_is_shown() -> None:
    confirmed = Confirmed({"A.b": "hunter2"}, {"A.b": None}, Ack("OK", 200, None))
    assert repr(confirmed) == "<Confirmed 1 keys, 1 differ>"
    assert not confirmed.ok


def test_what_was_confirmed_is_plain_data() -> None:
    confirmed = Confirmed({"A.b": "1"}, {"A.b": "1"}, Ack("OK", 200, None))
    assert pickle.loads(pickle.dumps(confirmed)) == confirmed
    assert not hasattr(confirmed, "__dict__")
    with pytest.raises(FrozenInstanceError):
        confirmed.stored = {}  # type: ignore[misc]  # that is the point
