# The scans as C functions; scans.py is the same in Python.
# A caller in C gets no Python call: cpdef is there so that the same imports hold in both twins.

cdef extern from "kernel_within.h":
    const unsigned char *within "hama_within"(
        object data, Py_ssize_t pos, Py_ssize_t end) except NULL


cpdef Py_ssize_t scan_marker(object data, Py_ssize_t pos, Py_ssize_t end) except -2
cpdef bint is_run(bytes data) except -1
cpdef Py_ssize_t find_soi(object data, Py_ssize_t pos, Py_ssize_t end) except -2
cpdef Py_ssize_t skip_fill(object data, Py_ssize_t pos, Py_ssize_t end) except -2
cpdef Py_ssize_t skip_line_ends(object data, Py_ssize_t pos, Py_ssize_t end) except -2
cpdef int may_begin(
    Names names, object data, Py_ssize_t pos, Py_ssize_t end, bint line_start
) except -1
cpdef bint starts_line(object data, Py_ssize_t start, Py_ssize_t pos) except -1
cpdef Py_ssize_t search_junk(
    Names names, object data, Py_ssize_t start, Py_ssize_t pos, Py_ssize_t end
) except -2


cdef extern from "kernel_scan.h":
    int HAMA_MAX_NAMES
    ctypedef struct hama_names:
        int count
        const unsigned char **line
        Py_ssize_t *size
        int *bare


cdef class Names:
    cdef hama_names _names
    cdef tuple _lines
