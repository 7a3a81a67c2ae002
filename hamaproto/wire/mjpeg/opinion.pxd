# Types of opinion.py.

cimport cython

from hamaproto.wire.mjpeg.view cimport View
from hamaproto.wire.mjpeg.walk cimport MarkerWalk


@cython.final
cdef class SecondOpinion:
    cdef object _delimiters, _inside
    cdef Py_ssize_t _known, _any, _soi
    cdef public Py_ssize_t asked
    cdef readonly object cut_by

    cpdef object look_from(self, Py_ssize_t at)
    cpdef bint waits(self) except -1
    cpdef bint may_tell(self, View view, Py_ssize_t since, MarkerWalk walker) except -1
    @cython.locals(found=Py_ssize_t)
    cpdef Py_ssize_t ask(
        self, View view, MarkerWalk walker, bint unknown, int stands
    ) except -2
    cpdef Py_ssize_t in_table(self, View view, MarkerWalk walker) except -2
    cpdef Py_ssize_t around(self, View view, MarkerWalk walker) except -2
    cpdef bint headed(self, View view, Py_ssize_t at) except -1
    cpdef Py_ssize_t last(self, View view) except -2
