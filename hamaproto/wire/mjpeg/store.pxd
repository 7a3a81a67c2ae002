# Types of store.pyx; store.py is the same in Python.

cimport cython


cpdef bytes cut_out(object data, Py_ssize_t pos, Py_ssize_t end)
cpdef bint ends_with_lone_eoi(object data, Py_ssize_t pos, Py_ssize_t end) except -1


@cython.final
cdef class Store:
    cdef bytes _buffer
    cdef readonly Py_ssize_t size
    cdef Py_ssize_t _room
    cdef Py_ssize_t _last
    cdef list _windows

    cdef int _close_windows(self) except -1
    cdef int _make_room(self, Py_ssize_t room) except -1
    cpdef object start(self, Py_ssize_t size, object data, Py_ssize_t pos, Py_ssize_t end)
    cpdef object append(self, object data, Py_ssize_t pos, Py_ssize_t end)
    cpdef int keep(self, bytes data, Py_ssize_t size) except -1
    cpdef bytes finish(self, object data, Py_ssize_t pos, Py_ssize_t end)
    cpdef object peek(self)
    cpdef bytes slice(self, Py_ssize_t pos, Py_ssize_t end)
    cpdef object truncate(self, Py_ssize_t size)
    cpdef bytes take(self)
    cpdef object view(self, Py_ssize_t size)
    cpdef object extend(self, Py_ssize_t size)


cpdef object make_frame(
    bytes data, object end, bint complete, Py_ssize_t offset, bytes raw_headers
)
