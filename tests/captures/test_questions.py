"""The direction of a client: requests, what they carry, and sound that goes up."""

from __future__ import annotations

import pytest
from seeing import observed

from fixtures import read_bytes
from fixtures.build.packets import CLIENT, SERVER, SYN, Tcp, disturbed, one_way, pcap
from hamaproto.captures import Asked, Broken, Gap, Observed
from hamaproto.events import AudioFrame

SOUND = read_bytes("gsm", "libgsm", "speech_espeak.gsm")[: 33 * 40]
BODY = b"move=left"
POST = b"POST /camera-cgi/com/ptz.cgi HTTP/1.1\r\nCookie: a\r\nContent-Length: 9\r\n\r\n" + BODY
GET = b"GET /jpg/image.jpg HTTP/1.0\r\n\r\n"


def of_client(data: bytes, size: int = 1460, *, syn: bool = True) -> list[Tcp]:
    return one_way(
        data, size, source=CLIENT, target=SERVER, syn=syn, syn_flags=SYN, fin=False
    )  # fmt: skip


def asked(packets: list[Tcp]) -> list[Observed]:
    return [s for s in observed(pcap(packets)) if isinstance(s.event, Asked)]


@pytest.mark.parametrize("size", [1, 7, 33, 1460])
def test_requests_behind_one_another_with_their_bodies(size: int) -> None:
    stream = GET + POST + b"\r\n" + GET
    seen = asked(disturbed(of_client(stream, size), 4))
    assert [s.event.path for s in seen] == [  # type: ignore[union-attr]
        *("/jpg/image.jpg", "/camera-cgi/com/ptz.cgi", "/jpg/image.jpg")
    ]
    post = seen[1].event
    assert isinstance(post, Asked)
    assert (post.method, post.headers["Cookie"]) == ("POST", "a")
    assert seen[0].first.offset == 0
    assert seen[0].last.offset == len(GET) - 1
    assert stream[seen[1].first.offset : seen[1].last.offset + 1] == POST[: -len(BODY)]


def test_sound_goes_up_the_connection() -> None:
    talk = b"POST /camera-cgi/audio/transmit.cgi HTTP/1.0\r\nContent-Length: 5\r\n\r\n"
    packets = of_client(talk + SOUND, 100)
    seen = [s for s in observed(pcap(packets)) if isinstance(s.event, AudioFrame)]
    assert b"".join(s.event.data for s in seen) == SOUND  # type: ignore[union-attr]
    assert seen[0].first.offset == len(talk)
    assert seen[0].exchange.request is not None
    del packets[6]
    seen = [s for s in observed(pcap(packets)) if isinstance(s.event, AudioFrame)]
    assert 40 > len(seen) >= 40 - 5


def test_a_gap_costs_the_request_that_it_hits() -> None:
    packets = [*of_client(GET), *one_way(GET * 3, len(GET), source=CLIENT, target=SERVER,
               first=1000 + len(GET), syn=False, fin=False)]  # fmt: skip
    del packets[2]
    assert len(asked(packets)) == 3
    assert [type(s.event) for s in observed(pcap(packets))].count(Gap) == 1
    inside = of_client(POST.replace(b"9\r", b"900\r") + bytes(891) + GET, 300)
    del inside[2]  # in the body, which the length leads over
    assert len(asked(inside)) == 2


def test_requests_that_began_before_the_capture() -> None:
    packets = of_client(GET[5:], syn=False)
    later = one_way(GET, source=CLIENT, target=SERVER, syn=False, fin=False,
                    first=1000 + len(GET) - 5)  # fmt: skip
    assert len(asked([*packets, *later])) == 1


def test_what_is_no_http_is_told_once() -> None:
    seen = observed(pcap(of_client(b"\x16\x03\x01" + bytes(50) + b"\r\n\r\n" + bytes(5000), 500)))
    assert [type(s.event) for s in seen] == [Broken]
    assert seen[0].exchange.number == 0
    assert seen[0].exchange.conversation is not None
