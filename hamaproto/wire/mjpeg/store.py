"""The bytes of one image, in one piece or in several; `store.pyx` is the same in C."""

from __future__ import annotations

from hamaproto.events import Frame

__all__ = ["SMALL", "Store", "cut_out", "ends_with_lone_eoi", "make_frame"]

#: Pieces below this are copied together, so that the overhead of an object stays small.
SMALL = 512
#: A large piece of a chunk of at most this size is not copied until the image is whole; a
#: larger chunk is not kept alive for the sake of a piece of it.
_CHUNK = 262144
#: Below this a view of a piece costs more than its copy.
_PIECE = 4096


def cut_out(data: bytes | bytearray, pos: int, end: int) -> bytes:
    """`data[pos:end]` as bytes of their own."""
    piece = data[pos:end]
    return piece if type(piece) is bytes else bytes(piece)


def ends_with_lone_eoi(data: bytes | bytearray, pos: int, end: int) -> bool:
    """True if `data[pos:end]` ends in FFD9 and the two bytes before are not FFD9 as well."""
    return (
        end - pos >= 4
        and data[end - 1] == 0xD9
        and data[end - 2] == 0xFF
        and (data[end - 3] != 0xD9 or data[end - 4] != 0xFF)
    )


class Store:
    """The bytes of one image that spans several chunks.

    Pieces are kept as they come and joined once, which copies each byte once.  When the
    image must be looked into, it becomes one bytearray and grows as such from then on.

    `size`: how many bytes are stored.  `parts` are the pieces, and `apart` says whether a piece of
    `SMALL` bytes or more can be put behind them as it is: who does so makes good `size` as well.
    """

    __slots__ = ("_small", "_whole", "apart", "parts", "size")

    def __init__(self) -> None:
        self.parts: list[bytes | memoryview] = []
        self._small = bytearray()
        self._whole: bytearray | None = None
        self.apart = True
        self.size = 0

    def start(self, size: int, data: bytes | bytearray, pos: int, end: int) -> None:
        """Append to the empty store, and expect `size` bytes in all (here of no use)."""
        if end - pos >= _PIECE and type(data) is bytes and len(data) <= _CHUNK:
            # What `append` would do.
            self.parts.append(memoryview(data)[pos:end])
            self.size = end - pos
        else:
            self.append(data, pos, end)

    def finish(self, data: bytes | bytearray, pos: int, end: int) -> bytes | None:
        """Append, and take all that is stored if it ends in a lone EOI; if not, keep it."""
        if self.apart and end - pos >= SMALL and ends_with_lone_eoi(data, pos, end):
            self.parts.append(memoryview(data)[pos:end])
            whole = b"".join(self.parts)
            self.parts.clear()
            self.size = 0
            return whole
        self.append(data, pos, end)
        return self.take() if self.ends_with_lone_eoi() else None

    def append(self, data: bytes | bytearray, pos: int, end: int) -> None:
        """Keep `data[pos:end]` behind what is there; whole `bytes` are kept as they are."""
        count = end - pos
        if count >= SMALL and self._whole is None:
            if not self.apart:
                self.parts.append(bytes(self._small))
                self._small.clear()
                self.apart = True
            if count >= _PIECE and type(data) is bytes and len(data) <= _CHUNK:
                self.parts.append(memoryview(data)[pos:end])
            else:
                # A slice that is all of a `bytes` object is that object.
                piece = data[pos:end]
                self.parts.append(piece if type(piece) is bytes else bytes(piece))
        elif self._whole is None:
            self._small += data[pos:end]
            self.apart = not self._small
        else:
            self._whole += data[pos:end]
        self.size += count

    def keep(self, data: bytes, size: int) -> None:
        """Keep all `size` bytes of `data` behind what is there."""
        if self.apart and size >= SMALL:
            self.parts.append(data)
            self.size += size
        else:
            self.append(data, 0, size)

    def peek(self) -> bytearray:
        """All that is stored, to be searched before the next call and not kept."""
        if self._whole is None:
            self._whole = bytearray().join((*self.parts, self._small))
            self.parts.clear()
            self._small.clear()
            self.apart = False
        return self._whole

    def ends_with_lone_eoi(self) -> bool:
        """What `ends_with_lone_eoi` says of all that is stored."""
        if self.apart and self.parts:
            last = self.parts[-1]
            # No part is shorter than what is looked at.
            return ends_with_lone_eoi(bytes(last[-4:]), 0, 4)
        tail = b"".join((*self.parts[-1:], self._small)) if self._whole is None else self._whole
        return ends_with_lone_eoi(tail, 0, len(tail))

    def slice(self, pos: int, end: int) -> bytes:
        return bytes(self.peek()[pos:end])

    def truncate(self, size: int) -> None:
        if size == 0:
            self._clear()
        else:
            del self.peek()[size:]
            self.size = size

    def take(self) -> bytes:
        """All that is stored; the store is empty then."""
        if self.apart:
            data = b"".join(self.parts)
            self.parts.clear()
            self.size = 0
            return data
        whole = self._whole
        data = b"".join((*self.parts, self._small)) if whole is None else bytes(whole)
        self._clear()
        return data

    def _clear(self) -> None:
        self.parts.clear()
        self._small.clear()
        self._whole = None
        self.apart = True
        self.size = 0

    def view(self, size: int) -> memoryview | None:
        """A writable view of the next `size` bytes, or None where there is no such thing."""
        return None

    def extend(self, size: int) -> None:
        """`size` bytes were written into the view."""
        raise NotImplementedError


#: What an image is given out as; the compiled twin fills its slots without a call.
make_frame = Frame
