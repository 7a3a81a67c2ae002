"""`CaptureParser`: the same frames as from the body, whatever became of the packets."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seeing import frames_of, observed, see, sha

from fixtures import Recording, recordings
from fixtures.build.packets import CLIENT, SERVER, START, Raw, Tcp, disturbed, pcap, pcapng, talk
from hamaproto import MjpegParser, captures
from hamaproto.captures import Broken, CaptureParser, Gap, Observed
from hamaproto.captures.network import Other
from hamaproto.captures.packets import Bounds
from hamaproto.errors import LocalProtocolError, RemoteProtocolError
from hamaproto.events import Anomaly, EndOfStream, Frame, Response

QUESTION = b"GET /video HTTP/1.0\r\nHost: camera\r\n\r\n"
SMALL = sorted((r for r in recordings() if len(r.wire) < 300_000), key=lambda r: r.name)
each = pytest.mark.parametrize("recording", recordings(), ids=lambda r: r.name)
small = pytest.mark.parametrize("recording", SMALL, ids=lambda r: r.name)


def packets_of(recording: Recording, size: int = 1448, **options: object) -> list[Tcp]:
    return talk(QUESTION, recording.wire, size, **options)  # type: ignore[arg-type]


@each
def test_the_frames_of_every_server_in_any_order(recording: Recording) -> None:
    packets = disturbed(packets_of(recording), 5, reach=12, again=0.1)
    assert frames_of(pcap(packets)) == list(recording.frames)
    assert frames_of(recording.wire) == list(recording.frames)
    assert frames_of(recording.body) == list(recording.frames)


@settings(max_examples=50)
@given(st.integers(0, 1 << 30), st.sampled_from([300, 1448]), st.booleans(), st.booleans())
def test_any_order_and_duplication_gives_the_same_frames(
    seed: int, size: int, syn: bool, fin: bool
) -> None:
    chance = random.Random(seed)
    recording = chance.choice(SMALL)
    packets = disturbed(
        packets_of(recording, size, syn=syn, fin=fin),
        seed,
        reach=chance.choice([3, 500 if syn else 100]),
        again=0.2,
    )
    assert frames_of(pcapng(packets)) == list(recording.frames)


@each
def test_each_frame_has_the_times_of_its_packets(recording: Recording) -> None:
    """By the places of the bytes alone; chunks and coding have places of their own."""
    packets = packets_of(recording)
    starts = {p.sequence - 1001: p.time for p in packets if p.source == SERVER and p.data}

    def time_of(offset: int) -> int:
        return starts[offset // 1448 * 1448]

    chunked = any(value == "chunked" for _, value in recording.headers)
    count = 0
    for seen in observed(pcap(packets, nano=True)):
        if isinstance(seen.event, Frame) and seen.event.complete:
            count += 1
            if not chunked:
                assert seen.first.time == time_of(seen.first.offset)
                assert seen.last.time == time_of(seen.last.offset)
                whole = recording.wire[seen.first.offset : seen.last.offset + 1]
                assert whole == seen.event.data
            assert seen.first.time is not None
            assert seen.last.time is not None
            assert START < seen.first.time <= seen.last.time <= packets[-1].time
    assert count == len(recording.frames)


@small
def test_frames_have_the_places_of_the_body(recording: Recording) -> None:
    """Where they have them in the body that was saved without packets."""
    alone = [(s.event.offset, s.event.end) for s in observed(recording.body)
             if isinstance(s.event, Frame)]  # fmt: skip
    parser = MjpegParser(recording.content_type)
    parser.receive_data(recording.body)
    parser.receive_eof()
    assert alone == [(e.offset, e.end) for e in parser.events() if isinstance(e, Frame)]
    packed = observed(pcap(disturbed(packets_of(recording), 9)))
    assert [(s.event.offset, s.event.end) for s in packed if isinstance(s.event, Frame)] == alone


@small
@pytest.mark.parametrize("seed", range(3))
def test_any_cut_of_the_file_gives_the_same_events(recording: Recording, seed: int) -> None:
    chance = random.Random(seed)
    packets = packets_of(recording, 900)
    for _ in range(3):
        del packets[chance.randrange(3, len(packets))]
    other = talk(QUESTION, recording.wire, 900, client=("10.0.0.9", 9), step=900_000)
    packets = sorted([*disturbed(packets, seed), *other], key=lambda packet: packet.time)
    for data in (pcap(packets), recording.wire):
        whole = [repr(event) for event in see(data)[0]]
        for size in (997, 65536):
            assert [repr(e) for e in see(data, range(0, len(data), size))[0]] == whole


@small
@pytest.mark.parametrize("seed", range(4))
def test_a_gap_costs_the_frames_that_it_hits(recording: Recording, seed: int) -> None:
    chance = random.Random(seed)
    packets = packets_of(recording)
    kept = packets[:4]
    lost = []
    for packet in packets[4:]:
        if packet.data and chance.random() < 0.1:
            lost.append((packet.sequence - 1001, packet.sequence - 1001 + len(packet.data)))
        else:
            kept.append(packet)
    seen = observed(pcap(kept))
    told = [s.event for s in seen if isinstance(s.event, Gap)]
    assert sum(gap.length for gap in told) == sum(stop - start for start, stop in lost)
    if any(value == "chunked" for _, value in recording.headers):
        return  # where the framing itself was hit more may be lost: see test_answers
    head = recording.wire.index(b"\r\n\r\n") + 4 if recording.has_head else 0
    if any(start < head for start, _ in lost):
        return
    whole = {s.event.offset: sha(s.event.data) for s in seen
             if isinstance(s.event, Frame) and s.event.complete}  # fmt: skip
    undamaged = [s for s in observed(recording.wire) if isinstance(s.event, Frame)]
    expected = 0
    for frame in undamaged:
        assert isinstance(frame.event, Frame)
        # With its own head and delimiter, without which an image may be anything.
        start, stop = frame.first.offset - 400, frame.last.offset + 1
        if all(stop <= low or start >= high for low, high in lost) and frame.event.complete:
            expected += 1
            assert whole[frame.event.offset] == sha(frame.event.data)
    assert expected > 0
    assert set(whole.values()) <= set(recording.frames)


@small
def test_a_capture_that_began_later(recording: Recording) -> None:
    """The frames that are whole in what is left, joined in the middle of one."""
    packets = packets_of(recording, syn=False)
    for drop in (3, len(packets) // 3):
        found = frames_of(pcap(packets[drop:]))
        assert found
        assert found == list(recording.frames)[-len(found) :]
        started = (drop - 1) * 1448
        later = [f for f in observed(recording.wire)
                 if isinstance(f.event, Frame) and f.event.complete
                 and f.first.offset - 400 >= started]  # fmt: skip
        assert len(found) >= len(later)


def test_damage_of_the_file_gives_what_came_before_and_the_error() -> None:
    packets = packets_of(SMALL[0])
    data = pcap(packets)
    bad = data + b"\xff" * 40
    events, parser = see(bad)
    assert isinstance(events[-1], RemoteProtocolError)
    assert events[-1].offset == len(data) + 8
    frames = [e for e in events if isinstance(e, Observed) and isinstance(e.event, Frame)]
    assert len(frames) >= len(SMALL[0].frames)
    for _ in range(2):
        with pytest.raises(RemoteProtocolError):
            parser.next_event()
    with pytest.raises(RemoteProtocolError):
        parser.receive_data(b"")
    events, _ = see(data[:-9])
    assert isinstance(events[-1], EndOfStream)
    assert events[-1].complete is False


def test_what_is_in_the_file_is_counted() -> None:
    packets = packets_of(SMALL[0])
    udp = bytearray(Tcp(SERVER, CLIENT, 1, b"x" * 20).raw().data)
    udp[23] = 17
    _, parser = see(pcap([*packets, packets[5], Raw(bytes(udp))]))
    assert (parser.format, parser.packets) == ("packets", len(packets) + 2)
    assert (parser.conversations, parser.exchanges) == (1, 1)
    assert parser.counts == {Other.UDP: 1}
    assert parser.retransmitted == len(packets[5].data)
    assert parser.conflicts == 0
    _, parser = see(SMALL[0].body)
    assert (parser.format, parser.packets, parser.exchanges) == ("bytes", 0, 1)


@given(
    st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=5)), max_size=8),
    st.integers(100, 5000),
)
def test_damage_anywhere_gives_events_or_the_declared_error_for_every_cut(
    damage: list[tuple[int, bytes]], size: int
) -> None:
    data = bytearray(pcap(packets_of(SMALL[0])[:16]))
    for at, junk in damage:
        at %= len(data)
        data[at : at + len(junk)] = junk
    whole = [repr(event) for event in see(bytes(data))[0]]
    assert [repr(e) for e in see(bytes(data), range(0, len(data), size))[0]] == whole


@given(st.binary(max_size=3000), st.integers(1, 400))
def test_any_bytes_at_all(data: bytes, size: int) -> None:
    for begin in (b"", b"HTTP/1.0 200 OK\r\n\r\n", b"\n--a\r\n", b"\xd0"):
        whole = [repr(event) for event in see(begin + data)[0]]
        cut = see(begin + data, range(0, len(data) + 20, size))[0]
        assert [repr(event) for event in cut] == whole


def test_bounds_and_limits_are_checked() -> None:
    with pytest.raises(LocalProtocolError, match="limits"):
        CaptureParser(limits=5)  # type: ignore[arg-type]
    with pytest.raises(LocalProtocolError, match="bounds"):
        CaptureParser(bounds=Bounds)  # type: ignore[arg-type]
    parser = CaptureParser()
    parser.receive_eof()
    assert list(parser.events()) == [EndOfStream(False, 0)]
    with pytest.raises(LocalProtocolError):
        parser.receive_data(b"x")


def test_no_head_among_the_events_of_a_stream_that_is_none() -> None:
    (seen,) = [s for s in observed(pcap(talk(QUESTION, b"SSH-2.0-x\r\n")))
               if isinstance(s.event, Broken)]  # fmt: skip
    assert "status line" in seen.event.message or "HTTP" in seen.event.message  # type: ignore[union-attr]
    kinds = {type(s.event) for s in observed(SMALL[0].body)}
    assert kinds <= {Frame, Anomaly, EndOfStream, Response}


def test_a_file_on_the_disk(tmp_path: Path) -> None:
    data = pcap(packets_of(SMALL[0]))
    (tmp_path / "x.pcap").write_bytes(data)
    with captures.open(tmp_path / "x.pcap") as capture:
        frames = [seen for seen in capture if isinstance(seen.event, Frame)]
    assert len(frames) >= len(SMALL[0].frames)
    assert capture.complete is True
