# cython: boundscheck=False, wraparound=False
"""The store of an image's bytes in C; store.py is the same in Python and says what each is for."""

from cpython.buffer cimport PyBuffer_FillInfo
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyTypeObject
from cpython.ref cimport Py_INCREF, Py_REFCNT, Py_XDECREF, PyObject
from libc.string cimport memcpy

from hamaproto.wire.mjpeg.scans cimport within

from hamaproto.events import Frame

cdef extern from "kernel_scan.h":
    void hama_prefetch(const unsigned char *data, Py_ssize_t size) nogil

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


#: Of no use here: pieces of any size are copied.
SMALL = 512


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


cpdef bytes cut_out(object data, Py_ssize_t pos, Py_ssize_t end):
    if end > len(data):
        end = len(data)
    if pos >= end:
        return b""
    return PyBytes_FromStringAndSize(<const char *>within(data, pos, end) + pos, end - pos)


cpdef bint ends_with_lone_eoi(object data, Py_ssize_t pos, Py_ssize_t end) except -1:
    cdef const unsigned char *tail
    if end - pos < 4:
        return False
    tail = within(data, pos, end) + end - 4
    return tail[2] == 0xFF and tail[3] == 0xD9 and not (tail[0] == 0xFF and tail[1] == 0xD9)


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

    cpdef object start(self, Py_ssize_t size, object data, Py_ssize_t pos, Py_ssize_t end):
        if size > self._room:
            self._make_room(size)
        self.append(data, pos, end)

    cpdef object append(self, object data, Py_ssize_t pos, Py_ssize_t end):
        cdef Py_ssize_t count = end - pos
        if count <= 0:
            return
        if self.size + count > self._room:
            if self._room == 0:
                # Images of one stream are alike: room for one like the last, and a bit.
                self._make_room(max(count, self._last + (self._last >> 3), 1024))
            else:
                self._make_room(max(self.size + count, self._room + (self._room >> 1)))
        memcpy(PyBytes_AS_STRING(self._buffer) + self.size, within(data, pos, end) + pos, count)
        self.size += count

    cpdef int keep(self, bytes data, Py_ssize_t size) except -1:
        if size > PyBytes_GET_SIZE(data) or self.size + size > self._room:
            self.append(data, 0, size)
            return 0
        if size <= 4096:
            # A chunk this small is over before the processor has begun to read ahead.
            hama_prefetch(<const unsigned char *>PyBytes_AS_STRING(data), size)
        memcpy(PyBytes_AS_STRING(self._buffer) + self.size, PyBytes_AS_STRING(data), size)
        self.size += size
        return 0

    cpdef bytes finish(self, object data, Py_ssize_t pos, Py_ssize_t end):
        self.append(data, pos, end)
        if ends_with_lone_eoi(self._buffer, 0, self.size):
            return self.take()
        return None

    cpdef object peek(self):
        return memoryview(self._buffer)[: self.size]

    cpdef bytes slice(self, Py_ssize_t pos, Py_ssize_t end):
        if end > self.size:
            end = self.size
        if pos >= end:
            return b""
        if pos < 0:
            raise IndexError(f"[{pos}:{end}] of {self.size} bytes")
        return PyBytes_FromStringAndSize(PyBytes_AS_STRING(self._buffer) + pos, end - pos)

    cpdef object truncate(self, Py_ssize_t size):
        if size < 0 or size > self.size:
            raise IndexError(f"[:{size}] of {self.size} bytes")
        if size == 0:
            self._buffer = b""
            self._room = 0
            self._windows = []
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

    cpdef object view(self, Py_ssize_t size):
        cdef _Window window
        if size < 0:
            raise ValueError(f"view({size})")
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

    cpdef object extend(self, Py_ssize_t size):
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


cpdef object make_frame(
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


