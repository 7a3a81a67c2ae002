"""The places that `get_buffer` lends, and what was written there."""

from __future__ import annotations

from contextlib import suppress

from hamaproto.errors import LocalProtocolError
from hamaproto.wire.mjpeg.store import Store
from hamaproto.wire.mjpeg.window import Window

__all__ = ["Loan"]

#: How much is lent where the place of the bytes is not known yet.
_SCRATCH = 65536
#: Below this many missing bytes of an image a read into its own place is not worth a call.
_DIRECT = 4096


class Loan:
    """One place at a time, lent to be written to: `lend` it, then say by `accept` what came.

    The place is the image itself where its bytes are known to belong there, and a scratch buffer
    of the loan's own elsewhere.
    """

    __slots__ = ("_at", "_lent", "_scratch", "_store", "_window")

    def __init__(self, window: Window, store: Store) -> None:
        self._window = window
        self._store = store
        self._lent: memoryview | None = None
        # The offset at which the image's own place was lent, or -1.
        self._at = -1
        # Made when it is first asked for: most programs never do.
        self._scratch: bytearray | None = None

    def lend(self, missing: int) -> memoryview:
        """A place for the next bytes, of which the first `missing` belong to the image."""
        self.end()
        self._at = -1
        if missing > _DIRECT:
            # Only the compiled store has a place for bytes that are still to come.
            self._lent = self._store.view(missing)
            if self._lent is not None:
                self._at = self._window.fed
                return self._lent
        if self._scratch is None:
            self._scratch = bytearray(_SCRATCH)
        self._lent = memoryview(self._scratch)
        return self._lent

    def accept(self, nbytes: int, missing: int) -> int:
        """Take the first `nbytes` bytes of what was lent: how many of them the image has now.

        The rest was fed to the window.  `missing` is as for `lend`.  Raises `LocalProtocolError`
        for more than was lent.
        """
        window = self._window
        # What was fed since would stand before the bytes that were written to the image.
        direct = self._at == window.fed
        scratch = self._scratch
        room = missing if direct else (0 if scratch is None else len(scratch))
        if not 0 <= nbytes <= room:
            raise LocalProtocolError(
                f"buffer_updated({nbytes}): get_buffer gave room for {room} bytes"
            )
        self.end()
        if direct:
            self._store.extend(nbytes)
        elif scratch is None or not nbytes:
            return 0
        elif nbytes < missing:
            self._store.append(scratch, 0, nbytes)
        else:
            with memoryview(scratch) as view:
                data = bytes(view[:nbytes])
            window.feed(data)
            return 0
        window.pass_by(nbytes)
        return nbytes

    def end(self) -> None:
        """Take the place back: the view of it is released."""
        lent = self._lent
        self._lent = None
        if lent is not None:
            # Whoever calls may have a buffer of it, as uvloop does until the call is over.
            with suppress(BufferError):
                lent.release()
