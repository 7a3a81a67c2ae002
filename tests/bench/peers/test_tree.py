"""The parser of another tree takes its turn in a process of its own, and ends with who asked."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from bench.measure.entries import NS_A_FRAME, Options, Told
from bench.own import ROOT
from bench.peers import tree
from bench.peers.mjpeg import contest
from bench.peers.tree import NAME, Tree
from bench.streams import CONTENT_TYPE, SHAPES, Load, live, small_frames

FRAMES = small_frames(20)
LOAD = Load("live", FRAMES, *live(FRAMES, SHAPES[1]))


def test_another_tree_says_how_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "SHORTEST", 0.001)
    (entry,) = contest(
        LOAD, Options(against=ROOT), NS_A_FRAME, 20, lambda who: ("live", who), ["none"]
    )
    assert isinstance(entry, Told)
    assert entry.contestant == NAME
    first, second = entry.run()[0], entry.run()[0]
    assert 10 < first < 1e7
    assert 10 < second < 1e7


def test_a_tree_that_has_no_parser_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hamaproto").mkdir()
    (tmp_path / "hamaproto" / "__init__.py").write_text("")
    there = Tree(tmp_path, CONTENT_TYPE, LOAD.pieces)
    with pytest.raises((EOFError, OSError)):
        there.seconds()
    del there
    gc.collect()
    assert "cannot import name 'MjpegParser'" in capfd.readouterr().err
