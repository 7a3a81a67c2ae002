"""What the tests of the command line share: a folder of their own, nobody's credentials."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import SECRET, simulated

from hamaproto.camera import CameraState, Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.io.serve import CameraThread


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not the credentials of whoever runs the tests; and nothing is left in the folder."""
    for name in ("HAMAPROTO_USER", "HAMAPROTO_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def images() -> list[bytes]:
    """Pictures that differ."""
    state = CameraState(pictures=Pictures(draw_mosaic))
    return [state.picture(number) for number in range(60)]


@pytest.fixture(scope="module")
def camera() -> Iterator[CameraThread]:
    with simulated() as camera:
        yield camera


@pytest.fixture(scope="module")
def locked() -> Iterator[CameraThread]:
    with simulated(users={"admin": SECRET}) as camera:
        yield camera
