# Types of parser.py.

cimport cython

from hamaproto.wire.mjpeg.clean_head cimport HeadMatcher
from hamaproto.wire.mjpeg.ending cimport Ending
from hamaproto.wire.mjpeg.gap cimport Gap
from hamaproto.wire.mjpeg.head cimport HeadReader
from hamaproto.wire.mjpeg.image cimport Image
from hamaproto.wire.mjpeg.loan cimport Loan
from hamaproto.wire.mjpeg.report cimport Report
from hamaproto.wire.mjpeg.scans cimport cut_out, ends_with_lone_eoi
from hamaproto.wire.mjpeg.store cimport Store, make_frame
from hamaproto.wire.mjpeg.text_part cimport PartReader
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

cdef bint _PURE
cdef int AGAIN, BROKEN, CLOSED, DELIMITER, DROPPED, FIELDS, INSIDE, MORE, SOI, TOO_LARGE, WHOLE
cdef int _GAP, _HEAD, _BODY, _WALK, _TAKE, _PART, _END
cdef Py_ssize_t _PART_LOOKAHEAD

# What each chunk asks for: as C variables they need not be looked up.
cdef object NEED_DATA, _NO_EVENTS


cdef class MjpegParser

cdef class _Events:
    cdef MjpegParser _parser


cdef class MjpegParser:
    cdef hama_turn _turn
    cdef object _delimiters
    cdef Window _window
    cdef Report _report
    cdef HeadReader _head
    cdef PartReader _text_part
    cdef Image _image
    cdef Ending _ending
    cdef Store _store
    cdef Loan _loan
    cdef Gap _gap
    cdef int _state
    cdef bint _idle, _end_given, _ceased
    cdef Py_ssize_t _max_part
    cdef Py_ssize_t _room

    # Final: called without a detour, since no class in C inherits from this one.
    @cython.final
    @cython.locals(chunk=bytes, size=Py_ssize_t, room=Py_ssize_t)
    cdef object _receive(self, object data)
    @cython.final
    @cython.locals(state=int, code=int)
    cdef object _ask(self)
    @cython.locals(room=Py_ssize_t)
    cdef bint _feed_from(self, object pieces) except -1
    cdef object _look(self)
    @cython.locals(taken=Py_ssize_t)
    cdef object _updated(self, object nbytes)
    cdef Py_ssize_t _taken(self)
    @cython.final
    @cython.locals(taken=Py_ssize_t)
    cdef object _cool(self)
    @cython.final
    cdef object _more(self)
    @cython.locals(
        start=Py_ssize_t, stop=Py_ssize_t, length=Py_ssize_t, at=Py_ssize_t,
        matcher=HeadMatcher, code=int,
    )
    cdef object _between(self)
    @cython.locals(length=Py_ssize_t, end=Py_ssize_t)
    cdef object _give(self, bytes data, Py_ssize_t at)
    cdef object _begin_head(self, object match)
    cdef object _open_head(self, Py_ssize_t pos)
    cdef object _read_head(self)
    cdef object _body(self)
    @cython.locals(
        base=Py_ssize_t, start=Py_ssize_t, stop=Py_ssize_t, length=Py_ssize_t, at=Py_ssize_t,
        until=Py_ssize_t, least=Py_ssize_t, most=Py_ssize_t, told=bint, whole=bint, final=bint,
    )
    cdef object _part(self)
    cdef object _part_too_large(self)
    @cython.locals(at=Py_ssize_t, length=Py_ssize_t, body_at=Py_ssize_t)
    cdef object _begin_image(self, Py_ssize_t pos)
    cdef object _begin_phantom(self, Py_ssize_t pos)
    @cython.locals(missing=Py_ssize_t)
    cdef object _believe(self, Py_ssize_t at, Py_ssize_t length)
    cdef object _take(self)
    cdef object _walked(self, int code)
    cdef object _deliver(self)
    cdef object _deliver_broken(self)
