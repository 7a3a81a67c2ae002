# Types of window.py.

cimport cython

cdef Py_ssize_t _PIECE, _MOST_PIECE


@cython.final
cdef class Window:
    cdef object _queue
    cdef Py_ssize_t _piece
    cdef bint _starved
    cdef readonly object data
    cdef public Py_ssize_t pos
    cdef readonly Py_ssize_t end, base, fed
    cdef readonly bint eof

    @cython.locals(size=Py_ssize_t)
    cpdef object feed(self, bytes data, Py_ssize_t passed=*)
    cpdef object close(self)
    @cython.locals(start=Py_ssize_t, stop=Py_ssize_t, held=Py_ssize_t, most=Py_ssize_t)
    cpdef bint more(self) except -1
    cpdef object put_back(self, bytes data)
    cpdef object pass_by(self, Py_ssize_t size)
    cpdef bint final(self) except -1
    cpdef bint let_go(self) except -1
