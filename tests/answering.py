"""A server on 127.0.0.1 that says what a test tells it to, whoever asks."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import count

__all__ = ["handled", "scripted", "serving"]

Answer = bytes | Iterable[bytes]


@contextlib.contextmanager
def serving(talk: Callable[[socket.socket, int], None]) -> Iterator[str]:
    """Gives the URL of a server that runs `talk(client, number)` for each connection."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        threads: list[threading.Thread] = []
        clients: list[socket.socket] = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                for number in count():
                    client, _ = server.accept()
                    clients.append(client)
                    thread = threading.Thread(target=talk, args=(client, number))
                    threads.append(thread)
                    thread.start()

        first = threading.Thread(target=accept)
        first.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            first.join()
            for client in clients:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


@contextlib.contextmanager
def handled(handler: Callable[[bytes, int], Answer]) -> Iterator[str]:
    """Gives the URL of a server; `handler(request, number of the connection)` is all it says.

    Pieces of an answer are sent one by one, and the connection is closed behind the last.
    """

    def talk(client: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), client:
            request = b""
            while b"\r\n\r\n" not in request:
                piece = client.recv(65536)
                if not piece:
                    return
                request += piece
            said = handler(request, number)
            for piece in [said] if isinstance(said, bytes) else said:
                client.sendall(piece)

    with serving(talk) as url:
        yield url


@contextlib.contextmanager
def scripted(answer: Answer | Callable[[str], Answer]) -> Iterator[str]:
    """The same; `answer`, or what it gives for a target, is all it says."""

    def handler(request: bytes, number: int) -> Answer:
        return answer(request.split(b" ")[1].decode("latin-1")) if callable(answer) else answer

    with handled(handler) as url:
        yield url
