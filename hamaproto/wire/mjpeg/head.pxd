# Types of head.py.

cimport cython

from hamaproto.wire.mjpeg.report cimport Report
from hamaproto.wire.mjpeg.window cimport Window

cdef int CLOSED, DELIMITER, DROPPED, CUT_OFF, MORE


@cython.final
cdef class HeadReader:
    cdef Window _window
    cdef Report _report
    cdef object _delimiters, _max_frame, _max_line, _max_lines, _max_size
    cdef list _fields
    cdef bint _folds
    cdef Py_ssize_t _line, _cursor, _clear, _lines
    cdef bint _lf_lines, _lf_cr, _fresh
    cdef public bytes raw
    cdef public Py_ssize_t length, body_at
    cdef readonly object match

    cpdef object open(self, Py_ssize_t pos)
    cpdef object adopt(self, bytes raw, Py_ssize_t length, Py_ssize_t body_at)
    cpdef int read(self) except -1
    cpdef bytes content_type(self)
    cpdef bint is_audio(self) except -1
    cpdef bint is_image(self) except -1
    cpdef bint is_text(self) except -1
