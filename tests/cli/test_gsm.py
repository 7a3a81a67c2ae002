"""gsm decode and gsm encode: files to files, against the vectors of other programs."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from fixtures.vectors import FOLDER
from hamaproto.cli.gsm import gsm
from tests.gsm.test_files import SPEECH, all_frames, pcm_wav


def run(*arguments: object) -> int:
    return int(gsm.main([str(one) for one in arguments], standalone_mode=False) or 0)


def test_the_command_decodes_and_encodes(tmp_path: Path) -> None:
    assert run("decode", FOLDER / "speech_espeak.gsm", tmp_path / "a.wav") == 0
    assert (tmp_path / "a.wav").read_bytes() == pcm_wav(SPEECH.decoded)
    assert run("decode", FOLDER / "speech_espeak.gsm", tmp_path / "a.s16") == 0
    assert (tmp_path / "a.s16").read_bytes() == SPEECH.decoded
    assert run("encode", FOLDER / "speech_espeak.in.s16", tmp_path / "b.gsm") == 0
    assert (tmp_path / "b.gsm").read_bytes() == SPEECH.frames
    (tmp_path / "c.wav").write_bytes(pcm_wav(SPEECH.source or b""))
    assert run("encode", tmp_path / "c.wav", tmp_path / "d.wav") == 0
    assert all_frames((tmp_path / "d.wav").read_bytes()) == SPEECH.frames
    assert run("decode", tmp_path / "d.wav", tmp_path / "e.raw") == 0
    assert (tmp_path / "e.raw").read_bytes() == SPEECH.decoded


def test_the_command_conceals_what_is_missing(tmp_path: Path) -> None:
    damaged = bytearray(SPEECH.frames)
    damaged[3300] = 0
    (tmp_path / "a.gsm").write_bytes(damaged)
    assert run("decode", tmp_path / "a.gsm", tmp_path / "a.raw") == 8
    sound = (tmp_path / "a.raw").read_bytes()
    assert len(sound) == len(SPEECH.decoded)
    assert sound[:32000] == SPEECH.decoded[:32000]


def test_the_command_says_what_a_name_may_end_in(tmp_path: Path) -> None:
    with pytest.raises(click.UsageError, match="must end in"):
        run("decode", FOLDER / "ones.gsm", tmp_path / "a.mp3")
