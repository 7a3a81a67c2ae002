# cython: boundscheck=False, wraparound=False
"""The scans and the store in C; kernels.py is the same in Python and says what each is for.

`data` is `bytes` or `bytearray` and nothing else, and the places are within it: `MjpegParser`
sees to that at its entry.  Nothing that takes a place can be called from Python.
"""

from cpython.buffer cimport PyBuffer_FillInfo
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_Check
from cpython.bytes cimport (
    PyBytes_AS_STRING, PyBytes_Check, PyBytes_FromStringAndSize, PyBytes_GET_SIZE,
)
from cpython.object cimport PyTypeObject
from cpython.ref cimport Py_INCREF, Py_REFCNT, Py_XDECREF, PyObject
from libc.string cimport memcmp, memcpy

from hamaproto.events import Frame

cdef extern from "kernel_scan.h":
    Py_ssize_t hama_scan_marker(
        const unsigned char *data, Py_ssize_t pos, Py_ssize_t end) nogil
    Py_ssize_t hama_skip_line_ends(
        const unsigned char *data, Py_ssize_t pos, Py_ssize_t end) nogil
    Py_ssize_t hama_find_soi(
        const unsigned char *data, Py_ssize_t pos, Py_ssize_t end) nogil
    void hama_prefetch(const unsigned char *data, Py_ssize_t size) nogil
    int HAMA_NO, HAMA_YES, HAMA_CUT
    int hama_may_begin(
        const unsigned char *data, Py_ssize_t at, Py_ssize_t end, int line_start,
        const hama_names *names) nogil
    int hama_starts_line(const unsigned char *data, Py_ssize_t start, Py_ssize_t pos) nogil
    Py_ssize_t hama_search_junk(
        const unsigned char *data, Py_ssize_t start, Py_ssize_t pos, Py_ssize_t end,
        const hama_names *names) nogil

cdef extern from "Python.h":
    int _PyBytes_Resize(PyObject **string, Py_ssize_t size) except -1
    object PyType_GenericAlloc(PyTypeObject *type, Py_ssize_t items)

cdef extern from *:
    """
    #include <structmember.h>

    static int hama_is_slot(PyObject *member)
    {
        return Py_IS_TYPE(member, &PyMemberDescr_Type)
            && ((PyMemberDescrObject *)member)->d_member->type == T_OBJECT_EX;
    }

    static Py_ssize_t hama_slot_offset(PyObject *member)
    {
        return ((PyMemberDescrObject *)member)->d_member->offset;
    }
    """
    bint hama_is_slot(object member)
    Py_ssize_t hama_slot_offset(object member)


cdef const unsigned char *bytes_of(object data) except NULL:
    if PyBytes_Check(data):
        return <const unsigned char *>PyBytes_AS_STRING(data)
    if PyByteArray_Check(data):
        return <const unsigned char *>PyByteArray_AS_STRING(data)
    raise TypeError(f"bytes or bytearray, not {type(data).__name__}")


cdef Py_ssize_t scan_marker(object data, Py_ssize_t pos, Py_ssize_t end) except -2:
    return hama_scan_marker(bytes_of(data), pos, end)


cdef Py_ssize_t find_soi(object data, Py_ssize_t pos, Py_ssize_t end) except -2:
    return hama_find_soi(bytes_of(data), pos, end)


cdef Py_ssize_t skip_fill(object data, Py_ssize_t pos, Py_ssize_t end) except -2:
    cdef const unsigned char *view = bytes_of(data)
    while pos + 1 < end and view[pos + 1] == 0xFF:
        pos += 1
    return pos


cdef Py_ssize_t skip_line_ends(object data, Py_ssize_t pos, Py_ssize_t end) except -2:
    return hama_skip_line_ends(bytes_of(data), pos, end)


NO = HAMA_NO
YES = HAMA_YES
CUT = HAMA_CUT


cdef class Names:
    """The known names as the searches in C take them; see kernels.py."""

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


cdef int may_begin(
    Names names, object data, Py_ssize_t pos, Py_ssize_t end, bint line_start
) except -1:
    return hama_may_begin(bytes_of(data), pos, end, line_start, &names._names)


cdef bint starts_line(object data, Py_ssize_t start, Py_ssize_t pos) except -1:
    return hama_starts_line(bytes_of(data), start, pos)


cdef Py_ssize_t search_junk(
    Names names, object data, Py_ssize_t start, Py_ssize_t pos, Py_ssize_t end
) except -2:
    return hama_search_junk(bytes_of(data), start, pos, end, &names._names)


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
    """A writable view of bytes that nobody has seen yet; it keeps them alive.

    Once it is closed nobody gets another view of them, and `_views` says whether one is left.
    """

    cdef bytes _owner
    cdef Py_ssize_t _start
    cdef Py_ssize_t _size
    cdef Py_ssize_t _views
    cdef bint _closed

    def __getbuffer__(self, Py_buffer *buffer, int flags):
        if self._closed or self._owner is None:
            raise BufferError("what get_buffer() lent was taken back: ask for it again")
        PyBuffer_FillInfo(
            buffer, self, PyBytes_AS_STRING(self._owner) + self._start, self._size, 0, flags
        )
        self._views += 1

    def __releasebuffer__(self, Py_buffer *buffer):
        self._views -= 1


cdef class Store:
    """The bytes of one image, written into the `bytes` object that is given out in the end."""

    def __cinit__(self):
        self._buffer = b""
        self.size = 0
        self._room = 0
        self._last = 0
        self._windows = []

    cdef int _make_room(self, Py_ssize_t room) except -1:
        cdef PyObject *raw
        cdef bytes larger
        if self._room and Py_REFCNT(self._buffer) == 1:
            # Grown where it is, so that a large one is moved by its pages, not by its bytes.
            Py_INCREF(self._buffer)
            raw = <PyObject *>self._buffer
            self._buffer = None
            try:
                _PyBytes_Resize(&raw, room)
            except MemoryError:
                # It is gone.  Whoever goes on with the parser must find no hole here.
                self._buffer = b""
                self._room = self.size = 0
                raise
            self._buffer = <bytes>raw
            Py_XDECREF(raw)
            self._room = room
            return 0
        larger = PyBytes_FromStringAndSize(NULL, room)
        if self.size:
            memcpy(PyBytes_AS_STRING(larger), PyBytes_AS_STRING(self._buffer), self.size)
        self._buffer = larger
        self._room = room
        return 0

    cdef object start(self, Py_ssize_t size, object data, Py_ssize_t pos, Py_ssize_t end):
        if size > self._room:
            self._make_room(size)
        self.append(data, pos, end)

    cdef object append(self, object data, Py_ssize_t pos, Py_ssize_t end):
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

    cdef int keep(self, bytes data, Py_ssize_t size) except -1:
        if self.size + size > self._room:
            self.append(data, 0, size)
            return 0
        if size <= 4096:
            # A chunk this small is over before the processor has begun to read ahead.
            hama_prefetch(<const unsigned char *>PyBytes_AS_STRING(data), size)
        memcpy(PyBytes_AS_STRING(self._buffer) + self.size, PyBytes_AS_STRING(data), size)
        self.size += size
        return 0

    cdef bytes finish(self, object data, Py_ssize_t pos, Py_ssize_t end):
        self.append(data, pos, end)
        if ends_with_lone_eoi(self._buffer, 0, self.size):
            return self.take()
        return None

    cdef object peek(self):
        return memoryview(self._buffer)[: self.size]

    cdef bytes slice(self, Py_ssize_t pos, Py_ssize_t end):
        if end > self.size:
            end = self.size
        if pos >= end:
            return b""
        return PyBytes_FromStringAndSize(PyBytes_AS_STRING(self._buffer) + pos, end - pos)

    cdef object truncate(self, Py_ssize_t size):
        if size == 0:
            self._buffer = b""
            self._room = 0
            self._windows = []
        self.size = size

    cdef bytes take(self):
        cdef bytes data = self._buffer
        cdef PyObject *raw
        cdef Py_ssize_t size = self.size
        self._buffer = b""
        self._room = 0
        self.size = 0
        if size:
            self._last = size
        if self._windows:
            self._close_windows()
            if self._windows:
                # Somebody can still write into it: what is given out never changes.
                self._windows = []
                return PyBytes_FromStringAndSize(PyBytes_AS_STRING(data), size)
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

    cdef object view(self, Py_ssize_t size):
        cdef _Window window
        if self.size + size > self._room:
            self._make_room(self.size + size)
        window = _Window.__new__(_Window)
        window._owner = self._buffer
        window._start = self.size
        window._size = size
        view = memoryview(window)
        self._close_windows()
        self._windows.append(window)
        return view

    cdef int _close_windows(self) except -1:
        """Lend what was lent no further, and remember only what is still seen."""
        cdef _Window window
        cdef list windows = self._windows
        self._windows = []
        for window in windows:
            window._closed = True
            if window._views:
                self._windows.append(window)
        return 0

    cdef object extend(self, Py_ssize_t size):
        if size < 0 or size > self._room - self.size:
            raise ValueError(f"extend({size}): room for {self._room - self.size} bytes")
        self.size += size


# The offset of each slot of Frame, in the order of its fields; or -1 in the first if what
# CPython has there is not what is expected, so that the class must be called.
cdef Py_ssize_t[6] _slots


cdef int _find_slots() except -1:
    cdef int i
    cdef object member
    for i, name in enumerate(("data", "end", "complete", "offset", "raw_headers", "received")):
        member = Frame.__dict__[name]
        if not hama_is_slot(member):
            _slots[0] = -1
            return 0
        _slots[i] = hama_slot_offset(member)
    return 0


_find_slots()


cdef inline void _fill(object frame, int slot, object value) noexcept:
    Py_INCREF(value)
    (<PyObject **>(<char *><void *>frame + _slots[slot]))[0] = <PyObject *>value


cdef object make_frame(
    bytes data, object end, bint complete, Py_ssize_t offset, bytes raw_headers
):
    cdef object frame
    if _slots[0] < 0:
        return Frame(data, end, complete, offset, raw_headers)
    # A new one's slots are empty: there is nothing to let go of.
    frame = PyType_GenericAlloc(<PyTypeObject *>Frame, 0)
    _fill(frame, 0, data)
    _fill(frame, 1, end)
    _fill(frame, 2, complete)
    _fill(frame, 3, offset)
    _fill(frame, 4, raw_headers)
    _fill(frame, 5, None)
    return frame


cdef class HeadMatcher:
    """A delimiter, and the last head behind it; see kernels.py."""

    def __cinit__(self, bytes delimiter):
        self.delimiter = delimiter
        self._prefix = self._suffix = b""


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


cdef inline bint clean_again(
    HeadMatcher matcher, const unsigned char *view, Py_ssize_t pos, Py_ssize_t end
) noexcept:
    """Whether this is the last head but for the digits of its length."""
    cdef Py_ssize_t before = PyBytes_GET_SIZE(matcher._prefix)
    cdef Py_ssize_t behind = PyBytes_GET_SIZE(matcher._suffix)
    cdef Py_ssize_t length = 0
    cdef Py_ssize_t at = pos + before
    cdef Py_ssize_t most = at + 9
    if not behind or at + behind >= end or memcmp(
        view + pos, PyBytes_AS_STRING(matcher._prefix), before
    ):
        return False
    if most > end:
        most = end
    while at < most and 0x30 <= view[at] <= 0x39:
        length = length * 10 + (view[at] - 0x30)
        at += 1
    if at == pos + before or at + behind > end or memcmp(
        view + at, PyBytes_AS_STRING(matcher._suffix), behind
    ):
        return False
    matcher.start = pos + matcher._head
    matcher.stop = at + behind - 5
    matcher.length = length
    return True


cdef bint clean_head(
    HeadMatcher matcher, object data, Py_ssize_t pos, Py_ssize_t end, Py_ssize_t most_lines
) except -1:
    cdef const unsigned char *view = bytes_of(data)
    cdef Py_ssize_t size = len(matcher.delimiter)
    cdef Py_ssize_t first, start, line, colon, at, stop, value
    cdef Py_ssize_t digits = 0
    cdef Py_ssize_t behind = 0
    cdef Py_ssize_t lines = 0
    cdef Py_ssize_t length = -1
    cdef bint has_type = False
    if clean_again(matcher, view, pos, end):
        return True
    first = pos
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
                matcher._suffix = b""
                if digits:
                    matcher._prefix = PyBytes_FromStringAndSize(
                        <const char *>view + first, digits - first
                    )
                    matcher._suffix = PyBytes_FromStringAndSize(
                        <const char *>view + behind, line + 5 - behind
                    )
                    matcher._head = start - first
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
                digits = value
                behind = stop
                while value < stop:
                    if not 0x30 <= view[value] <= 0x39:
                        return False
                    length = length * 10 + (view[value] - 0x30)
                    value += 1
            else:
                return False
        line = at + 2
