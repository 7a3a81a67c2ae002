# cython: boundscheck=False, wraparound=False
"""The scans and the store in C; kernels.py is the same in Python and says what each is for.

`data` is `bytes` or `bytearray` and nothing else: `MjpegParser` sees to that at its entry.
"""

from cpython.buffer cimport PyBuffer_FillInfo
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_Check
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_Check, PyBytes_FromStringAndSize
from cpython.ref cimport Py_INCREF, Py_REFCNT, Py_XDECREF, PyObject
from libc.string cimport memchr, memcmp, memcpy

cdef extern from "kernel_scan.h":
    Py_ssize_t hama_scan_marker(
        const unsigned char *data, Py_ssize_t pos, Py_ssize_t end) nogil
    Py_ssize_t hama_skip_line_ends(
        const unsigned char *data, Py_ssize_t pos, Py_ssize_t end) nogil
    Py_ssize_t hama_search_junk(
        const unsigned char *data, Py_ssize_t pos, Py_ssize_t end, const hama_names *names) nogil

cdef extern from "Python.h":
    int _PyBytes_Resize(PyObject **string, Py_ssize_t size) except -1


cdef const unsigned char *bytes_of(object data) except NULL:
    if PyBytes_Check(data):
        return <const unsigned char *>PyBytes_AS_STRING(data)
    if PyByteArray_Check(data):
        return <const unsigned char *>PyByteArray_AS_STRING(data)
    raise TypeError(f"bytes or bytearray, not {type(data).__name__}")


cdef Py_ssize_t scan_marker(object data, Py_ssize_t pos, Py_ssize_t end) except -2:
    return hama_scan_marker(bytes_of(data), pos, end)


cdef Py_ssize_t skip_fill(object data, Py_ssize_t pos, Py_ssize_t end) except -2:
    cdef const unsigned char *view = bytes_of(data)
    while pos + 1 < end and view[pos + 1] == 0xFF:
        pos += 1
    return pos


cdef Py_ssize_t skip_line_ends(object data, Py_ssize_t pos, Py_ssize_t end) except -2:
    return hama_skip_line_ends(bytes_of(data), pos, end)


cdef class JunkPatterns:
    """The known names as the search in C takes them; see kernels.py."""

    def __cinit__(self, tuple names):
        cdef bytes line
        # Kept, because the structure points into them.
        self._lines = tuple([line for line, _ in names[:HAMA_MAX_NAMES]])
        self._names.count = 0
        for line, bare in names[:HAMA_MAX_NAMES]:
            self._names.line[self._names.count] = <const unsigned char *>PyBytes_AS_STRING(line)
            self._names.size[self._names.count] = len(line)
            self._names.bare[self._names.count] = bare
            self._names.count += 1


cdef Py_ssize_t search_junk(
    JunkPatterns patterns, object data, Py_ssize_t pos, Py_ssize_t end
) except -2:
    return hama_search_junk(bytes_of(data), pos, end, &patterns._names)


cdef bytes cut_out(object data, Py_ssize_t pos, Py_ssize_t end):
    if end > len(data):
        end = len(data)
    if pos >= end:
        return b""
    return PyBytes_FromStringAndSize(<const char *>bytes_of(data) + pos, end - pos)


cdef bint ends_with_lone_eoi(object data, Py_ssize_t pos, Py_ssize_t end) except -1:
    cdef const unsigned char *tail
    if end - pos < 4:
        return False
    tail = bytes_of(data) + end - 4
    return tail[2] == 0xFF and tail[3] == 0xD9 and not (tail[0] == 0xFF and tail[1] == 0xD9)


cdef class _Window:
    """A writable view of bytes that nobody has seen yet; it keeps them alive."""

    cdef bytes _owner
    cdef Py_ssize_t _start
    cdef Py_ssize_t _size

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        PyBuffer_FillInfo(
            buffer, self, PyBytes_AS_STRING(self._owner) + self._start, self._size, 0, flags
        )


cdef class Store:
    """The bytes of one image, written into the `bytes` object that is given out in the end."""

    def __cinit__(self):
        self._buffer = b""
        self.size = 0
        self._room = 0
        self._last = 0

    cdef int _make_room(self, Py_ssize_t room) except -1:
        cdef bytes larger = PyBytes_FromStringAndSize(NULL, room)
        if self.size:
            memcpy(PyBytes_AS_STRING(larger), PyBytes_AS_STRING(self._buffer), self.size)
        self._buffer = larger
        self._room = room
        return 0

    cpdef reserve(self, Py_ssize_t size):
        if size > self._room:
            self._make_room(size)

    cpdef append(self, object data, Py_ssize_t pos, Py_ssize_t end):
        cdef Py_ssize_t count = end - pos
        if count <= 0:
            return
        if self.size + count > self._room:
            if self._room == 0:
                # Images of one stream are alike: room for one like the last, and a bit.
                self._make_room(max(count, self._last + (self._last >> 3), 1024))
            else:
                self._make_room(max(self.size + count, self._room + (self._room >> 1)))
        memcpy(PyBytes_AS_STRING(self._buffer) + self.size, bytes_of(data) + pos, count)
        self.size += count

    cpdef bint ends_with_lone_eoi(self):
        return ends_with_lone_eoi(self._buffer, 0, self.size)

    cpdef object peek(self):
        return memoryview(self._buffer)[: self.size]

    cpdef bytes slice(self, Py_ssize_t pos, Py_ssize_t end):
        if end > self.size:
            end = self.size
        if pos >= end:
            return b""
        return PyBytes_FromStringAndSize(PyBytes_AS_STRING(self._buffer) + pos, end - pos)

    cpdef truncate(self, Py_ssize_t size):
        if size == 0:
            self._buffer = b""
            self._room = 0
        self.size = size

    cpdef bytes take(self):
        cdef bytes data = self._buffer
        cdef PyObject *raw
        cdef Py_ssize_t size = self.size
        self._buffer = b""
        self._room = 0
        self.size = 0
        if size:
            self._last = size
        if size == len(data):
            return data
        if Py_REFCNT(data) > 1:
            # A view of it is still held, so it can't be moved.
            return data[:size]
        # Give back what was too much.  The object is ours alone, which is what the call wants.
        Py_INCREF(data)
        raw = <PyObject *>data
        data = None
        _PyBytes_Resize(&raw, size)
        data = <bytes>raw
        Py_XDECREF(raw)
        return data

    cpdef object view(self, Py_ssize_t size):
        cdef _Window window
        if self.size + size > self._room:
            self._make_room(self.size + size)
        window = _Window.__new__(_Window)
        window._owner = self._buffer
        window._start = self.size
        window._size = size
        return memoryview(window)

    cpdef extend(self, Py_ssize_t size):
        if size < 0 or size > self._room - self.size:
            raise ValueError(f"extend({size}): room for {self._room - self.size} bytes")
        self.size += size


cdef class HeadMatcher:
    """A delimiter; see kernels.py."""

    def __cinit__(self, bytes delimiter):
        self.delimiter = delimiter


cdef inline bint _same(const unsigned char *data, const char *lower, Py_ssize_t size) noexcept nogil:
    """Whether `data` is `lower` but for the case of its letters."""
    cdef Py_ssize_t i
    cdef unsigned char c
    for i in range(size):
        c = data[i]
        if 0x41 <= c <= 0x5A:
            c |= 0x20
        if c != <unsigned char>lower[i]:
            return False
    return True


cdef bint clean_head(
    HeadMatcher matcher, object data, Py_ssize_t pos, Py_ssize_t end, Py_ssize_t most_lines
) except -1:
    cdef const unsigned char *view = bytes_of(data)
    cdef Py_ssize_t size = len(matcher.delimiter)
    cdef Py_ssize_t start, line, colon, at, stop, value
    cdef Py_ssize_t lines = 0
    cdef Py_ssize_t length = -1
    cdef bint has_type = False
    cdef const unsigned char *found
    if pos + 2 <= end and view[pos] == 0x0D and view[pos + 1] == 0x0A:
        pos += 2
    if pos + size + 2 > end or memcmp(view + pos, PyBytes_AS_STRING(matcher.delimiter), size):
        return False
    pos += size
    if view[pos] != 0x0D or view[pos + 1] != 0x0A:
        return False
    start = line = pos + 2
    while True:
        if line + 5 <= end and view[line] == 0x0D:
            if (
                lines
                and has_type
                and view[line + 1] == 0x0A
                and view[line + 2] == 0xFF
                and view[line + 3] == 0xD8
                and view[line + 4] == 0xFF
            ):
                matcher.start = start
                matcher.stop = line
                matcher.length = length
                return True
            return False
        lines += 1
        if lines > most_lines or line >= end:
            return False
        at = line
        while at < end and 0x21 <= view[at] <= 0x7E and view[at] != 0x3A:
            at += 1
        if at == line or at >= end or view[at] != 0x3A or view[line] == 0x2D:
            return False
        colon = at
        at += 1
        while at < end and (0x20 <= view[at] <= 0x7E or view[at] == 0x09):
            at += 1
        if at + 2 > end or view[at] != 0x0D or view[at + 1] != 0x0A:
            return False
        stop = at
        if colon - line >= 8 and _same(view + line, b"content-", 8):
            value = colon + 1
            while value < stop and (view[value] == 0x20 or view[value] == 0x09):
                value += 1
            while stop > value and (view[stop - 1] == 0x20 or view[stop - 1] == 0x09):
                stop -= 1
            if colon - line == 12 and _same(view + line, b"content-type", 12):
                if has_type:
                    return False
                if stop - value == 10 and _same(view + value, b"image/jpeg", 10):
                    has_type = True
                elif stop - value == 9 and _same(view + value, b"image/jpg", 9):
                    has_type = True
                else:
                    return False
            elif colon - line == 14 and _same(view + line, b"content-length", 14):
                if length >= 0 or not 1 <= stop - value <= 9:
                    return False
                length = 0
                while value < stop:
                    if not 0x30 <= view[value] <= 0x39:
                        return False
                    length = length * 10 + (view[value] - 0x30)
                    value += 1
            else:
                return False
        line = at + 2
