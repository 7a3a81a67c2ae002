# Types of loan.py.

cimport cython

from hamaproto.wire.mjpeg.store cimport Store
from hamaproto.wire.mjpeg.window cimport Window

cdef Py_ssize_t _DIRECT


@cython.final
cdef class Loan:
    cdef Window _window
    cdef Store _store
    cdef object _lent, _scratch
    cdef Py_ssize_t _at

    cpdef object lend(self, Py_ssize_t missing)
    @cython.locals(direct=bint, room=Py_ssize_t)
    cpdef Py_ssize_t accept(self, object nbytes, Py_ssize_t missing) except -1
    cpdef object end(self)
