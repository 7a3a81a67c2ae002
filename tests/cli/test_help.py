"""The topics are shown, shipped, and true: their commands are run as they stand there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from documents import ROOT, TOPICS, blocks, lacks, run_block

from hamaproto.camera import CameraState, Pictures
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.cli.app import cli, run
from hamaproto.cli.help import text_of_topic, titles
from hamaproto.io.serve import running_camera

#: The blocks of a topic in their order: a later one may use what an earlier one made.
BLOCKS = {
    topic: [block for block in blocks(text, "sh") if not lacks(block)]
    for topic, text in TOPICS.items()
}


def test_topics_are_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(titles())
    for topic in titles():
        assert run(["help", topic]) == 0
        assert capsys.readouterr().out == text_of_topic(topic)
    assert run(["help", "no-such"]) == 2
    assert run(["help", "gsm", "no-such"]) == 2
    assert run(["help", "record", "no-such"]) == 2
    assert "no topic 'no-such'; there are " in capsys.readouterr().err


def test_help_of_a_command_is_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    for name in cli.commands:
        assert run(["help", name]) == 0
        first = capsys.readouterr().out
        assert run([name, "--help"]) == 0
        assert capsys.readouterr().out == first


def test_topics_are_shipped() -> None:
    build = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '"topics/*.md"' in build


def test_every_command_of_every_topic_works(tmp_path: Path) -> None:
    """All at once, since they mostly wait for pictures."""
    topics = [topic for topic, shell in BLOCKS.items() if shell]
    assert len(topics) >= 8
    state = CameraState(pictures=Pictures(draw_mosaic))
    state.motion = True
    with running_camera(state) as camera, ThreadPoolExecutor(8) as pool:
        done = pool.map(
            lambda topic: run_block("".join(BLOCKS[topic]), camera.url, tmp_path / topic), topics
        )
        for topic, result in zip(topics, done, strict=True):
            assert result.returncode == 0, f"{topic}\n{result.stderr}"
            made = [file for file in (tmp_path / topic).rglob("*.*") if file.suffix != ".txt"]
            assert all(file.stat().st_size > 100 for file in made), made


def test_help_of_a_command_within_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["help", "gsm", "encode"]) == 0
    said = capsys.readouterr().out
    assert run(["gsm", "encode", "--help"]) == 0
    assert said == capsys.readouterr().out
    assert said.startswith("Usage: hamaproto gsm encode ")
