# Types of text_part.py.

cimport cython

from hamaproto.wire.mjpeg.scans cimport Names, may_begin, search_junk, starts_line
from hamaproto.wire.mjpeg.window cimport Window

cdef int CUT, NO


@cython.final
cdef class PartReader:
    cdef Window _window
    cdef object _delimiters
    cdef bint _text, _sound
    cdef Py_ssize_t _cursor, _repeat_end
    cdef list _repeats

    cpdef object open(self, Py_ssize_t at, bint text, bint sound)
    @cython.locals(
        base=Py_ssize_t, cursor=Py_ssize_t, at=Py_ssize_t, behind=Py_ssize_t, first=Py_ssize_t,
        line_start=bint, text=bint, repeats=list,
    )
    cpdef Py_ssize_t end(
        self, Names names, Py_ssize_t start, Py_ssize_t stop, bint final, bint untold
    ) except -2
    @cython.locals(at=Py_ssize_t, more=bint, verdict=int)
    cpdef Py_ssize_t across(self, Names names, Py_ssize_t start, Py_ssize_t stop) except -2
    @cython.locals(cursor=Py_ssize_t, behind=Py_ssize_t)
    cpdef Py_ssize_t least(self, Names names, Py_ssize_t stop) except -2
    @cython.locals(gap=Py_ssize_t)
    cdef bint _repeated(self, Py_ssize_t at) except -1
