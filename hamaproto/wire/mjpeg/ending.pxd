# Types of ending.py.

cimport cython

from hamaproto.wire.mjpeg.belief cimport Belief, Doubt
from hamaproto.wire.mjpeg.image cimport Image
from hamaproto.wire.mjpeg.opinion cimport SecondOpinion
from hamaproto.wire.mjpeg.report cimport Report
from hamaproto.wire.mjpeg.view cimport View
from hamaproto.wire.mjpeg.walk cimport MarkerWalk
from hamaproto.wire.mjpeg.window cimport Window

cdef int AGAIN, BROKEN, EOI, MORE, SOI, TOO_LARGE, WHOLE
cdef int ENDED, IMAGE, NOTHING, OTHER
cdef Py_ssize_t _DOUBT_STEP


@cython.final
cdef class Ending:
    cdef Window _window
    cdef Report _report
    cdef object _delimiters
    cdef Image _image
    cdef SecondOpinion _opinion
    cdef Belief _belief
    cdef Doubt _doubt
    cdef Py_ssize_t _at, _body_at, _max_frame
    cdef readonly object by

    cpdef object begin(self, Py_ssize_t at, Py_ssize_t body_at, Py_ssize_t length)
    cpdef object begin_phantom(self, Py_ssize_t at)
    cpdef object distrust(self)
    @cython.locals(
        end=Py_ssize_t, stop=Py_ssize_t, capped=bint, final=bint, outcome=int, pos=Py_ssize_t,
        upto=Py_ssize_t,
    )
    cpdef int walk(self) except -1
    @cython.locals(at=Py_ssize_t, began=bint)
    cpdef bytes cut(self)
    @cython.locals(at=Py_ssize_t, other=Py_ssize_t)
    cdef bint _met_soi(self) except -1
    cdef bint _undelimited(self) except -1
    @cython.locals(since=Py_ssize_t)
    cdef bint _search_doubted(self, Py_ssize_t pos) except -1
    @cython.locals(at=Py_ssize_t)
    cdef object _restart(self)
    @cython.locals(at=Py_ssize_t, doubtful=bint)
    cdef int _ended(self) except -1
    @cython.locals(stop=Py_ssize_t, cut=Py_ssize_t)
    cdef bint _cut_before(self, bint doubtful) except -1
    @cython.locals(last=Py_ssize_t)
    cdef int _cease(self) except -1
    cdef int _too_large(self, Py_ssize_t stop) except -1
    @cython.locals(cut=Py_ssize_t)
    cdef bint _second(self, Py_ssize_t upto, bint unknown, int stands) except -1
    cdef bint _broken(self, Py_ssize_t at, object by) except -1
