"""What came of each exchange."""

from __future__ import annotations

from seeing import observed

from fixtures.build.jpegs import image
from fixtures.build.packets import pcap, talk
from hamaproto.captures.summary import Summary

IMAGE = image("420", 1)
QUESTION = b"GET /jpg/image.jpg?password=hush HTTP/1.0\r\nCookie: hush\r\nHost: c\r\n\r\n"


def summary(data: bytes) -> Summary:
    found = Summary()
    for seen in observed(data):
        found.take(seen)
    return found


def test_exchanges_and_what_came_of_them() -> None:
    first = talk(QUESTION, b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\n\r\n" + IMAGE)
    second = talk(QUESTION, b"HTTP/1.0 404 No\r\n\r\nsorry", client=("10.0.0.3", 3))
    third = talk(b"\x16\x03\x01\r\n\r\n", b"\x15", client=("10.0.0.3", 4))
    found = summary(pcap(first + second + third))
    one, two, *_ = found.traffic
    assert (one.counts["frames"], one.sizes["frames"], one.complete) == (1, len(IMAGE), True)
    assert one.anomalies["bare-lf-in-head"] == 1
    assert found.anomalies["bare-lf-in-head"][0] == 1
    assert (two.sizes["data"], two.counts["frames"]) == (5, 0)
    assert found.stray["no request of HTTP"] == 1
    report = one.report()
    assert "hush" not in str(report)
    assert report["status"] == 200
    assert ["host", "c"] in report["request"]["fields"]
    assert "hush" in str(one.report(secrets=True))


def test_gaps_and_ends() -> None:
    packets = talk(QUESTION, b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n" + IMAGE, 100)
    del packets[6]
    found = summary(pcap(packets))
    (one,) = found.traffic
    assert (one.counts["gaps"], one.sizes["missing"], found.missing) == (1, 100, 100)
    assert one.complete is False
