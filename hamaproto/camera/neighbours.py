"""What the simulated camera answers besides HTTP: how it is found, and its private port.

Reported, untested: facts from clients and firmware that nobody here has seen on a wire.  All of it
is bytes in, bytes out.

`discovery_answer`: UDP 13364.  A message is a MAC, an operation and its complement; MAC `ff` x 6
means everyone.  Operation 4 asks who is there.  Operation 2 makes a real device tell its password
and others configure it: this one answers none of these.
`search_answer`: SSDP, a UPnP search for a root device or `Basic:1`; `description` is what its
LOCATION leads to.
`PrivateConnection`: TCP 4321.  Requests of 120 bytes: a login, and the picture of the moment.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from xml.sax.saxutils import escape

from hamaproto.camera.state import CameraState

__all__ = [
    "DESCRIPTION_PATH",
    "DISCOVERY_PORT",
    "PRIVATE_PORT",
    "SSDP_PORT",
    "PrivateConnection",
    "description",
    "discovery_answer",
    "mac_of",
    "search_answer",
]

DISCOVERY_PORT: Final = 13364
PRIVATE_PORT: Final = 4321
SSDP_PORT: Final = 1900
#: Where the description is; the device's own path is not known.
DESCRIPTION_PATH: Final = "/description.xml"

_EVERYONE: Final = b"\xff" * 6
_WHO: Final = b"\x00\x04\xff\xfb"
_HERE: Final = b"\x01\x04\xff\xfb"
_MODEL: Final = b"\x01\x0d"
_BUILT: Final = b"\x07\x05\x08\x01"

_DEVICE: Final = "urn:schemas-upnp-org:device:Basic:1"
_SERVICE: Final = "urn:edimax-com:service:BasicService:1"
_TARGETS: Final = ("ssdp:all", "upnp:rootdevice", _DEVICE)
_FIELD = re.compile(r"([A-Za-z0-9-]{1,40})[ \t]*+:[ \t]*+([^\r\n]*)")

#: The private port: bytes of a request, of an answer to a login, and before a picture.
_REQUEST: Final = 120
_LOGIN, _PICTURE = 0x01, 0x0E
_ACCEPTED: Final = 0x08
_HEADER: Final = 28
#: Pictures and answers that wait for a client that does not read.
_MOST_ANSWERS: Final = 4


def mac_of(state: CameraState) -> bytes:
    """The camera's MAC address, 6 bytes."""
    text = state.stored["Network.Interface.I0.Active.MACAddress"]
    return bytes.fromhex(text.replace(":", ""))


def discovery_answer(state: CameraState, data: bytes, address: str) -> bytes | None:
    """The 76 bytes that a camera at this IPv4 address answers, or None if it is not asked."""
    mac = mac_of(state)
    if data[:6] not in (_EVERYONE, mac) or data[6:10] != _WHO:
        return None
    major, _, minor = state.stored["Properties.Firmware.Version"].lstrip("v").partition(".")
    name = f"IC-{mac[3:].hex().upper()}".encode()
    return b"".join(
        (
            *(mac, _HERE, name.ljust(32, b"\0"), ipaddress.IPv4Address(address).packed),
            *(_MODEL, bytes((int(major), int(minor))), bytes(17), _BUILT, bytes(5)),
        )
    )


def search_answer(state: CameraState, data: bytes, url: str) -> bytes | None:
    """The answer to an SSDP search of a camera at this URL, or None if it is not meant."""
    line, _, rest = data[:2048].decode("latin-1").partition("\r\n")
    fields = {name.lower(): value.strip() for name, value in _FIELD.findall(rest)}
    target = fields.get("st", "")
    if not line.startswith("M-SEARCH * ") or fields.get("man") != '"ssdp:discover"':
        return None
    if target not in _TARGETS:
        return None
    told = _DEVICE if target == "ssdp:all" else target
    lines = (
        *("HTTP/1.1 200 OK", "CACHE-CONTROL: max-age=1800", "EXT:"),
        *(f"LOCATION: {url}{DESCRIPTION_PATH}", "SERVER: Linux, UPnP/1.0, hamaproto simulate"),
        *(f"ST: {told}", f"USN: uuid:{_uuid(state)}::{told}", "", ""),
    )
    return "\r\n".join(lines).encode("latin-1", "replace")


def description(state: CameraState, url: str) -> bytes:
    """The XML that a search leads to."""
    serial = mac_of(state).hex().upper()
    return (
        '<?xml version="1.0"?>\r\n<root xmlns="urn:schemas-upnp-org:device-1-0">'
        "<specVersion><major>1</major><minor>0</minor></specVersion><device>"
        f"<deviceType>{_DEVICE}</deviceType><friendlyName>Internet Camera</friendlyName>"
        "<manufacturer>EDIMAX</manufacturer><modelName>Internet Camera</modelName>"
        f"<serialNumber>{serial}</serialNumber><UDN>uuid:{_uuid(state)}</UDN>"
        f"<serviceList><service><serviceType>{_SERVICE}</serviceType></service></serviceList>"
        f"<presentationURL>{escape(url)}/</presentationURL></device></root>\r\n"
    ).encode()


def _uuid(state: CameraState) -> str:
    return f"00000000-0000-1000-8000-{mac_of(state).hex()}"


class PrivateConnection:
    """One client of the private port: bytes in with `receive_data`, out with `data_to_send`.

    A login is answered by 120 bytes, a picture is 28 bytes and a JPEG whose length nothing tells;
    whatever else is asked gets no answer.  A picture is given without a login too, as it has been
    seen.
    """

    __slots__ = ("_asked", "_state", "_waiting")

    def __init__(self, state: CameraState) -> None:
        self._state = state
        self._waiting = bytearray()
        #: Requests that wait for their answer.
        self._asked: list[bytes] = []

    def __repr__(self) -> str:
        return f"<PrivateConnection {len(self._asked)} to be answered>"

    def receive_data(self, data: bytes) -> None:
        """Take what the client sent; of more requests than it reads answers to, none is kept."""
        self._waiting += data
        while len(self._waiting) >= _REQUEST:
            if len(self._asked) < _MOST_ANSWERS:
                self._asked.append(bytes(self._waiting[:_REQUEST]))
            del self._waiting[:_REQUEST]

    def data_to_send(self, now: float) -> bytes:
        """The next answer; b"" if nothing was asked."""
        while self._asked:
            request = self._asked.pop(0)
            code = int.from_bytes(request[:4], "big")
            if code == _LOGIN:
                return self._login(request)
            if code == _PICTURE:
                return self._picture(now)
        return b""

    def _login(self, request: bytes) -> bytes:
        user, _, rest = request[4:].partition(b"\0")
        password = rest.partition(b"\0")[0]
        users = self._state.users
        known = users.get(user.decode("latin-1"))
        right = not users or (known is not None and known.encode("latin-1", "replace") == password)
        return bytes((0, 0, 0, _ACCEPTED if right else 0)).ljust(_REQUEST, b"\0")

    def _picture(self, now: float) -> bytes:
        state = self._state
        width, height = state.resolution
        size = width.to_bytes(2, "big") + height.to_bytes(2, "big")
        header = (bytes(8) + size).ljust(_HEADER, b"\0")
        return header + state.picture(state.ticker.index(now))
