"""Figures of streams that were made with known times."""

from __future__ import annotations

import math
from typing import Any

import pytest
from seeing import observed

from fixtures import read_bytes
from fixtures.build.jpegs import image
from fixtures.build.packets import CLIENT, SECOND, SERVER, START, Tcp, one_way, pcap, talk
from hamaproto.captures.statistics import Figures

IMAGE, OTHER = image("420", 1), image("444", 2)
SOUND = read_bytes("gsm", "libgsm", "speech_espeak.gsm")
HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=b\r\n\r\n"
SOUND_HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: audio/gsm\r\n\r\n"


def part(data: bytes, stamp: float | None = None) -> bytes:
    line = b"" if stamp is None else b"X-Timestamp: %.3f\r\n" % stamp
    return b"--b\r\nContent-Type: image/jpeg\r\n" + line + b"\r\n" + data + b"\r\n"


def timed(
    question: bytes, head: bytes, pieces: list[tuple[float, bytes]], client: int = 4000
) -> list[Tcp]:
    """A packet for each piece, so many seconds from the start."""
    there = (CLIENT[0], client)
    packets = talk(question, head, client=there, fin=False)
    at = 1001 + len(head)
    for time, data in pieces:
        packets.append(Tcp(SERVER, there, at, data, time=START + round(time * SECOND)))
        at += len(data)
    return packets


def video(pieces: list[tuple[float, bytes]]) -> list[Tcp]:
    return timed(b"GET /mjpg/video.mjpg?password=hush HTTP/1.0\r\n\r\n", HEAD, pieces)


def report(packets: list[Tcp], *, secrets: bool = False) -> dict[str, Any]:
    figures = Figures()
    for seen in observed(pcap(packets, nano=True)):
        figures.take(seen)
    return figures.report(secrets=secrets)


def pictures(pieces: list[tuple[float, bytes]]) -> dict[str, Any]:
    (stream,) = report(video(pieces))["streams"]
    return stream  # type: ignore[no-any-return]


def test_a_regular_stream() -> None:
    found = pictures([(1 + n / 10, part(IMAGE)) for n in range(41)])
    size = len(IMAGE)
    assert (found["frames"], found["bytes"], found["cut_off"]) == (41, 41 * size, 0)
    assert found["seconds"] == pytest.approx(4)
    assert found["frames_a_second"] == pytest.approx(10)
    assert found["bits_a_second"] == pytest.approx(80 * size)
    assert found["inter_arrival"]["mean"] == pytest.approx(0.1)
    assert found["inter_arrival"]["most"] == pytest.approx(0.1)
    assert found["burstiness"] == pytest.approx(-1)
    assert found["jitter"]["most"] == pytest.approx(0, abs=1e-9)
    assert found["jitter"]["sender"] == "nominal period"
    assert found["jitter"]["nominal_period"] == pytest.approx(0.1)
    assert found["freezes"]["count"] == found["stalls"]["count"] == 0
    assert found["repeated"] == found["seen_before"] == 40
    assert found["delay_factor"]["most"] == pytest.approx(0.1, abs=0.02)
    assert "RFC 4445" in found["delay_factor"]["label"]
    assert (found["formats"], found["format_changes"][0]["index"]) == (1, 0)


def test_freezes_pauses_and_stalls() -> None:
    times = [1 + n / 10 for n in range(20)] + [3.5, 10.0, 10.1]
    found = pictures([(time, part(IMAGE)) for time in times])
    assert (found["freezes"]["count"], found["freezes"]["pauses"]) == (2, 1)
    assert found["freezes"]["total"] == pytest.approx(0.6 + 6.5)
    assert found["freezes"]["paused"] == pytest.approx(6.5)
    assert (found["stalls"]["count"], found["stalls"]["most"]) == (1, pytest.approx(6.5))


def test_a_picture_that_takes_its_time() -> None:
    whole = part(IMAGE)
    at = whole.index(b"\xff\xd8") + 5
    found = pictures([(1, whole), (1.9, whole[:at]), (3.4, whole[at:])])
    assert found["first_to_last_byte"]["most"] == pytest.approx(1.5)
    assert found["stalls"]["count"] == 1  # within the picture: between them it is less
    assert found["inter_arrival"]["mean"] == pytest.approx(2.4)


def test_the_sender_s_time_counts_where_it_is_told() -> None:
    regular = [(1 + n / 10, part(IMAGE, 5 + n / 10)) for n in range(20)]
    found = pictures(regular)
    assert found["jitter"]["sender"] == "X-Timestamp"
    assert found["jitter"]["nominal_period"] is None
    assert found["jitter"]["most"] == pytest.approx(0, abs=1e-6)
    late = [(1 + n / 10, part(IMAGE, 5 + n / 20)) for n in range(20)]
    assert pictures(late)["jitter"]["last"] > 0.01
    jumping = [(1 + n / 10, part(IMAGE, 5 - n)) for n in range(20)]
    assert pictures(jumping)["jitter"]["sender"] == "nominal period"


def test_formats_over_time_and_bits_a_pixel() -> None:
    found = pictures([(1, part(IMAGE)), (2, part(OTHER)), (3, part(OTHER)), (4, part(IMAGE))])
    assert [change["index"] for change in found["format_changes"]] == [0, 1, 3]
    assert [change["subsampling"] for change in found["format_changes"]] == [
        *("4:2:0", "4:4:4", "4:2:0")
    ]
    assert found["format_changes"][1]["time"] == pytest.approx(START / 1e9 + 2, abs=0.01)
    assert (found["repeated"], found["seen_before"]) == (1, 2)
    pixels = sum(change["width"] * change["height"] for change in found["format_changes"])
    pixels += found["format_changes"][1]["width"] * found["format_changes"][1]["height"]
    assert found["bits_a_pixel"] == pytest.approx(8 * found["bytes"] / pixels)


@pytest.mark.parametrize("rate", [8000, 8040, 7950])
def test_the_clock_of_the_sound_and_how_it_lies_to_the_pictures(rate: int) -> None:
    sound = [SOUND[at : at + 33] for at in range(0, 33 * 300, 33)]
    packets = timed(
        b"GET /camera-cgi/audio/receive.cgi HTTP/1.0\r\n\r\n", SOUND_HEAD,
        [(1.25 + n * 160 / rate, data) for n, data in enumerate(sound)], client=5000,
    )  # fmt: skip
    packets += video([(1 + n / 10, part(IMAGE)) for n in range(60)])
    packets.sort(key=lambda packet: packet.time)
    by_kind = {stream["kind"]: stream for stream in report(packets)["streams"]}
    found = by_kind["sound"]
    assert (found["frames"], found["seconds_of_sound"]) == (300, pytest.approx(6))
    assert found["samples_a_second"] == pytest.approx(rate, rel=1e-5)
    assert found["clock_ppm"] == pytest.approx((rate / 8000 - 1) * 1e6, abs=20)
    assert found["begins_behind_pictures"] == pytest.approx(0.25)
    expected = found["seconds"] * (rate / 8000 - 1)
    assert found["ahead_at_end"] == pytest.approx(expected, abs=1e-3)


def test_what_is_missing_is_told_of_the_stream_and_of_the_file() -> None:
    packets = video([(1 + n / 10, part(IMAGE)) for n in range(20)])
    lost = packets.pop(12)
    found = report(packets)
    (stream,) = found["streams"]
    assert (found["gaps"], found["missing"]) == (1, len(lost.data))
    assert (stream["gaps"], stream["missing"], stream["frames"]) == (1, len(lost.data), 19)


def test_single_pictures_of_one_address_are_one_stream() -> None:
    head = b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n"
    packets = []
    for number in range(5):
        at = {"client": ("10.0.0.3", 100 + number), "start": START + number * SECOND}
        packets += talk(b"GET /jpg/image.jpg HTTP/1.0\r\n\r\n", head + IMAGE, **at)  # type: ignore[arg-type]
    (stream,) = report(packets)["streams"]
    assert (stream["frames"], stream["seconds"]) == (5, pytest.approx(4))


def test_secrets_stay_out_and_all_is_plain_data() -> None:
    packets = video([(1, part(IMAGE)), (2, part(OTHER))])
    assert "hush" not in str(report(packets))
    assert "hush" in str(report(packets, secrets=True))

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            assert all(isinstance(key, str) for key in value)
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)
        else:
            assert value is None or isinstance(value, str | int | float)
            assert not isinstance(value, float) or math.isfinite(value)

    walk(report(packets))


def test_a_file_without_times_has_all_other_figures() -> None:
    figures = Figures()
    for seen in observed(HEAD + part(IMAGE) + part(OTHER)):
        figures.take(seen)
    (stream,) = figures.report()["streams"]
    assert (stream["frames"], stream["bytes"]) == (2, len(IMAGE) + len(OTHER))
    assert stream["seconds"] is stream["jitter"] is stream["inter_arrival"] is None
    assert set(stream) == set(pictures([(1, part(IMAGE)), (2, part(IMAGE))]))


def test_frames_that_came_again_are_there_in_their_order() -> None:
    """A packet of the first picture comes last: nobody had the others before."""
    packets = video([(1 + n / 10, part(IMAGE)) for n in range(5)])
    late = packets[3]
    packets[3] = Tcp(late.source, late.target, late.sequence, late.data, time=START + 2 * SECOND)
    packets.sort(key=lambda packet: packet.time)
    (stream,) = report(packets)["streams"]
    assert stream["inter_arrival"]["least"] >= 0


def test_many_streams_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hamaproto.captures.statistics._MOST_STREAMS", 3)
    packets = []
    for number in range(5):
        packets += one_way(HEAD + part(IMAGE), target=("10.0.0.3", 100 + number))
    found = report(packets)
    assert (len(found["streams"]), found["frames_left_out"]) == (3, 2)
