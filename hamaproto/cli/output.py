"""Where a command writes to: standard output, a file, a fifo or a device, by its name.

Everything that is written for the user goes through `open_output`, so that each command treats
files alike:

    -               standard output
    a fifo, device  opened once, at the start, and written to as it is
    a new file      created with the first byte, and never if there is none
    an old file     refused, unless it may be overwritten; and then left alone until there is
                    something to take its place

A name is a name: it is never read as a URL, a protocol or a pattern.  Libraries that would
do so get an open file instead.

An error of the system says which file it was.  What was written in full before a disk got
full stays; half a write is taken back, so that a file ends where one of its pieces ends.
"""

from __future__ import annotations

import contextlib
import errno
import io
import mimetypes
import os
import re
import secrets
import select
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Protocol, Self

import click

from hamaproto.cli.plain import on_terminal
from hamaproto.cli.signals import is_stopping

__all__ = [
    "STDOUT",
    "GrowingFile",
    "HasFileno",
    "Output",
    "StoppedError",
    "StreamOutput",
    "WholeFile",
    "check_ending",
    "format_of",
    "is_stream",
    "open_output",
]

STDOUT: Final = "-"

_BINARY: Final = getattr(os, "O_BINARY", 0)
#: Names by which a program finds what it was started with; opening them would open anew what
#: is open already, at its beginning.
_DESCRIPTOR: Final = re.compile(r"/dev/(?:fd/(\d+)|std(out|err))\Z|/proc/self/fd/(\d+)\Z")
#: Bytes that a pipe takes without waiting once it says that it takes some (POSIX has 512).
_PIECE: Final = getattr(select, "PIPE_BUF", 512)
#: Seconds that a reader who doesn't read is still waited for when a signal came.
_LAST_WAIT: Final = 1.0
_LOOK: Final = 0.1
#: Endings that not every Python knows.
_MORE_TYPES: Final = {
    ".avif": "image/avif",
    ".heic": "image/heic",
    ".mkv": "video/x-matroska",
    ".webp": "image/webp",
}


class HasFileno(Protocol):
    """An open file of the system."""

    def fileno(self) -> int: ...


class StoppedError(Exception):
    """A signal came while nobody took what was to be written."""


class Output(io.RawIOBase):
    """What can be written to; a context manager that keeps what came if all went well.

    `write` takes everything or raises OSError with the name of the file.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        #: As the user gave it; for messages.
        self.label = "standard output" if name == STDOUT else name
        #: Bytes that were written so far.
        self.size = 0
        #: Why nothing can be written any more: a library may keep it to itself.
        self.failure: OSError | StoppedError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        raise io.UnsupportedOperation("an output is written to by its own methods only")

    def keep(self) -> None:
        """All of it was written: it may take its place."""

    def discard(self) -> bool:
        """Nothing that was written is of use: close it, and take a file away that is new.

        Gives whether there was such a file.
        """
        self.close()
        return False

    def _check(self) -> None:
        # The number of its descriptor may be another file's by now.
        if self.closed:
            raise ValueError(f"{self.label}: the output was closed")
        if self.failure is not None:
            raise self.failure.with_traceback(None)

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """An error says which file it was, and stays."""
        try:
            with _naming(self.label):
                yield
        except (OSError, StoppedError) as error:
            self.failure = error
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if exc_type is None:
                self.keep()
        finally:
            self.close()


def open_output(
    name: str,
    *,
    overwrite: bool = False,
    whole: bool = False,
    sources: Iterable[HasFileno] = (),
) -> Output:
    """Find out what a name is, and be ready to write to it; no file is touched yet.

    `whole` is for what is written at once: it appears under its name when it is complete.
    `sources` are the files that are read from: none of them may be written to.

    Raises click.UsageError or OSError for what can't be, before anything was asked of anyone.
    """
    _check_name(name)
    if name == STDOUT:
        return _standard_output(sources)
    match = _DESCRIPTOR.match(name)
    with _naming(name):
        if match is not None:
            number = match[1] or match[3] or ("1" if match[2] == "out" else "2")
            descriptor = os.dup(int(number))
            return _on_descriptor(name, descriptor, sources, owned=True)
        try:
            found = os.stat(name)
        except FileNotFoundError:
            _check_folder(name)
            return WholeFile(name) if whole else GrowingFile(name)
        _check_sources(name, found, sources)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(found.st_mode):
            # A fifo waits here for its reader, and is never opened again.
            return StreamOutput(name, os.open(name, os.O_WRONLY | _BINARY), owned=True)
        if not overwrite:
            raise FileExistsError(errno.EEXIST, "is there already; --overwrite replaces it")
        return WholeFile(name, overwrite=True) if whole else GrowingFile(name, overwrite=True)


def is_stream(name: str) -> bool:
    """Whether a name is no file that could be kept: standard output, a fifo, a device."""
    if name == STDOUT or _DESCRIPTOR.match(name):
        return True
    try:
        mode = os.stat(name).st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def format_of(name: str, formats: Mapping[str, str], stream: str | None = None) -> str:
    """What to write, by the ending of the name; `stream` is for what is no file.

    Raises click.UsageError for an ending that is not among `formats`.
    """
    _check_name(name)
    found = formats.get(Path(name).suffix.lower())
    if found is None and stream is not None and is_stream(name):
        return stream
    if found is None:
        raise click.UsageError(f"{name}: the name must end in {' or '.join(formats)}")
    return found


def check_ending(name: str, wanted: str) -> None:
    """Refuse a name whose ending is known for something else than the MIME type `wanted`.

    An ending that says nothing is fine: scripts write to `x.new` and rename.
    Raises click.UsageError.
    """
    # Without the files of this machine: the same names are right everywhere.
    ending = Path(name).suffix.lower()
    said = _MORE_TYPES.get(ending) or mimetypes.MimeTypes(()).guess_type(f"x{ending}")[0]
    if said not in (None, wanted) and not is_stream(name):
        raise click.UsageError(f"{name}: this is {wanted}, and the name says {said}")


def _check_name(name: str) -> None:
    if not name:
        raise click.UsageError("the name of the output is empty")


def _check_sources(name: str, found: os.stat_result, sources: Iterable[HasFileno]) -> None:
    """A file that is read must not be written to, whatever other name it has."""
    for source in sources:
        try:
            other = os.fstat(source.fileno())
        except (OSError, ValueError):  # no file of the system
            continue
        if stat.S_ISREG(found.st_mode) and os.path.samestat(found, other):
            raise click.UsageError(f"{name}: the input and the output are the same file")


def _check_folder(name: str) -> None:
    """A file that is to be created later needs a folder that takes it."""
    folder = os.path.dirname(os.path.realpath(name))
    mode = os.stat(folder).st_mode
    if not stat.S_ISDIR(mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if len(os.fsencode(os.path.basename(name))) > 255:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    if os.path.basename(name) in ("", ".", ".."):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    effective = os.access in os.supports_effective_ids
    if not os.access(folder, os.W_OK | os.X_OK, effective_ids=effective):
        raise PermissionError(errno.EACCES, "the folder can't be written to")


@contextlib.contextmanager
def _naming(name: str) -> Iterator[None]:
    """An OSError that passes through says which file it was."""
    try:
        yield
    except OSError as error:
        if error.filename == name or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror or str(error), name) from None


# -- what is no file -------------------------------------------------------------------


def _standard_output(sources: Iterable[HasFileno]) -> Output:
    if sys.stdout is None:  # closed by who started us
        return StreamOutput(STDOUT, os.open(os.devnull, os.O_WRONLY | _BINARY), owned=True)
    if on_terminal():
        raise click.UsageError("this is no text: give a file with -o FILE, or use a pipe")
    sys.stdout.flush()
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):  # something of a program that runs commands inside itself
        return _Wrapped(sys.stdout.buffer)
    return _on_descriptor(STDOUT, descriptor, sources, owned=False)


def _on_descriptor(
    name: str, descriptor: int, sources: Iterable[HasFileno], *, owned: bool
) -> Output:
    _check_sources(name, os.fstat(descriptor), sources)
    return StreamOutput(name, descriptor, owned=owned)


class StreamOutput(Output):
    """Standard output, a fifo, a device: written to in order, from where it stands.

    While nobody reads, `write` waits; a signal to stop ends that wait with StoppedError.
    """

    def __init__(self, name: str, descriptor: int, *, owned: bool) -> None:
        super().__init__(name)
        self._descriptor = descriptor
        self._owned = owned
        self._waits = hasattr(select, "poll") and not stat.S_ISREG(os.fstat(descriptor).st_mode)

    def write(self, data: Any) -> int:
        self._check()
        with memoryview(data) as given, given.cast("B") as left, self._telling():
            count = done = len(left)
            while done:
                done -= self._write_some(left[count - done :])
            self.size += count
        return count

    def _write_some(self, data: memoryview) -> int:
        if not self._waits:
            return os.write(self._descriptor, data)
        self._wait()
        try:
            return os.write(self._descriptor, data[:_PIECE])
        except BlockingIOError:  # another one who writes was faster
            return 0

    def _wait(self) -> None:
        """Until the other side takes something."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        end = None
        while not poll.poll(_LOOK * 1000):
            if is_stopping():
                now = time.monotonic()
                end = now + _LAST_WAIT if end is None else end
                if now > end:
                    raise StoppedError

    def close(self) -> None:
        if not self.closed and self._owned:
            os.close(self._descriptor)
        super().close()


class _Wrapped(Output):
    """A binary file that Python made."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(STDOUT)
        self._file = file

    def write(self, data: Any) -> int:
        count = memoryview(data).nbytes
        self._file.write(data)
        self.size += count
        return count

    def keep(self) -> None:
        self._file.flush()


# -- files -----------------------------------------------------------------------------


class _File(Output):
    """What files that grow and files that appear have in common: a descriptor, from the first
    byte on."""

    def __init__(self, name: str, *, overwrite: bool) -> None:
        super().__init__(name)
        #: Where the file itself is: a link to it stays what it is.
        self.path = os.path.realpath(name)
        self._overwrite = overwrite
        self._descriptor = -1

    def _open(self) -> int:
        raise NotImplementedError

    def _opened(self) -> int:
        if self._descriptor < 0:
            self._descriptor = self._open()
        return self._descriptor

    @property
    def exists(self) -> bool:
        """Whether something was written, so that there is a file."""
        return self._descriptor >= 0

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if self._descriptor < 0:
            return 0
        with _naming(self.label):
            return os.lseek(self._descriptor, offset, whence)

    def tell(self) -> int:
        return self.seek(0, os.SEEK_CUR)

    def write(self, data: Any) -> int:
        self._check()
        with memoryview(data) as given, given.cast("B") as left, self._telling():
            count = done = len(left)
            descriptor = self._opened()
            start = os.lseek(descriptor, 0, os.SEEK_CUR)
            try:
                while done:
                    done -= os.write(descriptor, left[count - done :])
            except OSError:
                self._take_back(start)
                raise
        self.size = max(self.size, start + count)
        return count

    def _take_back(self, start: int) -> None:
        """Half a write at the end of a file is nothing that anybody could read."""
        if start >= self.size:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, start)

    def sync(self) -> None:
        """See to it that what was written survives a loss of power."""
        if self._descriptor >= 0 and self.failure is None:
            with _naming(self.label):
                os.fsync(self._descriptor)

    def close(self) -> None:
        if not self.closed and self._descriptor >= 0:
            os.close(self._descriptor)
        super().close()


def _take(descriptor: int) -> None:
    """Have a file for this process alone, as long as it is open: of two that write to one file
    at once nothing is left.  Raises BlockingIOError if another one has it."""
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BlockingIOError(error.errno, "another program writes to it") from None
    except OSError:  # a file system without locks
        pass


class GrowingFile(_File):
    """A file that can be read while it grows: created, or emptied, with its first byte.

    Without `overwrite` it is created or not at all: nobody else's file of that name is touched,
    however late it came.
    """

    def __init__(self, name: str, *, overwrite: bool = False) -> None:
        super().__init__(name, overwrite=overwrite)

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | _BINARY | (0 if self._overwrite else os.O_EXCL)
        try:
            descriptor = os.open(self.path, flags, 0o666)
        except FileExistsError:
            raise FileExistsError(errno.EEXIST, "appeared meanwhile, and is left alone") from None
        try:
            _take(descriptor)
            if self._overwrite:
                os.ftruncate(descriptor, 0)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def keep(self) -> None:
        self.sync()

    def discard(self) -> bool:
        gone = False
        if not self.closed and self._descriptor >= 0 and not self._overwrite:
            with contextlib.suppress(OSError):
                if os.path.samestat(os.fstat(self._descriptor), os.lstat(self.path)):
                    os.unlink(self.path)
                    gone = True
        super().close()
        return gone

    def close(self) -> None:
        if not self.closed and self._descriptor >= 0 and not self.size:
            self.discard()  # the disk was full from the start
        else:
            super().close()


class WholeFile(_File):
    """A file that appears under its name when it is whole.

    Until then it is a file beside it; `close` without `keep` takes that one away.
    """

    def __init__(self, name: str, *, overwrite: bool = False) -> None:
        super().__init__(name, overwrite=overwrite)
        self._beside: str | None = None

    def _open(self) -> int:
        beside = os.path.join(os.path.dirname(self.path), f".hamaproto-{secrets.token_hex(8)}")
        try:
            descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
        except OSError as error:
            if not self._may_be_filled(error):
                raise
            descriptor, self._beside = tempfile.mkstemp(prefix="hamaproto-")
            return descriptor
        self._beside = beside
        self._look_like_the_old_one(descriptor)
        return descriptor

    def _may_be_filled(self, error: OSError) -> bool:
        """A folder may take no new file, and have an old one that may be written to."""
        return (
            self._overwrite
            and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
            and os.access(self.path, os.W_OK)
        )

    def _look_like_the_old_one(self, descriptor: int) -> None:
        if not self._overwrite or not hasattr(os, "fchmod"):
            return
        with contextlib.suppress(OSError):
            old = os.stat(self.path)
            os.fchmod(descriptor, stat.S_IMODE(old.st_mode))
            os.fchown(descriptor, old.st_uid, old.st_gid)

    def keep(self) -> None:
        with _naming(self.label):
            descriptor = self._opened()
            self.sync()
            # Windows moves no file that is open.
            self._descriptor = -1
            os.close(descriptor)
            if self._overwrite:
                self._replace()
            else:
                self._appear()

    def _appear(self) -> None:
        """Take a name that nobody has."""
        assert self._beside is not None
        try:
            os.link(self._beside, self.path)
        except FileExistsError:
            raise FileExistsError(errno.EEXIST, "appeared meanwhile, and is left alone") from None
        except OSError:  # a file system without links
            if os.path.lexists(self.path):
                raise FileExistsError(
                    errno.EEXIST, "appeared meanwhile, and is left alone"
                ) from None
            os.rename(self._beside, self.path)
            self._beside = None

    def _replace(self) -> None:
        assert self._beside is not None
        try:
            os.replace(self._beside, self.path)
        except OSError as error:
            # A file that is mounted by itself, or one beside which there was no place.
            if error.errno not in (errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM):
                raise
            shutil.copyfile(self._beside, self.path)
        else:
            self._beside = None

    def close(self) -> None:
        if not self.closed and self._beside is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._beside)
        super().close()
