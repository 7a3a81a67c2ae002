# Types of parser.py.

cimport cython

from hamaproto.wire.mjpeg.loan cimport Loan
from hamaproto.wire.mjpeg.report cimport Report
from hamaproto.wire.mjpeg.scans cimport is_run
from hamaproto.wire.mjpeg.states cimport States
from hamaproto.wire.mjpeg.window cimport Window

# Whose turn it is in a parser, as a field of its own: a chunk takes it twice.  These are macros
# because a function of Cython can't be given a field to change.  The functions of the same names
# are what a cpdef wants: it lets the same import hold in both twins.
cdef extern from *:
    """
    /* A parser that was made without __init__ has zeros. */
    #define HAMA_FREE 1
    #define HAMA_TAKEN 2

    typedef struct { int made, taken; } hama_turn;

    static inline int hama_enter_at(int *taken)
    {
        int before = HAMA_FREE;
    #ifdef Py_GIL_DISABLED
        _Py_atomic_compare_exchange_int(taken, &before, HAMA_TAKEN);
    #else
        before = *taken;
        if (before == HAMA_FREE)
            *taken = HAMA_TAKEN;
    #endif
        if (before == 0) {
            PyErr_SetString(PyExc_AttributeError, "a parser that was made without __init__");
            return -1;
        }
        return before == HAMA_FREE;
    }

    static hama_turn hama_new_turn(void)
    {
        hama_turn turn = {1, HAMA_FREE};
        return turn;
    }
    static int hama_enter(hama_turn turn) { return hama_enter_at(&turn.taken); }
    static void hama_leave(hama_turn turn) { (void)turn; }

    #define hama_enter(turn) hama_enter_at(&(turn).taken)
    #ifdef Py_GIL_DISABLED
    #define hama_leave(turn) _Py_atomic_store_int(&(turn).taken, HAMA_FREE)
    #else
    #define hama_leave(turn) ((turn).taken = HAMA_FREE)
    #endif
    """
    ctypedef struct hama_turn:
        int made
        int taken
    cpdef hama_turn Turn "hama_new_turn"() noexcept
    cpdef bint enter "hama_enter"(hama_turn turn) except -1
    cpdef void leave "hama_leave"(hama_turn turn) noexcept

cdef bint PURE
cdef int GAP, TAKE, WALK
cdef Py_ssize_t _SHORT

# What each chunk asks for: as C variables they need not be looked up.
cdef object NEED_DATA, _NO_EVENTS


cdef class MjpegParser

cdef class _Events:
    cdef MjpegParser _parser


cdef class MjpegParser(States):
    cdef hama_turn _turn
    cdef Loan _loan

    # Final: called without a detour, since no class in C inherits from this one.
    @cython.final
    @cython.locals(
        chunk=bytes, size=Py_ssize_t, room=Py_ssize_t, run=Py_ssize_t, taken=Py_ssize_t,
    )
    cdef object _receive(self, object data)
    @cython.final
    @cython.locals(state=int, report=Report)
    cdef object _ask(self)
    @cython.locals(room=Py_ssize_t)
    cdef bint _feed_from(self, object pieces) except -1
    cdef object _look(self)
    @cython.locals(taken=Py_ssize_t)
    cdef object _updated(self, object nbytes)
    cdef Py_ssize_t _taken(self)
    @cython.locals(size=Py_ssize_t, run=Py_ssize_t)
    cdef bint _begin_run(self, bytes data) except -1
    @cython.final
    cdef object _cool(self)
    @cython.final
    @cython.locals(taken=Py_ssize_t, room=Py_ssize_t)
    cdef Py_ssize_t _count(self) except -1
