"""`hamaproto inspect`: what is in a capture, in words and as data, without anybody's password."""

from __future__ import annotations

import json

import pytest

from hamaproto.cli.app import run


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(["inspect", *words]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    return told.out


def test_conversations_requests_streams_and_anomalies(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "all.pcap")
    assert "3 conversations over TCP, 3 exchanges" in text
    assert "10.0.0.2:40000 to 10.0.0.1:80: GET /mjpg/video.mjpg?pwd=***" in text
    assert "31 frames" in text
    assert "2.00 s of sound (GSM 06.10)" in text
    assert "2 parameters" in text
    assert "2023-11-14 22:13:20 UTC" in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("garden.body", "31 frames"),
        ("garden.http", "200 multipart/x-mixed-replace"),
        ("speech.gsm", "2.00 s of sound"),
        ("list.txt", "2 parameters"),
    ],
)
def test_what_was_saved_without_packets(
    name: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, name)
    assert words in text
    assert "no packets, so no times; 1 answer" in text


@pytest.mark.parametrize("more", [[], ["--all"], ["--json"]])
def test_no_secret_is_shown_unless_it_is_asked_for(
    more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("all.pcap", "all.pcapng", "list.txt"):
        text = said(capsys, name, *more)
        assert "hush" not in text
        assert "aHVzaA" not in text
    text = said(capsys, "all.pcap", *more, "--secrets")
    assert "pwd=hush" in text
    assert ("aHVzaA" in text) is bool(more)


def test_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(said(capsys, "all.pcapng", "--json"))
    assert (found["format"], found["conversations"], found["code"]) == ("pcapng", 3, 0)
    counts = sorted((list(one["counts"].items()) for one in found["exchanges"]), key=str)
    assert counts == [[("frames", 31)], [("parameters", 2)], [("sound frames", 100)]]
    assert found["application"] == "a test"


def test_what_stands_in_a_capture_is_harmless_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hamaproto.cli.plain.on_terminal", lambda: True)
    for name in ("all.pcapng", "all.pcap", "list.txt"):
        assert run(["inspect", name, "--all", "--secrets"]) == 0
        assert "\x1b" not in capsys.readouterr().out
