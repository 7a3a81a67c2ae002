"""Answers as the specification prints them and as the family is reported to send them.

And the shortest ways to have a conversation: with bytes, or with the simulated camera.
"""

from __future__ import annotations

from typing import Any

import fixtures
from fixtures.feeding import Log, pieces, record
from hamaproto import commands
from hamaproto.camera import CameraState, ServerConnection
from hamaproto.client import ClientConnection
from hamaproto.commands import Request
from hamaproto.errors import HamaError
from hamaproto.outcome import Outcome, interpret

PICTURE = fixtures.jpeg("420")
SOUND = b"".join(bytes([0xD0 | n % 16]) + bytes([n]) * 32 for n in range(40))
HOST = "camera:8080"
UNAUTHORIZED = (
    b"HTTP/1.1 401 Unauthorized\r\nServer: GoAhead-Webs\r\n"
    b'WWW-Authenticate: Basic realm="Internet Camera"\r\nContent-Type: text/html\r\n\r\n'
    b"<html>Access Denied</html>\r\n"
)


def text(body: bytes, status: bytes = b"200 OK") -> bytes:
    return (
        b"HTTP/1.1 "
        + status
        + b"\r\nServer: GoAhead-Webs\r\nContent-Type: text/plain\r\n\r\n"
        + body
    )


def connect(request: Any = None, **arguments: Any) -> ClientConnection:
    connection = ClientConnection(HOST, **arguments)
    if request is not None:
        connection.send(request)
    return connection


def converse(request: Any, data: bytes, cut: int = 0, **arguments: Any) -> Log:
    chunks = pieces(data, cut or max(1, len(data)))
    return record(connect(request, **arguments), chunks, errors=(HamaError,))


def result(request: Request[Any], data: bytes) -> Any:
    log = converse(request, data)
    assert log.error is None
    return interpret(request, log.events)


def without_data(log: Log) -> tuple[Any, ...]:
    body = b"".join(data.data for data in log.of("Data"))
    return ([row for row in log.said if row[0] != "Data"], body, log.error)


PARTS = b"".join(b"--b\r\nContent-Type: image/jpeg\r\n\r\n" + PICTURE + b"\r\n" for _ in range(3))
ANSWERS: dict[str, tuple[Any, bytes]] = {
    "multipart": (
        commands.video_stream(),
        b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace;\r\n boundary=b\r\n"
        b"Content-Length: 0\r\n\r\n" + PARTS,
    ),
    "chunked multipart": (
        commands.video_stream(),
        b"HTTP/1.0 200 OK\nTransfer-Encoding: chunked\n\n"
        + b"".join(b"%x\r\n" % len(p) + p + b"\r\n" for p in pieces(PARTS, 777))
        + b"0\r\n\r\n",
    ),
    "multipart without a head": (commands.video_stream(), PARTS),
    "image": (
        commands.image(),
        b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(PICTURE)
        + PICTURE,
    ),
    "image without a head": (commands.image(), PICTURE),
    "sound": (
        commands.audio_stream(),
        b"HTTP/1.1 200 OK\r\nContent-Type: audio/basic\r\nContent-Length: 9\r\n\r\n" + SOUND,
    ),
    "sound without a head": (commands.audio_stream(), b"\r\n" + SOUND),
    "parameters": (commands.brand(), text(b"Brand.Brand=Hama\nroot.Brand.ProdNbr=00053104\n\r\n")),
    "error line": (commands.brand(), text(b"# Error -1 getting param in group 'X'!\n\r\n")),
    "acknowledgement": (commands.set_mjpeg_fps(5), text(b"OK\r\n")),
    "redirect": (
        commands.set_flip_mode(1),
        b"HTTP/1.0 302 Redirect\r\nLocation: http://x/cp.asp\r\n\r\n<html></html>",
    ),
    "any image": (
        commands.raw("/x.jpg"),
        b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n" + PICTURE,
    ),
    "any sound": (commands.raw("/x"), SOUND),
    "401": (commands.video_stream(), UNAUTHORIZED),
    "broken chunks": (
        commands.brand(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na=b\n!",
    ),
}


def ask(camera: CameraState, request: Any, **arguments: Any) -> Any:
    client: ClientConnection | None = connect(**arguments)
    while client is not None:
        server = ServerConnection(camera)
        server.receive_data(client.send(request))
        outcome: Outcome[Any] = Outcome(request)
        while data := server.data_to_send(0.0):
            client.receive_data(data)
        assert server.closed
        client.receive_eof()
        for event in client.events():
            outcome.add(event)
        client = client.retry
    return outcome.result()
