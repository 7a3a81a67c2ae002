"""A client for the tests of the simulated camera that shares no code with the library.

`ask` speaks to a `ServerConnection` without any socket, `Answer` takes an answer apart in
the plainest way there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from hamaproto.camera import CameraState, ServerConnection
from hamaproto.camera.mosaic import draw_mosaic


@dataclass(frozen=True, slots=True)
class Answer:
    head: bytes
    body: bytes

    @classmethod
    def of(cls, data: bytes) -> Answer:
        head, _, body = data.partition(b"\r\n\r\n")
        return cls(head + b"\r\n\r\n", body)

    @property
    def status(self) -> int:
        return int(self.head.split()[1])

    @property
    def fields(self) -> dict[str, str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:-2]
        return {name: value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def lines(self) -> list[str]:
        """The lines of a parameter list, without the CRLF behind them."""
        assert self.body.endswith(b"\r\n")
        return self.body[:-2].decode("latin-1").splitlines()


def request(target: str, *fields: str, method: str = "GET") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: camera:8080", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def drain(connection: ServerConnection, now: float = 0.0) -> bytes:
    """Everything that is due at `now`."""
    pieces = []
    while piece := connection.data_to_send(now):
        pieces.append(piece)
    return b"".join(pieces)


def opened(state: CameraState, target: str, now: float = 0.0) -> tuple[ServerConnection, bytes]:
    """A connection on which `target` was asked for, and what it has answered so far."""
    connection = ServerConnection(state)
    connection.receive_data(request(target))
    return connection, drain(connection, now)


def ask(state: CameraState, target: str, *fields: str, now: float = 0.0) -> Answer:
    """The answer to a request that ends."""
    connection = ServerConnection(state)
    connection.receive_data(request(target, *fields))
    data = drain(connection, now)
    assert connection.closed
    connection.close()
    return Answer.of(data)


#: The same pictures again and again: tests that look at what stands around them need not wait.
DRAWN = lru_cache(maxsize=512)(draw_mosaic)

LIST = "/camera-cgi/admin/param.cgi?action=list&group="
UPDATE = "/camera-cgi/admin/param.cgi?action=update&"
FORM = "/form/enet?enet_source=cp.asp&"
PTZ = "/camera-cgi/com/ptz.cgi?"
PTZ_CONFIG = "/camera-cgi/com/ptzconfig.cgi?"
