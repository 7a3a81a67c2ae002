"""A capture that tcpdump made holds what curl got at the same time."""

from __future__ import annotations

import hashlib

import pytest
from seeing import see, sha

from fixtures import read_bytes, read_json
from hamaproto.captures import Asked, Observed
from hamaproto.events import AudioFrame, Frame, Param, Response

MANIFEST = read_json("captures", "manifest.json")
EXPECTED = MANIFEST["camera.pcap"]
DATA = read_bytes("captures", "tcpdump", "camera.pcap")


def test_what_curl_got_is_in_what_tcpdump_saw() -> None:
    events, parser = see(DATA, range(0, len(DATA), 10_007))
    seen = [event for event in events if isinstance(event, Observed)]
    assert (parser.packets, parser.conversations) == (
        EXPECTED["packets"],
        EXPECTED["conversations"],
    )
    statuses = [s.event.status for s in seen if isinstance(s.event, Response)]
    assert statuses == EXPECTED["statuses"]
    frames = [sha(s.event.data) for s in seen if isinstance(s.event, Frame) and s.event.complete]
    assert frames[: len(EXPECTED["frames"])] == EXPECTED["frames"]
    sound = b"".join(s.event.data for s in seen if isinstance(s.event, AudioFrame))
    assert hashlib.sha256(sound[: EXPECTED["sound_bytes"]]).hexdigest() == EXPECTED["sound"]
    lines = [s.event.line.decode("latin-1") for s in seen if isinstance(s.event, Param)]
    assert lines == EXPECTED["list"]
    asked = [s.event for s in seen if isinstance(s.event, Asked)]
    assert ["authorization" in one.headers for one in asked] == [False, True, True, True]


def test_times_are_those_of_packets_and_go_on() -> None:
    seen = [e for e in see(DATA)[0] if isinstance(e, Observed) and isinstance(e.event, Frame)]
    times = [s.last.time for s in seen if s.last.time is not None]
    assert times == sorted(times)
    assert len(times) == len(seen)
    assert 0.3e9 < times[-1] - times[0] < 0.6e9
    assert all(s.first.packet <= s.last.packet for s in seen)  # type: ignore[operator]


@pytest.mark.parametrize("name", sorted(set(MANIFEST) - {"camera.pcap"}))
def test_what_ffmpeg_found_in_what_curl_got_of_other_servers(name: str) -> None:
    events, parser = see(read_bytes("captures", "tcpdump", name))
    seen = [event for event in events if isinstance(event, Observed)]
    expected = MANIFEST[name]
    assert (parser.packets, parser.conversations) == (
        expected["packets"],
        expected["conversations"],
    )
    statuses = [s.event.status for s in seen if isinstance(s.event, Response)]
    assert statuses == expected["statuses"]
    frames = [s for s in seen if isinstance(s.event, Frame) and s.event.complete]
    hashes = [sha(s.event.data) for s in frames if isinstance(s.event, Frame)]
    # The server may have sent one more than curl was there for.
    assert hashes[: len(expected["frames"])] == expected["frames"]
    assert len(hashes) <= len(expected["frames"]) + 1
    times = [s.last.time for s in frames]
    assert times == sorted(times)  # type: ignore[type-var]
