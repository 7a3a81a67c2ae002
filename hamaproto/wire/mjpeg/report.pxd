# Types of report.py.

cimport cython


@cython.final
cdef class Report:
    cdef object _max_junk, _seen, _skip_reason
    cdef list _pending
    cdef Py_ssize_t _skip_from, _skip_to
    cdef bint _strict
    cdef readonly list ready
    cdef readonly bint held
    cdef readonly object error
    cdef public Py_ssize_t delivered, settled
    cdef readonly Py_ssize_t skipped

    cpdef object note(self, object code, Py_ssize_t offset, object detail)
    cpdef object skip(self, Py_ssize_t start, Py_ssize_t end, object reason)
    cpdef object skip_on(self, Py_ssize_t end)
    cpdef bint skips(self) except -1
    cpdef object emit(self, object event, Py_ssize_t end)
    cpdef object flush(self)
    cpdef object accounting(self, Py_ssize_t fed)
