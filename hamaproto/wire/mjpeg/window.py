"""The bytes at hand, what is queued behind them, and where they stand in the stream."""

from __future__ import annotations

from collections import deque

__all__ = ["Window"]

#: How much of the next chunk is joined to bytes that are held.  Small, so that a held
#: tail does not cause a large chunk to be copied; as much as is held, up to the second.
_PIECE = 4096
_MOST_PIECE = 65536


class Window:
    """What a reader sees of a stream: `data[pos:end]`, with the rest queued behind it.

    The reader moves `pos`, which passes the bytes before it on; the others are the window's.
    `base` is the offset in the stream of `data[0]`, `fed` how many bytes came in all, and `eof`
    says that no more will.
    """

    __slots__ = ("_piece", "_queue", "_starved", "base", "data", "end", "eof", "fed", "pos")

    def __init__(self) -> None:
        self._queue: deque[tuple[bytes | bytearray, int]] = deque()
        # How many bytes at the end of `data` are a copy of the first queued chunk's.
        self._piece = 0
        # What is held has been looked at and needs more behind it.
        self._starved = False
        self.data: bytes | bytearray = b""
        self.pos = 0
        self.end = 0
        self.base = 0
        self.fed = 0
        self.eof = False

    def feed(self, data: bytes, passed: int = 0) -> None:
        """Take a chunk, which is not empty, behind `passed` bytes that went elsewhere.

        That is, which came and went while nothing was held.
        """
        size = len(data)
        self.fed += passed + size
        if self.pos == self.end and not self._queue:
            # Nothing is held: the chunk is what is read next.
            self.base += passed + self.pos
            self.data = data
            self.pos = 0
            self._piece = 0
            self.end = size
            self._starved = False
        elif not self._starved:
            self._queue.append((data, 0))
        else:
            # What is held has been looked at to no avail: it needs not be looked at as it is.
            self._starved = False
            if type(self.data) is bytearray and size <= _PIECE and 2 * self.pos <= self.end:
                # What `more` would do, without the queue.
                self.data += data
                self.end += size
            else:
                self._queue.append((data, 0))
                self.more()

    def close(self) -> None:
        """Say that nothing follows."""
        self.eof = True
        self._starved = False

    def more(self) -> bool:
        """Get more bytes behind `data[pos:]`, which is held; False if there are none yet."""
        if not self._queue:
            self._starved = True
            self.let_go()
            return False
        chunk, start = self._queue.popleft()
        held = self.end - self.pos
        if held <= self._piece:
            # What is held is a copy of what stands in the chunk: go on in the chunk itself.
            start -= held
            held = 0
        self._piece = 0
        if held == 0:
            self.base += self.pos - start
            self.data = chunk
            self.pos = start
            self.end = len(chunk)
            return True
        stop = len(chunk)
        most = max(_PIECE, min(held, _MOST_PIECE))
        if stop - start > most:
            stop = start + most
            self._piece = most
            self._queue.appendleft((chunk, stop))
        if type(self.data) is bytearray:
            if self.pos > held:
                del self.data[: self.pos]
                self.base += self.pos
                self.pos = 0
        else:
            self.data = bytearray(self.data[self.pos :])
            self.base += self.pos
            self.pos = 0
        self.data += chunk[start:stop]
        self.end = len(self.data)
        return True

    def put_back(self, data: bytes) -> None:
        """Read again what was passed on last: `data` is what stands before `pos`."""
        self._queue.appendleft((self.data, self.pos))
        # What comes next belongs behind that, not to what is at hand.
        self._starved = False
        self._piece = 0
        self.base += self.pos - len(data)
        self.data = data
        self.pos = 0
        self.end = len(data)

    def pass_by(self, size: int) -> None:
        """Count bytes that came and went elsewhere, while nothing was held."""
        self.base += size
        self.fed += size

    def final(self) -> bool:
        """Whether nothing comes behind `data`."""
        return self.eof and not self._queue

    def let_go(self) -> bool:
        """Let go of what was read, where it is all that came and more can come."""
        if self.eof or self._queue or self.pos != self.end:
            return False
        # Its memory is for the next chunk, of whichever stream.
        self.base += self.pos
        self.data = b""
        self.pos = 0
        self.end = 0
        return True
