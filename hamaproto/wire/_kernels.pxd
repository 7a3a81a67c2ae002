# What the compiled twins call as C functions; the pure names are in kernels.py.

cdef const unsigned char *bytes_of(object data) except NULL
cdef Py_ssize_t scan_marker(object data, Py_ssize_t pos, Py_ssize_t end) except -2
cdef bytes cut_out(object data, Py_ssize_t pos, Py_ssize_t end)
cdef bint ends_with_lone_eoi(object data, Py_ssize_t pos, Py_ssize_t end) except -1
cdef Py_ssize_t find_soi(object data, Py_ssize_t pos, Py_ssize_t end) except -2
cdef Py_ssize_t skip_fill(object data, Py_ssize_t pos, Py_ssize_t end) except -2

cdef Py_ssize_t skip_line_ends(object data, Py_ssize_t pos, Py_ssize_t end) except -2
cdef int NO, YES, CUT
cdef int may_begin(
    Names names, object data, Py_ssize_t pos, Py_ssize_t end, bint line_start
) except -1
cdef bint starts_line(object data, Py_ssize_t start, Py_ssize_t pos) except -1
cdef Py_ssize_t search_junk(
    Names names, object data, Py_ssize_t start, Py_ssize_t pos, Py_ssize_t end
) except -2


cdef extern from "kernel_scan.h":
    int HAMA_MAX_NAMES
    ctypedef struct hama_names:
        int count
        const unsigned char **line
        Py_ssize_t *size
        int *bare


# Whose turn it is in a parser, as a field of its own: a chunk takes it twice.  These are macros
# because a function of Cython can't be given a field to change.
cdef extern from *:
    """
    /* 0 is what a parser has that was made without __init__. */
    #define HAMA_FREE 1
    #define HAMA_TAKEN 2

    static inline int hama_enter_at(int *turn)
    {
        int before = HAMA_FREE;
    #ifdef Py_GIL_DISABLED
        _Py_atomic_compare_exchange_int(turn, &before, HAMA_TAKEN);
    #else
        before = *turn;
        if (before == HAMA_FREE)
            *turn = HAMA_TAKEN;
    #endif
        if (before == 0) {
            PyErr_SetString(PyExc_AttributeError, "a parser that was made without __init__");
            return -1;
        }
        return before == HAMA_FREE;
    }

    #define hama_turn() HAMA_FREE
    #define hama_enter(turn) hama_enter_at(&(turn))
    #ifdef Py_GIL_DISABLED
    #define hama_leave(turn) _Py_atomic_store_int(&(turn), HAMA_FREE)
    #else
    #define hama_leave(turn) ((turn) = HAMA_FREE)
    #endif
    """
    int Turn "hama_turn"() noexcept
    bint enter "hama_enter"(int turn) except -1
    void leave "hama_leave"(int turn) noexcept


cdef class Names:
    cdef hama_names _names
    cdef tuple _lines


cdef class Store:
    cdef bytes _buffer
    cdef readonly Py_ssize_t size
    cdef Py_ssize_t _room
    cdef Py_ssize_t _last
    cdef list _windows

    cdef int _close_windows(self) except -1
    cdef int _make_room(self, Py_ssize_t room) except -1
    cdef object start(self, Py_ssize_t size, object data, Py_ssize_t pos, Py_ssize_t end)
    cdef object append(self, object data, Py_ssize_t pos, Py_ssize_t end)
    cdef int keep(self, bytes data, Py_ssize_t size) except -1
    cdef bytes finish(self, object data, Py_ssize_t pos, Py_ssize_t end)
    cdef object peek(self)
    cdef bytes slice(self, Py_ssize_t pos, Py_ssize_t end)
    cdef object truncate(self, Py_ssize_t size)
    cdef bytes take(self)
    cdef object view(self, Py_ssize_t size)
    cdef object extend(self, Py_ssize_t size)


cdef object make_frame(
    bytes data, object end, bint complete, Py_ssize_t offset, bytes raw_headers
)


cdef class HeadMatcher:
    cdef readonly bytes delimiter
    cdef bytes _prefix, _suffix
    cdef Py_ssize_t _head
    cdef readonly Py_ssize_t start, stop, length


cdef bint clean_head(
    HeadMatcher matcher, object data, Py_ssize_t pos, Py_ssize_t end, Py_ssize_t most_lines
) except -1
