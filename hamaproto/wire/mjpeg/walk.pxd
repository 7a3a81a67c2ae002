# Types of walk.py.

cimport cython

from hamaproto.wire.mjpeg.scans cimport find_soi, scan_marker, skip_fill

cdef extern from "kernel_within.h":
    # What is cpdef may be imported like a function of Python; the call is one of C.
    cpdef const unsigned char *within "hama_within"(
        object data, Py_ssize_t pos, Py_ssize_t end) except NULL

cdef int MORE, EOI, SOI, SURPRISE
cdef int _DUE, _HUNT, _SKIP, _SCAN
cdef Py_ssize_t _NEAR

cdef bint _is_segment(int code)
cdef bint _between_scans(int code)


@cython.final
cdef class MarkerWalk:
    cdef public Py_ssize_t base
    cdef readonly Py_ssize_t pos, sos, buried, depth, segment_at, segment_end
    cdef readonly bint surprised, touched, due, leapt
    cdef int _state, _after, _begun
    cdef bint _table
    cdef Py_ssize_t _left

    cpdef object begin(self, bint hunting)
    cpdef object nest(self)
    cpdef bint in_scan(self) except -1
    @cython.locals(
        view="const unsigned char *",
        state=int,
        code=int,
        components=int,
        at=Py_ssize_t,
        left=Py_ssize_t,
        length=Py_ssize_t,
        land=Py_ssize_t,
        behind=Py_ssize_t,
        most=Py_ssize_t,
        stop=Py_ssize_t,
        clear=Py_ssize_t,
    )
    cpdef int walk(
        self, object data, Py_ssize_t pos, Py_ssize_t end, Py_ssize_t look, bint final
    ) except -1
    @cython.locals(view="const unsigned char *", begun=int, found=Py_ssize_t)
    cdef object _look_inside(
        self, object data, Py_ssize_t pos, Py_ssize_t stop, bint last
    )
    cdef int _surprise(self)
