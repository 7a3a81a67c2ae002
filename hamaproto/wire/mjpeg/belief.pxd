# Types of belief.py.

cimport cython

cdef Py_ssize_t _MOST_NEEDED, _AGAIN, _CREDIT


@cython.final
cdef class Doubt:
    cdef Py_ssize_t _credit, _rewound
    cdef readonly Py_ssize_t until

    cpdef object read_again(self, Py_ssize_t size)


@cython.final
cdef class Belief:
    cdef Doubt _doubt
    cdef Py_ssize_t _needed, _confirmed
    cdef public Py_ssize_t last

    @cython.locals(last=Py_ssize_t)
    cpdef bint believes(self, Py_ssize_t at, Py_ssize_t length) except -1
    cpdef object confirmed(self, Py_ssize_t length)
    cpdef object lied(self)
