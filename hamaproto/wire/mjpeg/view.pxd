# Types of view.py.

cimport cython


@cython.final
cdef class View:
    cdef readonly object data
    cdef readonly Py_ssize_t start, stop, shift
