"""The tables, links and figures of README, topics and bench/README say what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from camera_client import opened
from documents import BENCH, README, ROOT, TOPICS

import hamaproto
from bench.__main__ import COMMANDS
from bench.__main__ import main as bench
from bench.measure.catalogue import suites
from hamaproto import errors, events
from hamaproto.camera import CameraState
from hamaproto.cli.app import cli
from hamaproto.client import state_diagram

TOPIC_FOLDER = Path("hamaproto/cli/topics")


def test_the_front_door_is_short() -> None:
    assert len(README.splitlines()) <= 220


def test_every_link_leads_somewhere() -> None:
    targets = dict(re.findall(r"^\[(.+?)\]: (.+)$", README, re.MULTILINE))
    prose = re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL)
    used = set(re.findall(r"\[([a-z0-9-]+)\](?![(:])", prose))
    assert used == set(targets)
    inline = re.findall(r"\]\(([^)]+)\)", README + BENCH)
    for target in [*targets.values(), *inline]:
        assert target.startswith("https://") or (ROOT / target).exists(), target
    assert set(targets.values()) == {f"{TOPIC_FOLDER}/{name}.md" for name in TOPICS}


def test_a_topic_names_no_topic_that_is_not_there() -> None:
    for text in (README, *TOPICS.values()):
        for name in re.findall(r"`hamaproto help ([a-z0-9-]+)`", text):
            assert name in TOPICS


def test_every_command_of_the_program_has_its_row() -> None:
    rows = re.findall(r"^\| (`hamaproto .*?`) \|", README, re.MULTILINE)
    named = re.findall(r"`hamaproto ([a-z]+(?: (?:decode|encode))?)", " ".join(rows))
    assert sorted({name.split()[0] for name in named}) == sorted(cli.commands)


def test_every_event_has_its_row() -> None:
    table = README[README.index("| event |") : README.index("### What to catch")]
    first = "\n".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE))
    named = set(re.findall(r"`([A-Z]\w+)`", first))
    public = {
        name
        for name in set(hamaproto.__all__) & set(events.__all__)
        if isinstance(getattr(events, name), type)
    }
    # What is no event: the pieces that events are made of.
    assert named == public - {"AnomalyCode", "Arrival", "NeedData"}


def test_every_error_has_its_place() -> None:
    for name in errors.__all__:
        assert f"`{name}`" in TOPICS["safety"]


def test_the_states_are_drawn_from_their_table() -> None:
    assert f"```mermaid\n{state_diagram().rstrip()}\n```" in TOPICS["embedding"]


def test_the_addresses_for_home_assistant_are_the_cameras() -> None:
    """Each is asked of a simulated camera, which answers 404 to what it does not know."""
    text = README + TOPICS["home-assistant"]
    targets = set(re.findall(r"http://192\.168\.1\.20(/[^\s`]+)", text))
    assert len(targets) >= 4
    for target in targets:
        _, data = opened(CameraState(), target)
        assert data.split()[1] == b"200", target


def test_every_command_and_suite_of_bench_is_described() -> None:
    lines = re.findall(r"python -m bench ([^`\n]+)", BENCH)
    assert {line.split()[0] for line in lines} - {"--help", "--readme"} == set(COMMANDS)
    named = {name for line in lines if line.startswith("run ") for name in line.split()[1:]}
    for suite in suites():
        assert suite.name in named or suite.name.split("/")[0] in named, suite.name


@pytest.mark.parametrize("name", COMMANDS)
def test_the_options_of_a_measurement_exist(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        bench([name, "--help"])
    said = capsys.readouterr().out
    known = f"{said} {' '.join(suite.name for suite in suites())}"
    for words in re.findall(rf"python -m bench {name}(?![\w-])([^`\n]*)", BENCH):
        for option in re.findall(r"--[a-z-]+", words):
            assert option in said
        for word in re.findall(r"^ ([a-z]+)", words):
            assert word in known


def test_the_gate_finds_the_commands_it_runs() -> None:
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for words in ("pip install -e '.[test]'", "hamaproto demo"):
        assert words in gate
        line = next(line for line in README.splitlines() if words in line)
        assert line.startswith("python3 -m venv .venv && ")
