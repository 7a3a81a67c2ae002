# Types of gap.py.

cimport cython

from hamaproto.wire.mjpeg.clean_head cimport HeadMatcher, clean_head, last_head_alone
from hamaproto.wire.mjpeg.report cimport Report
from hamaproto.wire.mjpeg.scans cimport Names, may_begin, search_junk, skip_line_ends
from hamaproto.wire.mjpeg.window cimport Window

cdef int CUT, NO, DELIMITER, FIELDS, INSIDE, MORE, OVER, SOI


@cython.final
cdef class Gap:
    cdef Window _window
    cdef Report _report
    cdef object _delimiters
    cdef Py_ssize_t _max_frame, _max_head_bytes, _max_head_lines
    cdef bint _after_lf
    cdef readonly Names names
    cdef readonly HeadMatcher matcher
    cdef readonly object match
    cdef readonly bint closed
    cdef public bint started, has_head, junk, line_start, opened

    @cython.locals(matcher=HeadMatcher, pos=Py_ssize_t, end=Py_ssize_t)
    cpdef bint clean_alone(self) except -1
    @cython.locals(matcher=HeadMatcher)
    cpdef bint open(self) except -1
    @cython.locals(
        pos=Py_ssize_t, end=Py_ssize_t, first=int, found_at=Py_ssize_t, joined=Py_ssize_t,
        final=bint, verdict=int,
    )
    cpdef int read(self) except -1
    @cython.locals(gap_end=Py_ssize_t, after=Py_ssize_t, padded=bint)
    cpdef object settle(self, Py_ssize_t image_end, Py_ssize_t declared)
    @cython.locals(at=Py_ssize_t)
    cpdef bint pass_delimiter(self, object match, bint empty) except -1
    @cython.locals(headed=bint)
    cpdef bint begin_image(self, Py_ssize_t at) except -1
    cpdef object answer(self, object boundary)
    cpdef object reopen(self)
    cdef object _know(self)
    cdef HeadMatcher _matcher_of(self, object delimiter)
    cdef Py_ssize_t _joined_inside(self, Py_ssize_t pos, Py_ssize_t stop) except -2
    @cython.locals(at=Py_ssize_t)
    cdef object _begin_junk(self, Py_ssize_t pos)
