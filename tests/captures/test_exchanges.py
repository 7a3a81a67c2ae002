"""Requests and answers in pairs, and who asked."""

from __future__ import annotations

import itertools

import pytest
from seeing import observed

from fixtures.build.packets import CLIENT, SERVER, disturbed, one_way, pcap, talk
from hamaproto.captures import Asked, Observed
from hamaproto.events import EndOfStream, Param, Response

QUESTION = b"GET /camera-cgi/admin/param.cgi?action=list&group=Brand HTTP/1.0\r\n\r\n"
LIST = b"Brand.Brand=Hama\n"
ANSWER = b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + LIST


def kinds(seen: list[Observed]) -> list[type]:
    return [type(s.event) for s in seen]


def test_an_answer_waits_for_its_request_whatever_the_order() -> None:
    """Under this type only the request says that it is a list."""
    packets = talk(QUESTION, ANSWER)
    for order in itertools.permutations(packets):
        seen = observed(pcap(order))
        assert sorted(map(str, kinds(seen))) == sorted(
            map(str, [Asked, Response, Param, EndOfStream])
        )
        assert {s.exchange.number for s in seen} == {1}
        assert str(seen[0].exchange.client) == "10.0.0.2:40000"


def test_answers_alone_are_read_as_well() -> None:
    for syn in (True, False):
        packets = one_way(ANSWER.replace(b"html", b"plain"), syn=syn)
        seen = observed(pcap(packets))
        assert kinds(seen) == [Response, Param, EndOfStream]
        assert seen[0].exchange.request is None
        assert str(seen[0].exchange.server) == "10.0.0.1:80"


def test_long_answers_alone_do_not_wait_for_ever() -> None:
    packets = one_way(ANSWER.replace(b"html", b"plain") + LIST * 3000, fin=False)
    seen = observed(pcap(packets))
    assert kinds(seen)[:2] == [Response, Param]
    assert sum(kind is Param for kind in kinds(seen)) == 3001


@pytest.mark.parametrize("swap", [False, True])
def test_who_asked_is_told_by_what_was_sent(swap: bool) -> None:
    """Both ports as high, no SYN, either direction first."""
    client, server = ("10.0.0.2", 40000), ("10.0.0.1", 50000)
    packets = talk(QUESTION, ANSWER, client=client, server=server, syn=False)
    seen = observed(pcap(packets[::-1] if swap else packets))
    assert {str(s.exchange.server) for s in seen} == {"10.0.0.1:50000"}
    assert {s.exchange.number for s in seen} == {1}


def test_or_by_the_lower_port() -> None:
    seen = observed(pcap(one_way(b"\xff\xd8 no picture", source=SERVER, target=CLIENT, syn=False)))
    assert {str(s.exchange.server) for s in seen} == {"10.0.0.1:80"}


def test_many_conversations_at_once() -> None:
    packets = []
    for number in range(40):
        packets += disturbed(
            talk(QUESTION, ANSWER + LIST * number, 50, client=("10.0.1.1", 1000 + number)), number
        )
    packets.sort(key=lambda packet: packet.time)
    seen = observed(pcap(packets))
    by_port: dict[int, int] = {}
    for s in seen:
        assert s.exchange.client is not None
        port = s.exchange.client.port
        by_port[port] = by_port.get(port, 0) + isinstance(s.event, Param)
    assert by_port == {1000 + number: number + 1 for number in range(40)}
