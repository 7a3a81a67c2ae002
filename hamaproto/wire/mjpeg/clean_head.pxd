# Types of clean_head.pyx; clean_head.py is the same in Python.

cdef class HeadMatcher:
    cdef readonly bytes delimiter, line
    cdef bytes _prefix, _suffix
    cdef Py_ssize_t _head
    cdef readonly Py_ssize_t start, stop, length, most_lines, most_bytes


cpdef bint clean_head(
    HeadMatcher matcher, object data, Py_ssize_t pos, Py_ssize_t end, bint opened
) except -1
cpdef bint last_head_alone(
    HeadMatcher matcher, object data, Py_ssize_t pos, Py_ssize_t end
) except -1
