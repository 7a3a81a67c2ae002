"""The plugin that pytest loads: fixtures, the marker `hama`, and the camera's log of a failure.

Whoever has the package installed has this in each of their test runs, so it imports nothing but
pytest until a test asks for a camera.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from hamaproto.pytest_plugin.camera import HamaCamera

__all__ = ["hama_camera", "hama_camera_session", "make_hama_camera"]

MARK: Final = "hama"
_ABOUT: Final = (
    "hama(profile=..., faults=..., users=..., clock=..., seed=...): what the fixture hama_camera "
    "is like in this test"
)
#: The cameras that are there at the moment.
_CAMERAS: Final = pytest.StashKey[list["HamaCamera"]]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _ABOUT)
    config.stash[_CAMERAS] = []


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker(MARK) is not None:
        fixtures = getattr(item, "fixturenames", ())
        if "hama_camera" not in fixtures:
            pytest.fail(
                "the marker `hama` is about the fixture `hama_camera`, which this test does not "
                "use",
                pytrace=False,
            )
    for camera in item.config.stash[_CAMERAS]:
        camera.begin()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        for camera in item.config.stash[_CAMERAS]:
            told = camera.told()
            if told:
                report.sections.append((f"requests to {camera.url}", told))
    return report


def _started(config: pytest.Config, stack: ExitStack, **options: Any) -> HamaCamera:
    from hamaproto.pytest_plugin.camera import HamaCamera

    camera = stack.enter_context(HamaCamera(**options))
    cameras = config.stash[_CAMERAS]
    cameras.append(camera)
    stack.callback(cameras.remove, camera)
    return camera


@pytest.fixture
def make_hama_camera(request: pytest.FixtureRequest) -> Iterator[Callable[..., HamaCamera]]:
    """Makes simulated cameras, as many as a test wants: `make_hama_camera(faults="stall@3")`.

    The arguments are those of `hamaproto.pytest_plugin.HamaCamera`.
    """
    with ExitStack() as stack:
        yield lambda **options: _started(request.config, stack, **options)


@pytest.fixture
def hama_camera(request: pytest.FixtureRequest) -> Iterator[HamaCamera]:
    """A simulated camera for this test alone, with a port of its own.

    `@pytest.mark.hama(faults="stall@3", profile="firmware-1.39")` says what it is like; the mark
    that is nearest to the test counts, argument by argument.
    """
    options: dict[str, Any] = {}
    for mark in request.node.iter_markers(MARK):
        if mark.args:
            pytest.fail(
                f"@pytest.mark.hama takes arguments by name only, and got {mark.args[0]!r}",
                pytrace=False,
            )
        options = {**mark.kwargs, **options}
    with ExitStack() as stack:
        yield _started(request.config, stack, **options)


@pytest.fixture(scope="session")
def hama_camera_session(request: pytest.FixtureRequest) -> Iterator[HamaCamera]:
    """One simulated camera for all tests; what one changes of it, the next one meets."""
    with ExitStack() as stack:
        yield _started(request.config, stack)
