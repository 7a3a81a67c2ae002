# Types of store.pyx; store.py is the same in Python.

cdef class Store:
    cdef bytes _buffer
    cdef readonly Py_ssize_t size
    cdef Py_ssize_t _room
    cdef Py_ssize_t _last
    cdef list _windows

    cdef int _close_windows(self) except -1
    cdef int _make_room(self, Py_ssize_t room) except -1
    cdef object start(self, Py_ssize_t size, object data, Py_ssize_t pos, Py_ssize_t end)
    cdef object append(self, object data, Py_ssize_t pos, Py_ssize_t end)
    cdef int keep(self, bytes data, Py_ssize_t size) except -1
    cdef bytes finish(self, object data, Py_ssize_t pos, Py_ssize_t end)
    cdef object peek(self)
    cdef bytes slice(self, Py_ssize_t pos, Py_ssize_t end)
    cdef object truncate(self, Py_ssize_t size)
    cdef bytes take(self)
    cdef object view(self, Py_ssize_t size)
    cdef object extend(self, Py_ssize_t size)


cpdef object make_frame(
    bytes data, object end, bint complete, Py_ssize_t offset, bytes raw_headers
)
