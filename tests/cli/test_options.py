"""Who asks: a login by the environment, netrc, the URL and the prompt."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from command_line import (
    SECRET,
)

from hamaproto.cli.app import run
from hamaproto.io.serve import CameraThread


def test_a_login_by_environment_netrc_url_and_prompt(
    locked: CameraThread, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    get = ["get", locked.url, "Brand"]
    assert run([*get, "--preemptive"]) == 2
    assert "none was given: see --user" in capsys.readouterr().err
    assert run(get) == 4
    with monkeypatch.context() as scope:
        scope.setenv("HAMAPROTO_USER", "admin")
        scope.setenv("HAMAPROTO_PASSWORD", "s3kret-wrong")
        assert run(get) == 4
        said = capsys.readouterr()
        without, refused = said.err.splitlines()
        assert "asks for a login, and none was given" in without
        assert "--user NAME" in without
        assert "wrong user or password" in refused
        assert "--user NAME" in refused
        assert all(locked.url[7:] in line for line in (without, refused))
        assert "s3kret-wrong" not in said.out + said.err
        scope.setenv("HAMAPROTO_PASSWORD", SECRET)
        assert run(get) == 0
        assert run([*get, "--preemptive"]) == 0
        # A password of somebody else is not offered.
        scope.setattr(sys, "stdin", io.StringIO("other\n"))
        assert run([*get, "--user", "guest"]) == 4
        scope.delenv("HAMAPROTO_USER")
        assert run([*get, "--user", "admin"]) == 0
    with monkeypatch.context() as scope:
        scope.setattr(sys, "stdin", io.StringIO(f"{SECRET}\n"))
        assert run([*get, "--user", "admin"]) == 0
        assert run([*get, "--user", "admin"]) == 2
    with monkeypatch.context() as scope:
        scope.setenv("NETRC", "my-netrc")
        Path("my-netrc").write_text(f"machine 127.0.0.1 login admin password {SECRET}\n")
        Path("my-netrc").chmod(0o600)
        assert run(get) == 0
        assert run([*get, "--user", "admin"]) == 0
        Path("my-netrc").write_text("machine nonsense words\n")
        assert run(get) == 4
        assert "can't read my-netrc" in capsys.readouterr().err
    assert run(["get", locked.url.replace("//", f"//admin:{SECRET}@"), "Brand"]) == 0
    said = capsys.readouterr()
    assert "warning: a password in a URL" in said.err
    assert SECRET not in said.out + said.err
