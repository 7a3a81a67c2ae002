"""Any HTTP client's body through any parser.

    for event in decode(response.iter_content(65536), MjpegParser(content_type)): ...
    async for event in adecode(response.aiter_raw(), GsmFrameParser()): ...

In: the pieces of a body, of any size, as the client gives them, without their transfer coding;
and a parser that follows the contract.  Out: its events, each as soon as its last byte is
there, `EndOfStream` last.  What the client raises comes behind the events of what it gave
before, in the place of `EndOfStream`.

A client that calls back instead of being iterated over, such as Twisted, feeds the parser
itself; `ready` then gives what is there.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from functools import partial
from typing import TypeVar

from hamaproto.events import NEED_DATA, EndOfStream, NeedData
from hamaproto.wire.contract import Chunk, Parser

__all__ = ["Parser", "adecode", "decode", "ready"]

E = TypeVar("E")


def ready(parser: Parser[E], chunk: Chunk = b"") -> Iterator[E]:
    """Feed a piece, and give the events that can be had without another one."""
    parser.receive_data(chunk)
    return parser.events()


def decode(body: Iterable[Chunk], parser: Parser[E]) -> Iterator[E]:
    """The events of a body that is iterated over.

    Raises what the parser raises, and what the client does.
    """
    pieces = iter(body)
    # The parser that has the most pieces to take fetches them itself, which saves their calls.
    fetch = getattr(parser, "next_event_from", None) or partial(_next_event_from, parser)
    while True:
        try:
            event: E | NeedData = fetch(pieces)
        except Exception:
            yield from _left(parser)
            raise
        if event is NEED_DATA:
            break
        yield event
        if isinstance(event, EndOfStream):
            return
    parser.receive_eof()
    yield from parser.events()


def _next_event_from(parser: Parser[E], pieces: Iterator[Chunk]) -> E | NeedData:
    """What `MjpegParser.next_event_from` does, for any parser."""
    while (event := parser.next_event()) is NEED_DATA:
        for piece in pieces:
            parser.receive_data(piece)
            break
        else:
            break
    return event


async def adecode(body: AsyncIterable[Chunk], parser: Parser[E]) -> AsyncIterator[E]:
    """The events of a body that is iterated over asynchronously.

    Raises what the parser raises, and what the client does.
    """
    pieces = aiter(body)
    while True:
        try:
            piece = await anext(pieces)
        except StopAsyncIteration:
            break
        except Exception:
            for event in _left(parser):
                yield event
            raise
        for event in ready(parser, piece):
            yield event
            if isinstance(event, EndOfStream):
                return
    parser.receive_eof()
    for event in parser.events():
        yield event


def _left(parser: Parser[E]) -> Iterator[E]:
    """What is left when the client fails; its error takes the place of `EndOfStream`."""
    parser.receive_eof()
    return (event for event in parser.events() if not isinstance(event, EndOfStream))
