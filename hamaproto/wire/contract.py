"""What all parsers promise alike, said once.

    parser.receive_data(chunk)    any bytes-like object; what is kept is copied
    parser.receive_eof()
    parser.next_event()           an event, or NEED_DATA; after the end, EndOfStream
    parser.events()               the events that are there

* `owned` makes every kind of input safe, or says that it is none.
* An error is sticky: once it was raised, each further call raises it again.
* A parser serves one caller at a time.  A second one, in another thread or in a callback that
  the first call led to, gets a `LocalProtocolError`, and the parser is as it was.
* A parser can be neither copied nor pickled: the copy would share or lose what is half read.

A parser in pure Python inherits from `Exclusive` and marks its entries with `entry`.
`MjpegParser`, which is compiled too, does the same by means of `mjpeg.turn`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Concatenate, Generic, NoReturn, ParamSpec, Protocol, TypeVar

from hamaproto.errors import LocalProtocolError
from hamaproto.events import NEED_DATA, EndOfStream, NeedData
from hamaproto.limits import Limits

__all__ = [
    "Chunk",
    "ConstructorSignature",
    "Events",
    "Exclusive",
    "Parser",
    "entered_twice",
    "entry",
    "made_twice",
    "mjpeg_arguments",
    "owned",
]

E = TypeVar("E")
E_co = TypeVar("E_co", covariant=True)
P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="Exclusive")

Chunk = bytes | bytearray | memoryview


class Parser(Protocol[E_co]):
    """The contract that all parsers follow."""

    def receive_data(self, data: Chunk, /) -> None:
        """Take bytes, in a piece of any size; what is kept is copied."""

    def receive_eof(self) -> None:
        """Nothing follows."""

    def next_event(self) -> E_co | NeedData:
        """The next event, or `NEED_DATA`; after the end `EndOfStream` again and again."""
        ...

    def events(self) -> Iterator[E_co]:
        """The events up to `NEED_DATA` or the end, `EndOfStream` included."""
        ...


def owned(data: Chunk) -> bytes:
    """`data` as bytes that nobody else can change; `bytes` come back as they are.

    A buffer in several pieces, as `memoryview(x)[::2]`, is put together; one of larger items
    gives the bytes that it has in memory.  Raises `LocalProtocolError` for what is no buffer,
    or one that was released.
    """
    if type(data) is bytes:
        return data
    try:
        # Not bytes(data): that takes a number for a size, and a list for its values.
        return bytes(memoryview(data))
    except (TypeError, ValueError, BufferError) as error:
        raise LocalProtocolError(
            f"receive_data() takes bytes, bytearray, memoryview or another buffer, not "
            f"{type(data).__name__} ({error})"
        ) from None


def entered_twice(parser: object, name: str) -> LocalProtocolError:
    """The error of a call that came while another one is at work in the parser."""
    return LocalProtocolError(
        f"{name}() while another call is at work in this {type(parser).__name__}, in another "
        "thread or around a callback: a parser serves one caller at a time"
    )


def made_twice(parser: object) -> LocalProtocolError:
    """The error of an `__init__` that would pull the bytes from under a call at work."""
    name = type(parser).__name__
    return LocalProtocolError(f"__init__() of a {name} again: make another {name}")


class Exclusive:
    """The base of the parsers in pure Python: one caller at a time, and no copies."""

    __slots__ = ("_entered",)

    def __init__(self) -> None:
        if hasattr(self, "_entered"):
            raise made_twice(self)
        self._entered = False

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refused: `copy` and `pickle` would share or lose what is half read."""
        raise TypeError(f"a {type(self).__name__} can't be copied or pickled: make another one")


def entry(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Mark a method of an `Exclusive` by which a caller enters it."""

    @wraps(method)
    def enter(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        # Nothing can come between the test and the mark: a thread gives way at calls and jumps.
        if self._entered:
            raise entered_twice(self, method.__name__)
        self._entered = True
        try:
            return method(self, *args, **kwargs)
        finally:
            self._entered = False

    return enter


class ConstructorSignature:
    """What `inspect.signature` and `help` say of a class, compiled or not: that of `model`.

    A compiled class tells nothing about its constructor by itself.  As `__signature__` of a class;
    a subclass with a constructor of its own is left alone.
    """

    def __init__(self, model: Callable[..., None]) -> None:
        self._model = model

    def __get__(self, instance: object, owner: type) -> object:
        import inspect  # dear, and seldom asked for

        home = next(base for base in owner.__mro__ if vars(base).get("__signature__") is self)
        if owner.__init__ is not home.__init__ or owner.__new__ is not home.__new__:  # type: ignore[misc]
            raise AttributeError("__signature__")
        return inspect.signature(self._model)


def mjpeg_arguments(
    content_type: str | None = None, *, limits: Limits | None = None, strict: bool = False
) -> None:
    """The arguments of `MjpegParser`, here because what is compiled shows no types."""


class Events(Generic[E]):
    """A parser's events until it needs more data, or to the end, `EndOfStream` included.

    No generator, which would answer a second caller with an error of its own.
    """

    __slots__ = ("_next",)

    def __init__(self, parser: Parser[E]) -> None:
        self._next: Callable[[], E | NeedData] | None = parser.next_event

    def __iter__(self) -> Iterator[E]:
        return self

    def __next__(self) -> E:
        ask = self._next
        if ask is not None:
            event = ask()
            if event is not NEED_DATA:
                if type(event) is EndOfStream:
                    self._next = None
                return event
            # An iterator that has ended stays so, whatever is fed afterwards.
            self._next = None
        raise StopIteration
