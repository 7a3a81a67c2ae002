# Types of states.py.

cimport cython

from hamaproto.wire.mjpeg.belief cimport Belief
from hamaproto.wire.mjpeg.clean_head cimport HeadMatcher, clean_head
from hamaproto.wire.mjpeg.ending cimport Ending
from hamaproto.wire.mjpeg.gap cimport Gap
from hamaproto.wire.mjpeg.head cimport HeadReader
from hamaproto.wire.mjpeg.image cimport Image
from hamaproto.wire.mjpeg.report cimport Report
from hamaproto.wire.mjpeg.store cimport Store, cut_out, ends_with_lone_eoi, make_frame
from hamaproto.wire.mjpeg.text_part cimport PartReader
from hamaproto.wire.mjpeg.window cimport Window

cdef int AGAIN, BROKEN, CLOSED, DELIMITER, DROPPED, FIELDS, INSIDE, MORE, SOI, TOO_LARGE, WHOLE
cdef int BODY, END, GAP, HEAD, PART, TAKE, WALK
cdef Py_ssize_t _PART_LOOKAHEAD

cdef object NEED_DATA


cdef class States:
    cdef object _delimiters
    cdef Window _window
    cdef Report _report
    cdef HeadReader _head
    cdef PartReader _text_part
    cdef Image _image
    cdef Belief _belief
    cdef Ending _ending
    cdef Store _store
    cdef Gap _gap
    cdef int _state
    cdef bint _idle, _end_given, _in_order
    cdef Py_ssize_t _max_frame, _max_part
    cdef Py_ssize_t _room, _run, _granted

    cdef object _open(self, object content_type, object limits, bint strict)
    # Final: called without a detour.
    @cython.final
    @cython.locals(state=int)
    cdef object _step(self)
    @cython.final
    cdef object _more(self)
    @cython.final
    @cython.locals(
        start=Py_ssize_t, stop=Py_ssize_t, length=Py_ssize_t, at=Py_ssize_t,
        matcher=HeadMatcher, code=int,
    )
    cdef object _between(self)
    @cython.locals(length=Py_ssize_t, end=Py_ssize_t, report=Report)
    cdef object _give(self, bytes data, Py_ssize_t at)
    cdef object _begin_head(self, object match)
    @cython.locals(matcher=HeadMatcher)
    cdef object _behind_delimiter(self)
    cdef object _open_head(self, Py_ssize_t pos)
    cdef object _read_head(self)
    cdef object _body(self)
    @cython.locals(
        base=Py_ssize_t, start=Py_ssize_t, stop=Py_ssize_t, length=Py_ssize_t, at=Py_ssize_t,
        until=Py_ssize_t, least=Py_ssize_t, most=Py_ssize_t, declared=bint, whole=bint, final=bint,
    )
    cdef object _part(self)
    cdef object _part_too_large(self)
    @cython.locals(at=Py_ssize_t, length=Py_ssize_t, body_at=Py_ssize_t)
    cdef object _begin_image(self, Py_ssize_t pos)
    cdef object _begin_phantom(self, Py_ssize_t pos)
    @cython.locals(missing=Py_ssize_t)
    cdef object _believe(self, Py_ssize_t at, Py_ssize_t length)
    @cython.final
    cdef object _take(self)
    @cython.final
    @cython.locals(code=int)
    cdef object _walk(self)
    @cython.final
    cdef Py_ssize_t _longest_run(self) except? -1
    cdef object _deliver(self)
    cdef object _deliver_broken(self)
