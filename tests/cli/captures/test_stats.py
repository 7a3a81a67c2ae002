"""`hamaproto stats`: every figure, as a table and as data."""

from __future__ import annotations

import json

import pytest

from hamaproto.cli.app import run

#: What `captures` promises to reckon, by the words of the table.
FIGURES = [
    *("between frames", "jitter (RFC 3550)", "freezes (webrtc-stats)", "pauses over 5 s"),
    *("stalls", "first to last byte", "bits a second", "bytes a frame", "bits a pixel"),
    *("burstiness", "repeated frames", "MDI delay factor", "format, from frame 0"),
    *("seconds of sound", "begins behind the pictures"),
]


def test_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["stats", "all.pcap"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    for figure in FIGURES:
        assert f"  {figure}" in said.out, figure
    assert "hush" not in said.out
    assert "320x240" in said.out
    assert "against nominal period of" in said.out


def test_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["stats", "all.pcap", "--json"]) == 0
    text = capsys.readouterr().out
    assert "hush" not in text
    found = json.loads(text)
    pictures, sound = found["streams"]
    assert (pictures["frames"], sound["frames"]) == (31, 100)
    for name in ("inter_arrival", "jitter", "freezes", "stalls", "delay_factor"):
        assert pictures[name] is not None
    assert sound["samples_a_second"] is None  # less than two seconds tell nothing
    assert run(["stats", "all.pcap", "--json", "--secrets"]) == 0
    assert "pwd=hush" in capsys.readouterr().out


def test_a_file_without_times_and_one_that_is_damaged(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["stats", "garden.body"]) == 0
    assert "times                        none in this file" in capsys.readouterr().out
    assert run(["stats", "damaged.pcap"]) == 8
    said = capsys.readouterr()
    assert "31" in said.out
    assert "damaged here" in said.err
