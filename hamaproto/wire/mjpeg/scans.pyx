# cython: boundscheck=False, wraparound=False, nonecheck=True
"""The scans in C; scans.py is the same in Python and says what each is for.

`data` is `bytes` or `bytearray` and nothing else.  Each scan looks whether its places are
within it, so that nobody reads outside, wherever the call comes from.
"""

from cpython.bytes cimport PyBytes_AS_STRING

cdef extern from "kernel_scan.h":
    Py_ssize_t hama_scan_marker(
        const unsigned char *data, Py_ssize_t pos, Py_ssize_t end) nogil
    Py_ssize_t hama_skip_line_ends(
        const unsigned char *data, Py_ssize_t pos, Py_ssize_t end) nogil
    Py_ssize_t hama_find_soi(
        const unsigned char *data, Py_ssize_t pos, Py_ssize_t end) nogil
    int HAMA_NO, HAMA_YES, HAMA_CUT
    int hama_may_begin(
        const unsigned char *data, Py_ssize_t at, Py_ssize_t end, int line_start,
        const hama_names *names) nogil
    int hama_starts_line(const unsigned char *data, Py_ssize_t start, Py_ssize_t pos) nogil
    Py_ssize_t hama_search_junk(
        const unsigned char *data, Py_ssize_t start, Py_ssize_t pos, Py_ssize_t end,
        const hama_names *names) nogil


cpdef Py_ssize_t scan_marker(object data, Py_ssize_t pos, Py_ssize_t end) except -2:
    return hama_scan_marker(within(data, pos, end), pos, end)


cpdef bint is_run(bytes data) except -1:
    cdef const unsigned char *view = within(data, 0, len(data))
    cdef Py_ssize_t end = len(data)
    return view[end - 1] != 0xFF and hama_scan_marker(view, 0, end) < 0


cpdef Py_ssize_t find_soi(object data, Py_ssize_t pos, Py_ssize_t end) except -2:
    return hama_find_soi(within(data, pos, end), pos, end)


cpdef Py_ssize_t skip_fill(object data, Py_ssize_t pos, Py_ssize_t end) except -2:
    cdef const unsigned char *view = within(data, pos, end)
    while pos + 1 < end and view[pos + 1] == 0xFF:
        pos += 1
    return pos


cpdef Py_ssize_t skip_line_ends(object data, Py_ssize_t pos, Py_ssize_t end) except -2:
    return hama_skip_line_ends(within(data, pos, end), pos, end)


NO = HAMA_NO
YES = HAMA_YES
CUT = HAMA_CUT


cdef class Names:
    """The known names as the searches in C take them; see scans.py."""

    def __cinit__(self, tuple names):
        cdef bytes line
        # Kept, because the structure points into them.
        self._lines = tuple([line for line, _ in names[:HAMA_MAX_NAMES]])
        self._names.count = 0
        for line, bare in names[:HAMA_MAX_NAMES]:
            self._names.line[self._names.count] = <const unsigned char *>PyBytes_AS_STRING(line)
            self._names.size[self._names.count] = len(line)
            self._names.bare[self._names.count] = bare
            self._names.count += 1


cpdef int may_begin(
    Names names, object data, Py_ssize_t pos, Py_ssize_t end, bint line_start
) except -1:
    return hama_may_begin(
        within(data, pos, max(pos + 1, end)), pos, end, line_start, &names._names
    )


cpdef bint starts_line(object data, Py_ssize_t start, Py_ssize_t pos) except -1:
    return hama_starts_line(within(data, start, pos), start, pos)


cpdef Py_ssize_t search_junk(
    Names names, object data, Py_ssize_t start, Py_ssize_t pos, Py_ssize_t end
) except -2:
    return hama_search_junk(within(data, min(start, pos), end), start, pos, end, &names._names)
