"""What is answered besides HTTP, byte by byte, as it was reported."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import pytest
from camera_client import ask
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hamaproto.camera import CameraState, Pictures, read_stamp
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.camera.neighbours import (
    DESCRIPTION_PATH,
    DISCOVERY_PORT,
    PRIVATE_PORT,
    SSDP_PORT,
    PrivateConnection,
    description,
    discovery_answer,
    search_answer,
)

STATE = CameraState(pictures=Pictures(draw_mosaic))
#: The MAC address that clause 2.1.10 prints.
MAC = bytes.fromhex("0011091510AB")
WHO = bytes.fromhex("ffffffffffff0004fffb")


def test_ports() -> None:
    assert (DISCOVERY_PORT, SSDP_PORT, PRIVATE_PORT) == (13364, 1900, 4321)


@pytest.mark.parametrize("to", [b"\xff" * 6, MAC])
def test_who_is_there(to: bytes) -> None:
    answer = discovery_answer(STATE, to + WHO[6:], "192.168.1.20")
    assert answer is not None
    assert len(answer) == 76
    assert answer[:10] == MAC + bytes.fromhex("0104fffb")
    assert answer[10:42].rstrip(b"\0") == b"IC-1510AB"
    assert answer[42:46] == bytes((192, 168, 1, 20))
    assert answer[46:50] == bytes((1, 0x0D, 1, 32))  # the firmware is v1.32
    assert answer[67:71] == bytes((7, 5, 8, 1))


@pytest.mark.parametrize("operation", [n for n in range(12) if n != 4])
def test_nothing_else_is_answered_least_of_all_the_password(operation: int) -> None:
    message = b"\xff" * 6 + operation.to_bytes(2, "big") + (0xFFFF ^ operation).to_bytes(2, "big")
    assert discovery_answer(STATE, message, "192.168.1.20") is None
    # An answer of another camera, a broken complement, another MAC.
    for other in (WHO[:6] + b"\x01" + WHO[7:], WHO[:-1] + b"\0", b"\0" * 6 + WHO[6:], b""):
        assert discovery_answer(STATE, other, "192.168.1.20") is None


SEARCH = (
    'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\n'
    "ST: {}\r\n\r\n"
)
BASIC = "urn:schemas-upnp-org:device:Basic:1"


@pytest.mark.parametrize(
    ("target", "told"),
    [(BASIC, BASIC), ("upnp:rootdevice", "upnp:rootdevice"), ("ssdp:all", BASIC)],
)
def test_a_search_is_answered_and_leads_to_a_description(target: str, told: str) -> None:
    answer = search_answer(STATE, SEARCH.format(target).encode(), "http://192.168.1.20:8080")
    assert answer is not None
    lines = answer.decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 200 OK"
    assert f"LOCATION: http://192.168.1.20:8080{DESCRIPTION_PATH}" in lines
    assert f"ST: {told}" in lines
    assert lines[-2:] == ["", ""]
    page = ask(STATE, DESCRIPTION_PATH)
    assert page.fields["Content-Type"] == "text/xml"
    names = "{urn:schemas-upnp-org:device-1-0}"
    root = ElementTree.fromstring(page.body)
    found = {one.tag.removeprefix(names): one.text for one in root.iter()}
    assert found["deviceType"] == BASIC
    assert (found["manufacturer"], found["modelName"]) == ("EDIMAX", "Internet Camera")
    assert found["serviceType"] == "urn:edimax-com:service:BasicService:1"
    assert found["presentationURL"] == "http://camera:8080/"
    usn = next(line for line in lines if line.startswith("USN: "))
    assert found["UDN"] in usn
    assert description(STATE, "http://a&b").count(b"a&amp;b") == 1


@given(st.binary(max_size=200) | st.text(max_size=60).map(lambda st: SEARCH.format(st).encode()))
def test_other_searches_are_not(data: bytes) -> None:
    assert search_answer(STATE, data, "http://x") is None


def asked(code: int, rest: bytes = b"") -> bytes:
    return (code.to_bytes(4, "big") + rest).ljust(120, b"\0")


@pytest.mark.parametrize("size", [1, 7, 120, 1000])
def test_the_private_port_gives_a_picture(size: int) -> None:
    connection = PrivateConnection(STATE)
    data = asked(0x77) + asked(0x0E)
    for at in range(0, len(data), size):
        assert connection.data_to_send(1.0) == b""
        connection.receive_data(data[at : at + size])
    answer = connection.data_to_send(1.0)
    assert (answer[8:10], answer[10:12]) == ((640).to_bytes(2, "big"), (480).to_bytes(2, "big"))
    assert Image.open(io.BytesIO(answer[28:])).size == (640, 480)
    stamp = read_stamp(answer[28:])
    assert stamp is not None
    assert stamp.number == 15
    assert connection.data_to_send(1.0) == b""


@pytest.mark.parametrize(
    ("users", "sent", "accepted"),
    [
        ({"admin": "1234"}, b"admin\x001234\0", 8),
        ({"admin": "1234"}, b"admin\x001235\0", 0),
        ({"admin": "1234"}, b"nobody\x001234\0", 0),
        ({"admin": "1234"}, b"", 0),
        (None, b"admin\x001234\0", 8),
    ],
)
def test_a_login_of_the_private_port(
    users: dict[str, str] | None, sent: bytes, accepted: int
) -> None:
    connection = PrivateConnection(CameraState(users=users))
    connection.receive_data(asked(0x01, sent))
    answer = connection.data_to_send(0.0)
    assert answer == bytes((0, 0, 0, accepted)) + bytes(116)


def test_who_asks_and_does_not_read_costs_no_memory() -> None:
    connection = PrivateConnection(STATE)
    connection.receive_data(asked(0x0E) * 1000)
    assert repr(connection) == "<PrivateConnection 4 to be answered>"
    answers = 0
    while connection.data_to_send(0.0):
        answers += 1
    assert answers == 4
