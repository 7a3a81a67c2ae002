"""The direction of a server: one answer behind the other, packed, in chunks, across gaps."""

from __future__ import annotations

import gzip
import random

import pytest
from seeing import frames_of, observed, sha

from fixtures import recordings
from fixtures.build.jpegs import image
from fixtures.build.packets import SERVER, disturbed, one_way, pcap, talk
from hamaproto.captures import Asked, Broken, Gap
from hamaproto.events import Data, EndOfStream, Frame, Param, Response, Skipped

IMAGE = image("420", 1)
LIST = b"Brand.Brand=Hama\nBrand.ProdNbr=1\n"


def ask(path: str, method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: camera\r\n\r\n".encode()


def answer(body: bytes, kind: str = "image/jpeg", *more: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", *more]
    if not any(line.startswith("Transfer") for line in more):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def test_many_answers_on_one_connection() -> None:
    paths = ["/a.jpg", "/camera-cgi/admin/param.cgi?action=list", "/nothing", "/b.jpg"]
    questions = [ask(path) for path in paths]
    questions.insert(1, ask("/x", "HEAD"))
    only_a_head = answer(b"", "image/jpeg").replace(b"Length: 0", b"Length: 9")
    nothing = answer(b"", status="304 Not Modified")
    answers = [answer(IMAGE), only_a_head, answer(LIST, "text/plain"), nothing, answer(IMAGE)]
    for size in (17, 100, 100_000):
        data = pcap(disturbed(talk(b"".join(questions), b"".join(answers), size), 3))
        seen = observed(data)
        frames = [s for s in seen if isinstance(s.event, Frame)]
        assert [s.event.data for s in frames] == [IMAGE, IMAGE]  # type: ignore[union-attr]
        asked = [s.exchange.request.path for s in frames if s.exchange.request]
        assert asked == ["/a.jpg", "/b.jpg"]
        assert [s.exchange.number for s in seen if isinstance(s.event, Param)] == [3, 3]
        assert [s.event.status for s in seen if isinstance(s.event, Response)] == [
            *(200, 200, 200, 304, 200)
        ]
        ends = [s.event for s in seen if isinstance(s.event, EndOfStream)]
        assert [end.complete for end in ends] == [True] * 5
        for s in frames:
            length = s.last.offset - s.first.offset + 1
            assert b"".join(answers)[s.first.offset : s.last.offset + 1] == IMAGE
            assert length == len(IMAGE)


@pytest.mark.parametrize("size", [50, 1448])
def test_a_packed_body_has_the_times_of_its_packets(size: int) -> None:
    parts = b"".join(b"--a\r\nContent-Type: image/jpeg\r\n\r\n" + IMAGE + b"\r\n" for _ in range(9))
    packed = answer(gzip.compress(parts, 0), "multipart/x-mixed-replace;boundary=a",
                    "Content-Encoding: gzip")  # fmt: skip
    packets = talk(ask("/video.mjpg"), packed, size)
    seen = [s for s in observed(pcap(packets, nano=True)) if isinstance(s.event, Frame)]
    assert [s.event.data for s in seen] == [IMAGE] * 9  # type: ignore[union-attr]
    times = [s.last.time for s in seen]
    assert times == sorted(times)  # type: ignore[type-var]
    assert len(set(times)) > 3
    assert packets[2].time < times[0] <= times[-1] <= packets[-1].time  # type: ignore[operator]
    # In the stream it stands where the body does.
    assert {s.first.offset for s in seen} == {packed.index(b"\r\n\r\n") + 4}


def test_a_coding_that_nobody_can_undo_is_given_out_as_it_comes() -> None:
    (data,) = [s.event for s in observed(answer(b"xyz", "image/jpeg", "Content-Encoding: br"))
               if isinstance(s.event, Data)]  # fmt: skip
    assert data.data == b"xyz"  # type: ignore[union-attr]


def test_an_error_page_is_no_picture() -> None:
    seen = observed(pcap(talk(ask("/a.jpg"), answer(IMAGE, status="404 Not Found"))))
    assert [type(s.event) for s in seen] == [Asked, Response, Data, EndOfStream]


BODY = recordings()[0].body
FRAMES = list(recordings()[0].frames)


@pytest.mark.parametrize("framing", ["length", "chunks"])
@pytest.mark.parametrize("seed", range(4))
def test_a_framing_that_counts_is_led_over_a_gap(framing: str, seed: int) -> None:
    """What is lost is in the middle of a chunk."""
    if framing == "chunks":
        coding = "Transfer-Encoding: chunked"
        first = answer(chunked(BODY, 5000), "multipart/x-mixed-replace", coding)
    else:
        first = answer(BODY, "application/octet-stream")
    data = first + answer(IMAGE)
    packets = talk(ask("/a.jpg") + ask("/b.jpg"), data, 300)
    head = data.index(b"\r\n\r\n") + 4
    chance = random.Random(seed)
    # No packet that holds a line of the framing.
    lines = [head + n * 5008 for n in range(len(BODY) // 5000 + 1)] if framing == "chunks" else []
    safe = [p for p in packets if p.source == SERVER and head + 600 < p.sequence - 1001 < len(first)
            - 600 and not any(-320 < p.sequence - 1001 - line < 20 for line in lines)]  # fmt: skip
    lost = chance.choice(safe)
    packets.remove(lost)
    seen = observed(pcap(packets))
    assert not [s for s in seen if isinstance(s.event, Broken)]
    assert [s.event.length for s in seen if isinstance(s.event, Gap)] == [300]
    found = [sha(s.event.data) for s in seen if isinstance(s.event, Frame) and s.event.complete]
    assert found[-1] == sha(IMAGE)
    assert len(found) >= len(FRAMES) + 1 - 2
    assert set(found[:-1]) <= set(FRAMES)


def test_a_framing_that_is_lost_is_found_again_with_the_next_head() -> None:
    first = answer(chunked(BODY, 700), "multipart/x", "Transfer-Encoding: chunked")
    one = talk(ask("/a") + ask("/b.jpg"), first, 1000, fin=False)
    two = one_way(answer(IMAGE), first=1000 + len(first), syn=False)
    packets = one + two
    del packets[12]
    seen = observed(pcap(packets))
    (broken,) = [s for s in seen if isinstance(s.event, Broken)]
    assert broken.exchange.number == 1
    assert [s.event.length for s in seen if isinstance(s.event, Skipped)][-1] > 10_000
    assert frames_of(pcap(packets))[-1] == sha(IMAGE)
    (last,) = [s for s in seen if isinstance(s.event, Frame) and s.event.data == IMAGE]
    assert last.exchange.number == 2


def test_a_gap_in_a_head_costs_the_answer() -> None:
    packets = talk(ask("/a.jpg"), answer(IMAGE, "image/jpeg", "X: " + "y" * 300), 100)
    del packets[4]
    seen = observed(pcap(packets))
    assert [type(s.event) for s in seen if not isinstance(s.event, Asked)][:3] == [
        *(Gap, Broken, EndOfStream)
    ]


def test_a_capture_that_began_before_an_answer() -> None:
    """What is left of the answer before is passed over, if a packet begins with a head."""
    old = one_way(b"\x99" * 700, size=700, syn=False, fin=False, first=300)
    new = one_way(answer(IMAGE), syn=False, first=1000)
    seen = observed(pcap([*old, *new]))
    assert [type(s.event) for s in seen] == [Skipped, Response, Frame, EndOfStream]
    assert seen[0].event.length == 700  # type: ignore[union-attr]


def test_a_saved_answer_without_a_request() -> None:
    for data, kinds in (
        (answer(IMAGE), [Response, Frame, EndOfStream]),
        (answer(LIST, "text/plain"), [Response, Param, Param, EndOfStream]),
        (answer(b"OK\r\n", "text/plain"), [Response, Data, EndOfStream]),
        (answer(IMAGE) + answer(IMAGE), [Response, Frame, EndOfStream] * 2),
    ):
        seen = observed(data)
        assert [type(s.event) for s in seen if type(s.event).__name__ != "Anomaly"] == kinds
        assert all(s.first.packet is None and s.first.time is None for s in seen)
