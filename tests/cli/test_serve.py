"""`hamaproto serve`: where it is, who may come in, what it says."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import COMMAND, ROOT, SECRET, simulated, start

from hamaproto.cli.app import run


@contextlib.contextmanager
def serving(*words: str, **options: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A gateway in a process of its own, and its first line."""
    process = start("serve", *words, "--listen", options.get("listen", "127.0.0.1:0"))
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().decode().strip()
    finally:
        process.terminate()
        process.communicate(timeout=20)


def refused(url: str) -> tuple[int, bytes]:
    """The status and the body of an error."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(url)
    with caught.value as answer:
        return answer.code, bytes(answer.read())


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as answer:
        return bytes(answer.read())


def test_the_first_line_is_the_address_and_a_camera_is_behind_it() -> None:
    with simulated() as camera, serving(camera.url) as (process, url):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        assert fetch(f"{url}/c/camera/snapshot.jpg").startswith(b"\xff\xd8")
        process.terminate()
        out, err = process.communicate(timeout=20)
        assert out == b""
        assert err == b"hamaproto: 1 camera; Ctrl-C ends it\n"
        assert process.returncode == 0


def test_data_says_where_it_is_how_to_sign_in_and_which_cameras() -> None:
    with serving("--demo", "--json", "--allow-host", "camera.lan") as (_, line):
        told = json.loads(line)
        assert told.keys() == {"url", "sign_in", "cameras"}
        assert told["cameras"] == ["camera"]
        assert told["sign_in"].startswith(f"{told['url']}/?token=")
        assert refused(f"{told['url']}/api/cameras")[0] == 401
        assert b"Signed in" in fetch(told["sign_in"])


def test_cameras_have_names_and_the_demo_is_one_more() -> None:
    with (
        simulated() as camera,
        serving(camera.url, camera.url, "--demo", "--name", "porch") as (_, url),
    ):
        told = json.loads(fetch(f"{url}/api/cameras"))
        assert [one["name"] for one in told["cameras"]] == ["porch", "camera-1", "camera-2"]
        assert all(one["model"] for one in told["cameras"])


def test_elsewhere_a_link_signs_in_and_nothing_else_does() -> None:
    with serving("--demo", listen="0.0.0.0:0") as (process, url):
        assert process.stdout is not None
        link = process.stdout.readline().decode().strip()
        port = url.rpartition(":")[2]
        local = f"http://127.0.0.1:{port}"
        token = link.partition("?token=")[2]
        assert link == f"{url}/?token={token}"
        assert len(token) >= 32
        assert refused(f"{local}/api/cameras")[0] == 401
        assert b"Signed in" in fetch(f"{local}/?token={token}")


def test_a_token_that_is_kept_stays_the_same(tmp_path: Path) -> None:
    file = tmp_path / "token"
    links = []
    for _ in range(2):
        with serving("--demo", "--token-file", str(file)) as (process, _):
            assert process.stdout is not None
            links.append(process.stdout.readline().decode().strip().partition("?token=")[2])
    assert links[0] == links[1] == file.read_text().strip()
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["", "short", "with blanks in between it", "x" * 300, "\xff" * 40])
def test_a_file_that_holds_no_token_is_refused_and_left_as_it_is(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "token"
    file.write_text(text)
    assert run(["serve", "--demo", "--token-file", str(file)]) == 2
    assert "--token-file" in capsys.readouterr().err
    assert file.read_text() == text


def test_a_password_is_said_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAMAPROTO_USER", "admin")
    monkeypatch.setenv("HAMAPROTO_PASSWORD", SECRET)
    with simulated(users={"admin": "another"}) as camera, serving(camera.url) as (process, url):
        code, body = refused(f"{url}/c/camera/stream.mjpg")
        assert code == 503
        process.terminate()
        out, err = process.communicate(timeout=20)
        assert SECRET.encode() not in out + err + body
        assert b"camera, picture: refused: the camera refuses the login" in err


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
def test_there_is_room_for_a_flood_where_the_system_allows_it() -> None:
    words = 'ulimit -Sn 256; exec "$@"'
    command = ["bash", "-c", words, "serve", *COMMAND, "serve", "--demo", "--listen", "127.0.0.1:0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment, **pipes) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline()
            limits = Path(f"/proc/{process.pid}/limits").read_text()
            row = next(line for line in limits.splitlines() if line.startswith("Max open files"))
            soft, hard = row.split()[3:5]
            assert int(soft) == min(4096 if hard == "unlimited" else int(hard), 4096)
        finally:
            process.terminate()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "a URL of a camera is needed, or --demo"),
        (["--demo", "--name", "a/b"], "--name 'a/b': needed is one like porch"),
        (["--demo", "--name", "a", "--name", "b"], "--name was given 2 times, for 1 camera"),
        (["--demo", "127.0.0.1:1", "--name", "a", "--name", "a"], "can't have the same"),
        (["--demo", "--listen", "8080"], "an address and a port are needed"),
        (["--demo", "--allow-host", "a b"], "--allow-host 'a b': needed is one like camera.lan"),
        (["--demo", "--allow-origin", "home.lan"], "--allow-origin 'home.lan': needed is one"),
        (["--demo", "--keep-warm", "-1"], "-1"),
        (["ftp://x"], "URL"),
        (["--demo", "--certificate", __file__], "no certificate with its key in PEM"),
        (["--demo", "--key", __file__], "--key is that of a --certificate"),
    ],
)
def test_what_makes_no_sense_is_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_a_port_that_is_taken_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    with serving("--demo") as (_, url):
        port = url.rpartition(":")[2]
        assert run(["serve", "--demo", "--listen", f"127.0.0.1:{port}"]) not in (0, 70)
        err = capsys.readouterr().err
        assert f"can't listen on '127.0.0.1' port {port}" in err
        assert err.count("\n") == 1
