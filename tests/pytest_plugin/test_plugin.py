"""The fixtures as another project's tests would use them: pytest runs in a folder of its own."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytest_plugins = "pytester"

SNIPPET = (Path(__file__).parents[1] / "snippets" / "in_pytest.py").read_text(encoding="utf-8")
#: A client that nobody here wrote.
GET = """
import urllib.request

def get(camera, path="/jpg/image.jpg"):
    with urllib.request.urlopen(camera.url + path, timeout=10) as answer:
        return answer.read()
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project that is strict about everything, with this plugin and none that is here besides."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p hamaproto.pytest_plugin.plugin")
    pytester.makeini(
        """
        [pytest]
        filterwarnings = error
        addopts = --strict-markers --strict-config -p no:cacheprovider
        """
    )
    pytester.makeconftest(GET)
    return pytester


def test_pytest_finds_the_plugin_by_itself() -> None:
    (entry,) = entry_points(group="pytest11", name="hamaproto")
    assert entry.value == "hamaproto.pytest_plugin.plugin"


def test_the_plugin_imports_nothing_until_it_is_used() -> None:
    script = (
        "import pytest, sys; before = set(sys.modules); import hamaproto.pytest_plugin.plugin;"
        "print(*sorted(m for m in set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [
        *("hamaproto", "hamaproto._version"),
        *("hamaproto.pytest_plugin", "hamaproto.pytest_plugin.plugin"),
    ]


@pytest.fixture
def finding(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """One whose pytest finds the plugins that are installed, in a process of its own."""
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    monkeypatch.delenv("PYTEST_ADDOPTS")
    return project


def test_a_project_uses_it_in_five_lines(finding: pytest.Pytester) -> None:
    finding.makepyfile(SNIPPET)
    finding.runpytest_subprocess().assert_outcomes(passed=1)


def test_the_fixtures(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        from conftest import get

        seen = set()

        @pytest.mark.parametrize("number", range(2))
        def test_each_test_has_a_camera_of_its_own(hama_camera, number):
            assert hama_camera.requests == ()
            assert hama_camera.set("Image.I0.Stream.FPS", 7) == "10"
            get(hama_camera)
            assert hama_camera.requests[0].path == "/jpg/image.jpg"
            assert hama_camera.frames_sent == 1
            seen.add(hama_camera)

        def test_they_are_not_the_same(hama_camera):
            assert len(seen) == 2
            assert hama_camera.state.fps == 15

        @pytest.mark.parametrize("number", range(2))
        def test_one_is_for_all(hama_camera_session, number):
            get(hama_camera_session)
            assert len(hama_camera_session.requests) == number + 1

        def test_as_many_as_are_wanted(make_hama_camera):
            locked = make_hama_camera(users={"admin": "1234"}, profile="sibling")
            full = make_hama_camera(faults=["full"], seed=3, max_users=0)
            assert locked.url != full.url
            assert locked.state.profile.digest
            assert full.faults.names == ("full",)
            with pytest.raises(Exception, match="401"):
                get(locked)
        """
    )
    project.runpytest().assert_outcomes(passed=6)


def test_marks(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        from conftest import get

        pytestmark = pytest.mark.hama(profile="firmware-1.39", faults="lf")

        @pytest.mark.hama(faults="lf, close@2")
        def test_the_nearest_mark_counts(hama_camera):
            assert hama_camera.faults.names == ("lf", "close@2")
            assert get(hama_camera, "/mjpg/video.mjpg").count(b"Motion-Event") == 2
            assert b"boundary=myboundary" in hama_camera.state.profile.video[-1]

        def test_the_mark_of_the_module(hama_camera):
            assert hama_camera.faults.names == ("lf",)

        @pytest.mark.hama(faults="nonsense")
        def test_unknown_fault(hama_camera):
            pass

        @pytest.mark.hama(color="red")
        def test_unknown_argument(hama_camera):
            pass

        @pytest.mark.hama("lf")
        def test_without_a_name(hama_camera):
            pass

        def test_without_the_fixture():
            pass
        """
    )
    result = project.runpytest()
    result.assert_outcomes(passed=2, errors=4)
    result.stdout.fnmatch_lines(
        [
            "*no fault is named 'nonsense'; there are no-reason*",
            "*a camera takes no such argument: *'color'",
            "*takes arguments by name only, and got 'lf'*",
            "*is about the fixture `hama_camera`, which this test does not use*",
        ]
    )


def test_a_failing_test_shows_what_the_camera_was_asked(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        from conftest import get

        def test_before(hama_camera_session):
            get(hama_camera_session, "/cp.asp")

        @pytest.mark.hama(faults="lf")
        def test_fails(hama_camera, hama_camera_session):
            get(hama_camera, "/jpg/image.jpg?user=me")
            get(hama_camera_session, "/camera-cgi/admin/param.cgi?action=list&group=Brand")
            assert False
        """
    )
    result = project.runpytest()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*requests to http://127.0.0.1:*",
            "#1 * s GET /camera-cgi/admin/param.cgi?action=list&group=Brand: 200, *",
            "*requests to http://127.0.0.1:*",
            "faults: lf",
            "#0 * s GET /jpg/image.jpg?user=me: 200, 1 frames, * bytes, whole",
        ]
    )
    result.stdout.no_fnmatch_line("*cp.asp*")


def test_two_workers_do_not_meet(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        from conftest import get

        @pytest.mark.parametrize("number", range(6))
        def test_alone(hama_camera, hama_camera_session, number):
            get(hama_camera)
            assert len(hama_camera.requests) == 1
            get(hama_camera_session)
            assert number != 5
        """
    )
    result = project.runpytest_subprocess("-p", "xdist", "-n", "2")
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(
        ["*requests to http://127.0.0.1:*", "#0 * GET /jpg/image.jpg: 200*"]
    )


def test_it_can_be_left_out(finding: pytest.Pytester) -> None:
    finding.makepyfile("def test_nothing(hama_camera): pass")
    result = finding.runpytest_subprocess("-p", "no:hamaproto")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'hama_camera' not found*"])
