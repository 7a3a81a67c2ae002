"""HTTP libraries as readers of response heads, each through its own front door.

    python -m bench.peers.heads [NAME...]       each head that these read wrong

An answer is played from memory, in pieces; what a library raises counts as refusal.  An answer
whose body is cut off counts as delivered if the bytes can be had, before or with the error.
"""

from __future__ import annotations

import asyncio
import http.client
import importlib.util
import io
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from bench.measure.entries import Skipped
from fixtures.build.heads import CUTS, HEADS, Head
from fixtures.feeding import pieces
from hamaproto.errors import HamaError
from hamaproto.events import Data, EndOfStream, Response
from hamaproto.wire.http import ResponseParser

__all__ = ["READERS", "Answer", "Score", "clean", "installed", "main", "score"]

#: Rows of the table in which nothing is odd, by rule and name.
CLEAN = {
    ("status line", "HTTP/1.1"),
    ("status line", "HTTP/1.0"),
    ("status line", "404"),
    ("headers", "upper case"),
    ("Content-Length elsewhere", "plain"),
    ("Content-Length elsewhere", "none: until the end"),
    ("Transfer-Encoding", "chunked"),
    ("Transfer-Encoding", "on a multipart"),
    ("chunks", "of one byte each"),
    ("chunks", "trailers"),
}


@dataclass(slots=True)
class Answer:
    """What a reader made of an answer; `complete` is None if it does not say."""

    status: int | None
    content_type: str | None
    body: bytes
    complete: bool | None = None


class Refused(Exception):
    """The reader did not read the answer."""


Reader = Callable[[Sequence[bytes]], Answer]


def read_hamaproto(chunks: Sequence[bytes]) -> Answer:
    parser = ResponseParser()
    response = None
    body = []

    def take() -> bool | None:
        nonlocal response
        for event in parser.events():
            if isinstance(event, Response):
                response = event
            elif isinstance(event, Data):
                body.append(event.data)
            elif isinstance(event, EndOfStream):
                return event.complete
        return None

    try:
        for chunk in chunks:
            parser.receive_data(chunk)
            take()
        parser.receive_eof()
        complete = take()
    except HamaError as error:
        raise Refused from error
    assert response is not None
    return Answer(response.status, response.content_type, b"".join(body), complete)


# -- peers over a socket that plays from memory ----------------------------------------


class _Recording(io.RawIOBase):
    """The answer, a piece a read."""

    def __init__(self, chunks: Sequence[bytes]) -> None:
        self._chunks = [chunk for chunk in reversed(chunks) if chunk]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._chunks:
            return 0
        chunk = self._chunks.pop()
        size = min(len(buffer), len(chunk))
        buffer[:size] = chunk[:size]
        if size < len(chunk):
            self._chunks.append(chunk[size:])
        return size


class _Socket:
    """As much of a socket as http.client wants of one."""

    def __init__(self, chunks: Sequence[bytes]) -> None:
        self._chunks = chunks

    def makefile(self, mode: str, *_: object, **__: object) -> io.BufferedReader:
        return io.BufferedReader(_Recording(self._chunks))

    def sendall(self, data: bytes) -> None:
        pass

    def settimeout(self, timeout: object) -> None:
        pass

    def close(self) -> None:
        pass

    shutdown = setsockopt = fileno = settimeout


def read_http_client(chunks: Sequence[bytes]) -> Answer:
    connection = http.client.HTTPConnection("camera")
    connection.sock = cast(Any, _Socket(chunks))
    connection.request("GET", "/")
    response = connection.getresponse()
    try:
        body = response.read()
    except http.client.IncompleteRead as error:
        body = error.partial
    return Answer(response.status, response.headers["content-type"], body)


def _played(chunks: Sequence[bytes]) -> type[Any]:
    import urllib3.connection

    class Played(urllib3.connection.HTTPConnection):
        def connect(self) -> None:
            self.sock = cast(Any, _Socket(chunks))

    return Played


def _collected(parts: Iterable[bytes], errors: tuple[type[Exception], ...]) -> bytes:
    """What comes out of a body before its error, if it has one and something came."""
    body = b""
    try:
        for part in parts:
            body += part
    except errors:
        if not body:
            raise
    return body


def read_urllib3(chunks: Sequence[bytes]) -> Answer:
    import urllib3

    pool = urllib3.HTTPConnectionPool("camera", retries=False)
    pool.ConnectionCls = _played(chunks)
    response = pool.request("GET", "/", preload_content=False, redirect=False)
    body = _collected(response.stream(1), (urllib3.exceptions.ProtocolError,))
    return Answer(response.status, response.headers.get("content-type"), body)


def read_requests(chunks: Sequence[bytes]) -> Answer:
    import requests
    import requests.adapters
    import urllib3

    class Pool(urllib3.HTTPConnectionPool):
        ConnectionCls = _played(chunks)

    adapter = requests.adapters.HTTPAdapter()
    adapter.poolmanager.pool_classes_by_scheme = {"http": Pool}
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", adapter)
        response = session.get("http://camera/", stream=True, allow_redirects=False)
        body = _collected(response.iter_content(1), (requests.RequestException,))
    return Answer(response.status_code, response.headers.get("content-type"), body)


def read_h11(chunks: Sequence[bytes]) -> Answer:
    import h11

    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "camera")]))
    connection.send(h11.EndOfMessage())
    answer = None

    def take() -> bool:
        nonlocal answer
        while (event := connection.next_event()) is not h11.NEED_DATA:
            if isinstance(event, h11.Response):
                found = [value for name, value in event.headers if name == b"content-type"]
                content_type = found[-1].decode("latin-1") if found else None
                answer = Answer(event.status_code, content_type, b"")
            elif isinstance(event, h11.Data) and answer is not None:
                answer.body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed | h11.PAUSED):
                return True
        return False

    try:
        for chunk in [*chunks, b""]:
            connection.receive_data(chunk)
            if take():
                break
    except h11.RemoteProtocolError:
        if answer is None or not answer.body:
            raise
    if answer is None:
        raise Refused
    return answer


def read_httpx(chunks: Sequence[bytes]) -> Answer:
    import httpcore
    import httpx

    class Transport(httpx.HTTPTransport):
        """httpx's own, on top of httpcore's own stream that plays from memory."""

        def __init__(self) -> None:
            backend = httpcore.MockBackend([chunk for chunk in chunks if chunk])
            self._pool = httpcore.ConnectionPool(network_backend=backend)

    with (
        httpx.Client(transport=Transport(), trust_env=False) as client,
        client.stream("GET", "http://camera/") as response,
    ):
        body = _collected(response.iter_raw(), (httpx.RemoteProtocolError,))
    return Answer(response.status_code, response.headers.get("content-type"), body)


def read_aiohttp(chunks: Sequence[bytes]) -> Answer:
    return asyncio.run(_read_aiohttp(chunks))


async def _read_aiohttp(chunks: Sequence[bytes]) -> Answer:
    import aiohttp
    from aiohttp.client_proto import ResponseHandler

    class Transport(asyncio.Transport):
        def is_closing(self) -> bool:
            return False

        def close(self) -> None:
            pass

        pause_reading = resume_reading = close

    protocol = ResponseHandler(asyncio.get_running_loop())
    protocol.connection_made(Transport())
    protocol.set_response_params(read_until_eof=True)
    for chunk in chunks:
        protocol.data_received(chunk)
    if protocol.exception() is None:
        protocol.connection_lost(None)
    async with asyncio.timeout(1):
        message, payload = await protocol.read()
        # As ClientResponse.start does.
        while 100 <= message.code <= 199 and message.code != 101:
            message, payload = await protocol.read()
        body = b""
        try:
            while part := await payload.read(65536):
                body += part
        except aiohttp.ClientError:
            if not body:
                raise
    return Answer(message.code, message.headers.get("content-type"), body)


#: Everyone, by the name of the distribution; http.client comes with Python.
READERS: dict[str, Reader] = {
    "hamaproto": read_hamaproto,
    "http.client": read_http_client,
    "requests": read_requests,
    "urllib3": read_urllib3,
    "httpx": read_httpx,
    "h11": read_h11,
    "aiohttp": read_aiohttp,
}

# -- scores ------------------------------------------------------------------------------


@dataclass(slots=True)
class Score:
    """How one reader did."""

    reader: str
    read: int = 0
    refused: int = 0
    wrong: list[Head] = field(default_factory=list)

    @property
    def right(self) -> int:
        return self.read + self.refused


def _is_right(reader: Reader, head: Head, cut: int) -> bool:
    try:
        answer = reader(pieces(head.data, cut or max(1, len(head.data))))
    except Exception:
        # Whatever a library raises over an answer, it did not deliver it.
        return head.reading is None
    if head.reading is None:
        return False
    expected = head.reading
    return (
        answer.status == expected.status
        and _plain(answer.content_type) == _plain(expected.content_type)
        and answer.body == expected.body
        and answer.complete in (None, expected.complete)
    )


def _plain(content_type: str | None) -> bytes:
    """The bytes, with blanks joined: most libraries leave the line ends of a fold inside.

    A program can live with that, and with aiohttp's way to keep bytes that are no UTF-8.
    """
    joined = " ".join((content_type or "").split())
    try:
        return joined.encode("latin-1", "surrogateescape")
    except UnicodeEncodeError:
        return joined.encode("utf-8", "replace")


def score(name: str, heads: Sequence[Head] = HEADS, cuts: Sequence[int] = CUTS) -> Score:
    """Let one of `READERS` read the table."""
    result = Score(name)
    reader = READERS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for head in heads:
            if not all(_is_right(reader, head, cut) for cut in cuts):
                result.wrong.append(head)
            elif head.reading is None:
                result.refused += 1
            else:
                result.read += 1
    return result


def clean() -> list[Head]:
    """Heads in which nothing is odd: whoever speaks HTTP reads them."""
    return [head for head in HEADS if (head.rule, head.name) in CLEAN]


def installed() -> tuple[list[str], list[Skipped]]:
    """The readers that can be asked, and the others."""
    there, gone = [], []
    for name in READERS:
        if importlib.util.find_spec(name) is None:
            gone.append(Skipped("all", name, f"{name} is not installed"))
        else:
            there.append(name)
    return there, gone


def main(names: Sequence[str]) -> int:
    """Print what these read wrong, or all; 1 if our own reader was wrong anywhere."""
    scores = [score(name) for name in names or installed()[0]]
    for row in scores:
        print(f"{row.reader}: {row.read} read, {row.refused} refused, {len(row.wrong)} wrong")
        for head in row.wrong:
            print(f"  {head.rule}: {head.name}")
    return int(any(row.wrong for row in scores if row.reader == "hamaproto"))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
