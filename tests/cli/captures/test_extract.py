"""`hamaproto extract`: what comes out is what went in, as other programs read it."""

from __future__ import annotations

import hashlib
import json
import wave
from pathlib import Path

import pytest
from captured import HASHES, RECORDING, SOUND
from command_line import decoded_by_ffmpeg, pictures_of

from fixtures.build.packets import pcap, talk
from hamaproto.cli.app import run


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_pictures_video_sound_and_lists(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["extract", "all.pcap", "-o", "out"]) == 0
    assert capsys.readouterr().out.split() == ["31", "jpeg", "1", "mkv", "1", "wav", "1", "list"]
    out = Path("out")
    assert [sha(path) for path in sorted(out.glob("frame-*.jpg"))] == HASHES
    (video,) = out.glob("*.mkv")
    assert run(["frames", "all.pcap"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    there = pictures_of(video)
    assert [hashlib.sha256(data).hexdigest() for data, _ in there] == HASHES
    for row, (_, time) in zip(rows, there, strict=True):
        assert time == pytest.approx(row["time_last"] - rows[0]["time_last"], abs=0.0011)
    (sound,) = out.glob("*.wav")
    with wave.open(str(sound)) as file:
        # FFmpeg decodes as libgsm does, without homing.
        assert file.readframes(10**6) == decoded_by_ffmpeg(SOUND)


def test_passwords_in_lists_stay_out() -> None:
    assert run(["extract", "all.pcap", "-o", "out", "--only", "list"]) == 0
    (path,) = Path("out").iterdir()
    assert path.read_bytes() == b"User1=***\nBrand.Brand=\x1b[31mHama\n"
    assert run(["extract", "list.txt", "-o", "all", "--secrets"]) == 0
    assert b"Password=hush" in Path("all/1.txt").read_bytes()


def test_pictures_that_are_cut_off_bear_it_in_their_names() -> None:
    packets = talk(b"GET /v HTTP/1.0\r\n\r\n", RECORDING.wire)
    del packets[20]
    Path("gap.pcap").write_bytes(pcap(packets))
    assert run(["extract", "gap.pcap", "-o", "out", "--only", "jpeg"]) == 0
    names = sorted(path.name for path in Path("out").iterdir())
    cut = [name for name in names if "-cut" in name]
    assert len(cut) == 1
    assert {sha(Path("out") / name) for name in names if name not in cut} <= set(HASHES)


def test_no_file_is_written_over(capsys: pytest.CaptureFixture[str]) -> None:
    Path("out").mkdir()
    Path("out/frame-000000.jpg").write_text("mine")
    assert run(["extract", "all.pcap", "-o", "out"]) == 2
    assert Path("out/frame-000000.jpg").read_text() == "mine"
    assert "is there already" in capsys.readouterr().err
    assert run(["extract", "all.pcap", "-o", "out", "--overwrite"]) == 0
    assert sha(Path("out/frame-000000.jpg")) == HASHES[0]


def test_damage_and_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["extract", "damaged.pcap", "-o", "out", "--only", "jpeg", "--json"]) == 8
    assert json.loads(capsys.readouterr().out)["files"]["jpeg"] == 31
    assert run(["extract", "all.pcap", "-o", "none", "--only", "jpeg", "--only", "wav"]) == 0
    assert not list(Path("none").glob("*.mkv"))
    Path("words").write_text("nothing of the kind here")
    assert run(["extract", "words", "-o", "nothing"]) == 0
    assert "nothing of it" in capsys.readouterr().err
