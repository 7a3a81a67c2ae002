# Types of image.py.

cimport cython

from hamaproto.wire.mjpeg.store cimport Store, cut_out, ends_with_lone_eoi
from hamaproto.wire.mjpeg.view cimport View
from hamaproto.wire.mjpeg.walk cimport MarkerWalk
from hamaproto.wire.mjpeg.window cimport Window


cdef int MORE


@cython.final
cdef class Image:
    cdef Window _window
    cdef readonly Store store
    cdef readonly MarkerWalk walker
    cdef readonly Py_ssize_t at
    cdef public Py_ssize_t declared, end, kept, missing
    cdef readonly bint phantom, doubted

    cpdef object begin(self, Py_ssize_t at)
    @cython.locals(start=Py_ssize_t, end=Py_ssize_t, missing=Py_ssize_t)
    cpdef bint believe(self, Py_ssize_t at, Py_ssize_t length) except -1
    @cython.locals(
        pos=Py_ssize_t, start=Py_ssize_t, stop=Py_ssize_t, end=Py_ssize_t, missing=Py_ssize_t,
    )
    cpdef bytes fill(self)
    cpdef object begin_walk(self, bint doubted)
    cpdef object begin_phantom(self, Py_ssize_t at)
    cpdef object restart(self)
    @cython.locals(outcome=int)
    cpdef int walk(self, Py_ssize_t upto, Py_ssize_t look, bint final) except -1
    cpdef object nest(self)
    cpdef object keep(self)
    cpdef object put_back(self)
    @cython.locals(kept=Py_ssize_t, start=Py_ssize_t)
    cpdef View whole(self, Py_ssize_t upto)
    @cython.locals(start=Py_ssize_t, stop=Py_ssize_t)
    cpdef bytes take(self)
    @cython.locals(stop=Py_ssize_t, ending=Py_ssize_t, start=Py_ssize_t)
    cpdef bytes cut(self, Py_ssize_t at, bint wanted, bint by_delimiter)
    cpdef object drop(self)
