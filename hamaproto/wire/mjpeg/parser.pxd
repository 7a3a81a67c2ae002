# Types of parser.py.

cimport cython

from hamaproto.wire.mjpeg.belief cimport Belief, Doubt
from hamaproto.wire.mjpeg.clean_head cimport HeadMatcher, clean_head
from hamaproto.wire.mjpeg.report cimport Report
from hamaproto.wire.mjpeg.scans cimport (
    Names, cut_out, ends_with_lone_eoi, may_begin, search_junk, skip_line_ends, starts_line,
)
from hamaproto.wire.mjpeg.store cimport Store, make_frame
from hamaproto.wire.mjpeg.walk cimport MarkerWalk
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
cdef int CUT, NO, EOI, MORE, SOI
cdef int _GAP, _HEAD, _BODY, _WALK, _TAKE, _PART, _END
cdef Py_ssize_t _DIRECT, _PART_LOOKAHEAD, _DOUBT_STEP

# What each chunk asks for: as C variables they need not be looked up.
cdef object NEED_DATA, _NO_EVENTS


cdef class MjpegParser

cdef class _Events:
    cdef MjpegParser _parser


cdef class MjpegParser:
    cdef hama_turn _turn
    cdef object _limits, _delimiters, _scratch, _lent
    cdef object _head_raw, _folds
    cdef object _cut_by, _inside
    cdef list _fields, _repeats
    cdef HeadMatcher _matcher
    cdef Names _names
    cdef Store _store
    cdef MarkerWalk _walker
    cdef Window _window
    cdef Report _report
    cdef Belief _belief
    cdef Doubt _doubt
    cdef bint _ceased, _started, _closed, _line_start, _junk, _end_given
    cdef bint _has_head, _lf_lines, _lf_cr, _phantom, _doubted, _trial, _idle, _after_lf, _fresh
    cdef int _state
    cdef Py_ssize_t _max_frame, _max_part, _max_head_lines, _max_head_bytes
    cdef Py_ssize_t _head_length, _head_lines, _head_clear, _line, _cursor, _body_at
    cdef Py_ssize_t _kept, _image_at, _image_end, _declared_end, _missing
    cdef Py_ssize_t _repeat_end
    cdef Py_ssize_t _cursor_known, _cursor_any, _cursor_soi, _asked, _lent_at, _room

    # Final: called without a detour, since no class in C inherits from this one.
    @cython.final
    @cython.locals(chunk=bytes, size=Py_ssize_t, room=Py_ssize_t)
    cdef object _receive(self, object data)
    @cython.final
    @cython.locals(state=int)
    cdef object _ask(self)
    @cython.locals(room=Py_ssize_t)
    cdef bint _feed_from(self, object pieces) except -1
    cdef object _take_back(self)
    cdef object _updated(self, object nbytes)
    cdef Py_ssize_t _taken(self)
    @cython.final
    @cython.locals(taken=Py_ssize_t)
    cdef object _cool(self)
    @cython.final
    cdef object _more(self)
    @cython.locals(
        pos=Py_ssize_t, end=Py_ssize_t, first=int, found_at=Py_ssize_t, joined=Py_ssize_t,
        final=bint, verdict=int,
    )
    cdef object _gap(self)
    @cython.locals(
        pos=Py_ssize_t, base=Py_ssize_t, start=Py_ssize_t, stop=Py_ssize_t, length=Py_ssize_t,
        at=Py_ssize_t, matcher=HeadMatcher,
    )
    cdef object _clean_part(self)
    @cython.locals(length=Py_ssize_t, end=Py_ssize_t)
    cdef object _give(self, bytes data, Py_ssize_t at)
    cdef Py_ssize_t _joined_inside(self, Py_ssize_t pos, Py_ssize_t stop) except -2
    cdef object _start_junk(self, Py_ssize_t pos)
    cdef object _end_junk(self, Py_ssize_t pos)
    @cython.locals(declared=Py_ssize_t, after=Py_ssize_t)
    cdef object _settle(self, Py_ssize_t gap_end)
    cdef object _finish(self)
    cdef object _open_head(self, Py_ssize_t pos)
    cdef object _head(self)
    cdef object _body(self)
    cdef object _know(self)
    @cython.locals(
        base=Py_ssize_t, start=Py_ssize_t, stop=Py_ssize_t, length=Py_ssize_t, at=Py_ssize_t,
        until=Py_ssize_t, least=Py_ssize_t, most=Py_ssize_t, told=bint, whole=bint, final=bint,
    )
    cdef object _part(self)
    @cython.locals(
        base=Py_ssize_t, cursor=Py_ssize_t, at=Py_ssize_t, behind=Py_ssize_t, first=Py_ssize_t,
        line_start=bint, text=bint, repeats=list,
    )
    cdef Py_ssize_t _part_end(
        self, Py_ssize_t start, Py_ssize_t stop, bint final, bint untold
    ) except -2
    @cython.locals(at=Py_ssize_t, more=bint, verdict=int)
    cdef Py_ssize_t _across(self, Py_ssize_t start, Py_ssize_t stop) except -2
    @cython.locals(gap=Py_ssize_t)
    cdef bint _repeated(self, Py_ssize_t at) except -1
    @cython.locals(cursor=Py_ssize_t, behind=Py_ssize_t)
    cdef Py_ssize_t _part_least(self, Py_ssize_t stop) except -2
    cdef object _part_too_large(self)
    @cython.locals(at=Py_ssize_t, length=Py_ssize_t)
    cdef object _begin_image(self, Py_ssize_t pos)
    @cython.locals(at=Py_ssize_t)
    cdef object _begin_phantom(self, Py_ssize_t pos)
    cdef object _begin_walk(self, Py_ssize_t pos)
    @cython.locals(stop=Py_ssize_t, end=Py_ssize_t)
    cdef object _believe(self, Py_ssize_t pos, Py_ssize_t length)
    @cython.locals(
        pos=Py_ssize_t, start=Py_ssize_t, stop=Py_ssize_t, available=Py_ssize_t, missing=Py_ssize_t
    )
    cdef object _take(self)
    @cython.locals(
        end=Py_ssize_t, stop=Py_ssize_t, capped=bint, final=bint, outcome=int,
        at=Py_ssize_t, pos=Py_ssize_t, upto=Py_ssize_t, other=Py_ssize_t,
        walker=MarkerWalk,
    )
    cdef object _walk(self)
    cdef bint _bare(self) except -1
    @cython.locals(shift=Py_ssize_t)
    cdef bint _may_tell(self, Py_ssize_t since, Py_ssize_t pos) except -1
    @cython.locals(found=Py_ssize_t, since=Py_ssize_t)
    cdef Py_ssize_t _search_doubted(self, Py_ssize_t pos) except -2
    cdef object _restart(self)
    @cython.locals(at=Py_ssize_t, cut=Py_ssize_t, length=Py_ssize_t, walker=MarkerWalk)
    cdef object _ended(self)
    @cython.locals(cut=Py_ssize_t, start=Py_ssize_t, shift=Py_ssize_t, soi=Py_ssize_t)
    cdef Py_ssize_t _cut_in_table(self) except -2
    @cython.locals(start=Py_ssize_t, stop=Py_ssize_t, at=Py_ssize_t, damaged=bint)
    cdef object _deliver(self, object end)
    @cython.locals(walker=MarkerWalk, stop=Py_ssize_t, inside=Py_ssize_t)
    cdef object _cut(self, Py_ssize_t at, object end)
    cdef object _cease(self)
    cdef object _too_large(self, Py_ssize_t stop)
    @cython.locals(kept=Py_ssize_t)
    cdef tuple _whole(self, Py_ssize_t upto)
    cdef object _look_from(self, Py_ssize_t at)
    cdef Py_ssize_t _opinion(self, Py_ssize_t upto, bint unknown, int stands=*) except -2
    cdef Py_ssize_t _closing_behind(self) except -2
    @cython.locals(start=Py_ssize_t, shift=Py_ssize_t)
    cdef Py_ssize_t _around(self) except -2
    cdef bint _behind_head(self, Py_ssize_t pos) except -1
    cdef bint _headed(self, object image, Py_ssize_t at, Py_ssize_t start) except -1
