# cython: boundscheck=False, wraparound=False, nonecheck=True
"""The clean head in C; clean_head.py is the same in Python and says what each is for."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcmp

from hamaproto.wire.mjpeg.scans cimport within

cdef class HeadMatcher:
    """A delimiter, and the last head behind it; see clean_head.py."""

    def __cinit__(self, bytes delimiter, Py_ssize_t most_lines, Py_ssize_t most_bytes):
        self.delimiter = delimiter
        self.most_lines = most_lines
        self.most_bytes = most_bytes
        self.line = b"\r\n" + delimiter + b"\r\n"
        self._prefix = self._suffix = b""


cdef inline bint _same(const unsigned char *data, const char *lower, Py_ssize_t size) noexcept nogil:
    """Whether `data` is `lower` but for the case of its letters."""
    cdef Py_ssize_t i
    cdef unsigned char c
    for i in range(size):
        c = data[i]
        if 0x41 <= c <= 0x5A:
            c |= 0x20
        if c != <unsigned char>lower[i]:
            return False
    return True


cdef inline bint clean_again(
    HeadMatcher matcher, const unsigned char *view, Py_ssize_t pos, Py_ssize_t end, bint opened
) noexcept:
    """Whether this is the last head but for the digits of its length."""
    # The block begins at this place in the prefix, and is all that stands here if it is opened.
    cdef Py_ssize_t left_out = matcher._head if opened else 0
    cdef Py_ssize_t before = PyBytes_GET_SIZE(matcher._prefix) - left_out
    cdef Py_ssize_t behind = PyBytes_GET_SIZE(matcher._suffix)
    cdef Py_ssize_t length = 0
    cdef Py_ssize_t at = pos + before
    cdef Py_ssize_t most = at + 9
    if not behind or at + behind >= end or memcmp(
        view + pos, PyBytes_AS_STRING(matcher._prefix) + left_out, before
    ):
        return False
    if most > end:
        most = end
    while at < most and 0x30 <= view[at] <= 0x39:
        length = length * 10 + (view[at] - 0x30)
        at += 1
    if at == pos + before or at + behind > end or memcmp(
        view + at, PyBytes_AS_STRING(matcher._suffix), behind
    ):
        return False
    matcher.start = pos + matcher._head - left_out
    matcher.stop = at + behind - 5
    matcher.length = length
    return True


cpdef bint clean_head(
    HeadMatcher matcher, object data, Py_ssize_t pos, Py_ssize_t end, bint opened
) except -1:
    cdef const unsigned char *view = within(data, pos, end)
    cdef const char *delimiter = PyBytes_AS_STRING(matcher.line)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(matcher.line)
    cdef Py_ssize_t first, start, line, colon, at, stop, value
    cdef Py_ssize_t digits = 0
    cdef Py_ssize_t behind = 0
    cdef Py_ssize_t lines = 0
    cdef Py_ssize_t length = -1
    cdef bint has_type = False
    if clean_again(matcher, view, pos, end, opened):
        return matcher.stop + 2 - matcher.start <= matcher.most_bytes
    first = pos
    if not opened:
        if pos + 2 > end or view[pos] != 0x0D or view[pos + 1] != 0x0A:
            delimiter += 2
            size -= 2
        if pos + size > end or memcmp(view + pos, delimiter, size):
            return False
        pos += size
    start = line = pos
    while True:
        if line + 5 <= end and view[line] == 0x0D:
            if (
                lines
                and has_type
                and view[line + 1] == 0x0A
                and view[line + 2] == 0xFF
                and view[line + 3] == 0xD8
                and view[line + 4] == 0xFF
            ):
                matcher.start = start
                matcher.stop = line
                matcher.length = length
                matcher._suffix = b""
                if digits:
                    matcher._prefix = (matcher.line if opened else b"") + (
                        <const char *>view + first
                    )[: digits - first]
                    matcher._suffix = PyBytes_FromStringAndSize(
                        <const char *>view + behind, line + 5 - behind
                    )
                    matcher._head = size if opened else start - first
                return line + 2 - start <= matcher.most_bytes
            return False
        lines += 1
        if lines > matcher.most_lines or line >= end:
            return False
        at = line
        while at < end and 0x21 <= view[at] <= 0x7E and view[at] != 0x3A:
            at += 1
        if at == line or at >= end or view[at] != 0x3A or view[line] == 0x2D:
            return False
        colon = at
        at += 1
        while at < end and (0x20 <= view[at] <= 0x7E or view[at] == 0x09):
            at += 1
        if at + 2 > end or view[at] != 0x0D or view[at + 1] != 0x0A:
            return False
        stop = at
        if colon - line >= 8 and _same(view + line, b"content-", 8):
            value = colon + 1
            while value < stop and (view[value] == 0x20 or view[value] == 0x09):
                value += 1
            while stop > value and (view[stop - 1] == 0x20 or view[stop - 1] == 0x09):
                stop -= 1
            if colon - line == 12 and _same(view + line, b"content-type", 12):
                if has_type:
                    return False
                if stop - value == 10 and _same(view + value, b"image/jpeg", 10):
                    has_type = True
                elif stop - value == 9 and _same(view + value, b"image/jpg", 9):
                    has_type = True
                else:
                    return False
            elif colon - line == 14 and _same(view + line, b"content-length", 14):
                if length >= 0 or not 1 <= stop - value <= 9:
                    return False
                length = 0
                digits = value
                behind = stop
                while value < stop:
                    if not 0x30 <= view[value] <= 0x39:
                        return False
                    length = length * 10 + (view[value] - 0x30)
                    value += 1
            else:
                return False
        line = at + 2


cpdef bint last_head_alone(
    HeadMatcher matcher, object data, Py_ssize_t pos, Py_ssize_t end
) except -1:
    cdef const unsigned char *view = within(data, pos, end)
    cdef Py_ssize_t number = pos + PyBytes_GET_SIZE(matcher._prefix) - matcher._head
    cdef Py_ssize_t tail = PyBytes_GET_SIZE(matcher._suffix) - 3
    cdef Py_ssize_t behind = end - tail
    cdef Py_ssize_t length = 0
    cdef Py_ssize_t at
    if tail < 0 or not 1 <= behind - number <= 9 or memcmp(
        view + pos, PyBytes_AS_STRING(matcher._prefix) + matcher._head, number - pos
    ) or memcmp(view + behind, PyBytes_AS_STRING(matcher._suffix), tail):
        return False
    for at in range(number, behind):
        if not 0x30 <= view[at] <= 0x39:
            return False
        length = length * 10 + (view[at] - 0x30)
    matcher.length = length
    return True
