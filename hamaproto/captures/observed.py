"""What is seen in a capture: the library's events, each with when and where it came.

`Place.offset` counts bytes of the stream of TCP, or of the file that was saved; an event's own
offset counts from where its parser began, as always: from the start of the answer for what is in
its head, from the start of the body for what is in there.  What is missing counts in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from hamaproto.captures.conversation import Conversation, Endpoint
from hamaproto.captures.streams import Gap
from hamaproto.commands import Reply
from hamaproto.events import Event, Response
from hamaproto.headers import Headers

__all__ = ["Asked", "Broken", "Exchange", "Observed", "ObservedEvent", "Place"]


class Place(NamedTuple):
    """When and where a byte came."""

    time: int | None
    """Nanoseconds since 1970; None if the file does not say."""
    packet: int | None
    """The number of the packet that brought it; None in a file without packets."""
    offset: int
    """Bytes from the start of the stream, or of the file."""


@dataclass(slots=True, repr=False)
class Asked:
    """A request.  Its target and its fields may hold a login: the repr shows neither."""

    method: str
    """Such as `GET`."""
    target: str
    """As it was sent, with its query; latin-1."""
    headers: Headers
    """Its fields; of those that came twice the last one."""
    offset: int = 0
    """Where it began in the stream of the client."""

    @property
    def path(self) -> str:
        """The target without its query, which may hold a password."""
        return self.target.partition("?")[0]

    def __repr__(self) -> str:
        return f"<Asked {self.method} {self.path}>"


@dataclass(slots=True)
class Broken:
    """An answer, or a stream of requests, that could not be read on."""

    message: str
    """Why, in words."""
    offset: int
    """Where."""


@dataclass(slots=True, repr=False)
class Exchange:
    """A request and its answer; either may be missing in the capture."""

    number: int
    """From 1, in the order in which they began to be read."""
    conversation: Conversation | None = None
    """Whose; None in a file without packets."""
    request: Asked | None = None
    """What was asked."""
    response: Response | None = None
    """The head of the answer; `status` is None for a body without one."""
    reply: Reply = Reply.ANY
    """What was asked for."""
    asked: Place | None = None
    """When the last byte of the request came."""

    @property
    def client(self) -> Endpoint | None:
        """Who asked; None in a file without packets."""
        conversation = self.conversation
        return None if conversation is None else conversation.endpoint(conversation.client == 1)

    @property
    def server(self) -> Endpoint | None:
        """Who answered."""
        conversation = self.conversation
        return None if conversation is None else conversation.endpoint(conversation.client != 1)

    def __repr__(self) -> str:
        return f"<Exchange {self.number}: {self.request!r}, {self.response!r}>"


ObservedEvent = Event | Asked | Gap | Broken


@dataclass(slots=True, repr=False)
class Observed:
    """An event, the exchange that it belongs to, and when and where it came."""

    event: ObservedEvent
    """What was seen."""
    exchange: Exchange
    """In which exchange."""
    first: Place
    """Of its first byte."""
    last: Place
    """Of its last byte; the time and the packet are those of whichever of its bytes came last, so
    that nobody had all of it before.
    """

    def __repr__(self) -> str:
        # Not the exchange, which goes on to change.
        places = f"{tuple(self.first)} to {tuple(self.last)}"
        return f"<Observed {self.event!r} in exchange {self.exchange.number}, {places}>"
