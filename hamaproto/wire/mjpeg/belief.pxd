# Types of belief.py.

cimport cython

cdef Py_ssize_t _MOST_NEEDED, _AGAIN, _CREDIT


@cython.final
cdef class Belief:
    cdef Py_ssize_t _needed, _confirmed, _last

    cpdef bint believes(self, Py_ssize_t length) except -1
    cpdef object confirmed(self, Py_ssize_t length)
    cpdef object kept(self, Py_ssize_t length)
    cpdef object lied(self)


@cython.final
cdef class Doubt:
    cdef Py_ssize_t _credit, _rewound
    cdef readonly Py_ssize_t until

    cpdef object read_again(self, Py_ssize_t size)
