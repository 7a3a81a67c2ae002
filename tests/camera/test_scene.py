"""A scene is a value: pictures are kept by it."""

from __future__ import annotations

import dataclasses

import pytest

from hamaproto.camera.scene import Scene


def test_a_scene_is_a_value() -> None:
    one = Scene(7, 1e9, 640, 480)
    assert one == Scene(7, 1e9, 640, 480, 0, 0, 0.0, 0.0, "")
    assert len({one, Scene(7, 1e9, 640, 480), Scene(7, 1e9, 640, 480, pan=1.0)}) == 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.number = 8  # type: ignore[misc]  # the point of the test
    assert not hasattr(one, "__dict__")
