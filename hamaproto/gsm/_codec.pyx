# cython: boundscheck=False, wraparound=False, cdivision=True
"""The compiled twin of `decoder`, `encoder` and `bank`: the same classes over C kernels.

What is here is the border: bytes and arrays to pointers, errors, and the GIL, which is
released for all but the shortest calls.  The ordinary argument (bytes, or a contiguous
array of the right type) takes a short path to its pointer; any other goes through
`_arrays`, which converts it or says what is wrong, in the same words for both twins.
"""

cimport cython
from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS,
    PyBUF_FORMAT,
    PyBUF_WRITABLE,
    PyBuffer_Release,
    PyObject_CheckBuffer,
    PyObject_GetBuffer,
)
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from libc.stdint cimport int16_t, uint8_t, uint32_t
from libc.string cimport memcpy

from hamaproto.errors import LocalProtocolError
from hamaproto.gsm._arrays import (
    bad_frame_in_bank,
    bad_nibble,
    bank_view,
    check_policy,
    check_samples,
    check_seed,
    check_single,
    check_stream,
    check_streams,
    coded_view,
    frames_view,
    mask_view,
    new_frames,
    new_samples,
    pcm_bank_view,
    pcm_view,
    samples_view,
)
from hamaproto.wire.contract import ConstructorSignature

__all__ = [
    "Decoder",
    "DecoderBank",
    "Encoder",
    "EncoderBank",
    "instruction_set",
    "use_instruction_set",
]

cdef extern from "kernel_gsm.h" nogil:
    enum:
        GSM_FRAME_BYTES
        GSM_FRAME_SAMPLES
        GSM_MAGIC
        GSM_RAISE
        GSM_BEST

    ctypedef struct hama_gsm_decoder:
        uint8_t policy

    ctypedef struct hama_gsm_encoder:
        pass

    int hama_gsm_way()
    int hama_gsm_use(int way)
    void hama_gsm_decoder_init(hama_gsm_decoder *, int, int, uint32_t)
    void hama_gsm_decoder_reset(hama_gsm_decoder *)
    void hama_gsm_decode(hama_gsm_decoder *, const uint8_t *, size_t, int16_t *)
    void hama_gsm_conceal(hama_gsm_decoder *, int16_t *)
    void hama_gsm_bank_decode(
        hama_gsm_decoder *, size_t, const uint8_t *, size_t, const uint8_t *, const uint8_t *,
        int16_t *)
    void hama_gsm_encoder_init(hama_gsm_encoder *, int)
    void hama_gsm_encoder_reset(hama_gsm_encoder *)
    void hama_gsm_encode(hama_gsm_encoder *, const int16_t *, size_t, uint8_t *)
    void hama_gsm_bank_encode(
        hama_gsm_encoder *, size_t, const int16_t *, size_t, const uint8_t *, uint8_t *)

hama_gsm_use(GSM_BEST)

# Below so many frames, giving the GIL away and getting it back costs more than it gives.
cdef Py_ssize_t BULK = 8

# In the order of the numbers in kernel_gsm.h.
_WAYS = ("portable", "neon", "ssse3", "avx2", "avx512")

cdef object _empty = None
cdef object _int16 = None


def instruction_set() -> str:
    """The instruction set in use: "portable", "neon" (ARM), "ssse3", "avx2" or "avx512" (x86)."""
    return _WAYS[hama_gsm_way()]


def use_instruction_set(name: str) -> str:
    """Use another instruction set, or the nearest below that the machine has.

    For tests and benchmarks; it holds for the whole process.  Returns the one in use.
    """
    if name not in _WAYS:
        raise LocalProtocolError(f"instruction set {name!r}: allowed are {list(_WAYS)}")
    return _WAYS[hama_gsm_use(_WAYS.index(name))]


cdef object _new_samples(Py_ssize_t count):
    """`new_samples(count)`, without looking numpy up each time."""
    global _empty, _int16
    if _empty is None:
        import numpy
        _int16 = numpy.dtype(numpy.int16)
        _empty = numpy.empty
    return _empty(count, _int16)


@cython.final
def decoder_arguments(
    homing: bool = True, *, on_bad_frame: BadFrame = "raise", seed: int = 0
) -> None:
    """The arguments of `Decoder`: a class in C shows none by itself."""


def encoder_arguments(homing: bool = True) -> None:
    """Those of `Encoder`."""


def bank_arguments(
    streams: int, homing: bool = True, *, on_bad_frame: BadFrame = "raise", seed: int = 0
) -> None:
    """Those of `DecoderBank`."""


def encoder_bank_arguments(streams: int, homing: bool = True) -> None:
    """Those of `EncoderBank`."""


cdef class _Borrowed:
    """The memory of an object, for as long as this one lives.

    Samples at an odd address, which no int16 can have in C, are copied, and copied back.
    """

    cdef Py_buffer view
    cdef bint held
    cdef char *copy
    cdef char nothing

    def __dealloc__(self):
        if self.copy is not NULL:
            if not self.view.readonly:
                memcpy(self.view.buf, self.copy, self.view.len)
            PyMem_Free(self.copy)
        if self.held:
            PyBuffer_Release(&self.view)

    cdef char *whole(self, object value) except NULL:
        """All of it; a memoryview that was checked before."""
        PyObject_GetBuffer(value, &self.view, PyBUF_C_CONTIGUOUS)
        self.held = True
        # An empty view may have no address.
        return &self.nothing if self.view.buf is NULL else <char *> self.view.buf

    cdef int16_t *samples(self, object value, int flags) except NULL:
        """The same, as samples; `flags` says whether they are written."""
        PyObject_GetBuffer(value, &self.view, PyBUF_C_CONTIGUOUS | flags)
        self.held = True
        if self.view.buf is NULL:
            return <int16_t *> &self.nothing
        if not <size_t> self.view.buf & 1:
            return <int16_t *> self.view.buf
        if not flags:
            self.view.readonly = True
        self.copy = <char *> PyMem_Calloc(self.view.len, 1)
        if self.copy is NULL:
            raise MemoryError
        memcpy(self.copy, self.view.buf, self.view.len)
        return <int16_t *> self.copy


cdef bint _ordinary(object value, Py_buffer *view, char item, Py_ssize_t unit, int flags):
    """Borrow the memory of a one-dimensional array of whole units, if it is one."""
    if not PyObject_CheckBuffer(value):
        return False
    try:
        PyObject_GetBuffer(value, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | flags)
    except Exception:
        return False
    if (
        view.ndim == 1
        and view.format
        and view.format[0] == item
        and not view.format[1]
        and view.len
        and view.len % unit == 0
        and not (item == c"h" and <size_t> view.buf & 1)
    ):
        return True
    PyBuffer_Release(view)
    return False


cdef Py_ssize_t _first_bad(const uint8_t *frames, Py_ssize_t count) noexcept nogil:
    """The first frame that does not begin with the magic nibble, or -1."""
    cdef Py_ssize_t i
    for i in range(count):
        if frames[GSM_FRAME_BYTES * i] >> 4 != GSM_MAGIC:
            return i
    return -1


cdef class Decoder:
    """The decoder of one stream.

    `homing`: answer the decoder homing frame as EN 300 961 says; without it every frame
    is decoded alike, as the first edition of the standard did.  `on_bad_frame`: what to
    do with a frame that does not begin with 0xD: "raise" `LocalProtocolError`, "conceal"
    it like a lost one, or "decode" it all the same.  `seed`: of the grids that concealed
    frames get.

    After an error the state is what it was before the call, and `out` is untouched.
    One decoder belongs to one thread at a time; the compiled one releases the GIL in calls of
    8 frames and more.
    """

    __signature__ = ConstructorSignature(decoder_arguments)

    cdef hama_gsm_decoder state

    def __cinit__(self, homing=True, *, on_bad_frame="raise", seed=0):
        hama_gsm_decoder_init(
            &self.state, bool(homing), check_policy(on_bad_frame), check_seed(seed)
        )

    def reset(self) -> None:
        """Back to the state of a new decoder."""
        hama_gsm_decoder_reset(&self.state)

    def decode(self, frames: Any, out: Any = None) -> Samples:
        """Decode whole frames: bytes-like of 33 * n bytes, or uint8 of shape (..., 33).

        Gives int16 of shape (160 * n,): 8000 samples a second.  They are written to `out`
        if it is given, which then is what is returned.  Raises `LocalProtocolError` for
        anything but whole frames, for an array of another type or order, and for a bad
        first nibble if that is the policy.
        """
        cdef Py_buffer view
        cdef _Borrowed borrowed
        cdef Py_ssize_t length
        if type(frames) is bytes:
            length = PyBytes_GET_SIZE(frames)
            if length and length % GSM_FRAME_BYTES == 0:
                return self._decode(
                    <const uint8_t *> PyBytes_AS_STRING(frames), length // GSM_FRAME_BYTES, out
                )
        elif _ordinary(frames, &view, c"B", GSM_FRAME_BYTES, 0):
            try:
                return self._decode(<const uint8_t *> view.buf, view.len // GSM_FRAME_BYTES, out)
            finally:
                PyBuffer_Release(&view)
        checked = frames_view(frames)
        borrowed = _Borrowed()
        return self._decode(
            <const uint8_t *> borrowed.whole(checked), len(checked) // GSM_FRAME_BYTES, out
        )

    cdef object _decode(self, const uint8_t *frames, Py_ssize_t count, object out):
        cdef Py_buffer view
        cdef _Borrowed borrowed
        cdef Py_ssize_t bad
        samples = _new_samples(count * GSM_FRAME_SAMPLES) if out is None else out
        if self.state.policy == GSM_RAISE:
            bad = _first_bad(frames, count)
            if bad >= 0:
                # A bad `out` is complained of first, as in the pure twin.
                samples_view(samples, count * GSM_FRAME_SAMPLES)
                raise bad_nibble(bad, frames[GSM_FRAME_BYTES * bad])
        if _ordinary(samples, &view, c"h", 2 * GSM_FRAME_SAMPLES, PyBUF_WRITABLE):
            try:
                if view.len == 2 * GSM_FRAME_SAMPLES * count:
                    self._run(frames, count, <int16_t *> view.buf)
                    return samples
            finally:
                PyBuffer_Release(&view)
        borrowed = _Borrowed()
        self._run(
            frames,
            count,
            borrowed.samples(samples_view(samples, count * GSM_FRAME_SAMPLES), PyBUF_WRITABLE),
        )
        return samples

    cdef int _run(self, const uint8_t *frames, Py_ssize_t count, int16_t *out) except -1:
        if count < BULK:
            hama_gsm_decode(&self.state, frames, count, out)
        else:
            with nogil:
                hama_gsm_decode(&self.state, frames, count, out)
        return 0

    def decode_frame(self, frame: Any) -> list[int]:
        """Decode one frame of 33 bytes to a list of 160 samples, without numpy."""
        cdef int16_t[GSM_FRAME_SAMPLES] samples
        cdef const uint8_t[::1] view = check_single(frame)
        if self.state.policy == GSM_RAISE and view[0] >> 4 != GSM_MAGIC:
            raise bad_nibble(0, view[0])
        hama_gsm_decode(&self.state, &view[0], 1, samples)
        return [samples[k] for k in range(GSM_FRAME_SAMPLES)]

    def conceal(self, out: Any = None) -> Samples:
        """160 samples in place of a lost frame, after the example of GSM 06.11.

        The sound of the last good frame is repeated once, then fades, and is gone within
        320 ms.  A concealed frame is never taken for a homing frame.
        """
        cdef _Borrowed borrowed = _Borrowed()
        samples = _new_samples(GSM_FRAME_SAMPLES) if out is None else out
        hama_gsm_conceal(
            &self.state, borrowed.samples(samples_view(samples, GSM_FRAME_SAMPLES), PyBUF_WRITABLE)
        )
        return samples

    def __reduce__(self):
        raise TypeError("a Decoder can't be copied or pickled")


cdef class Encoder:
    """The encoder of one stream.

    `homing`: go home after the encoder homing frame, 160 samples of 0x0008, as EN 300 961
    says.  The three lower bits of a sample are not looked at: the input is 13 bits,
    left-justified.  After an error the state is what it was before the call.  One
    encoder belongs to one thread at a time; the compiled one releases the GIL in calls of 8
    frames and more.
    """

    __signature__ = ConstructorSignature(encoder_arguments)

    cdef hama_gsm_encoder state

    def __cinit__(self, homing=True):
        hama_gsm_encoder_init(&self.state, bool(homing))

    def reset(self) -> None:
        """Back to the state of a new encoder."""
        hama_gsm_encoder_reset(&self.state)

    def encode(self, pcm: Any) -> bytes:
        """Encode whole frames: int16 of shape (160 * n,), or as many little-endian bytes.

        Gives 33 bytes for each 160 samples.  Raises `LocalProtocolError` for anything but
        whole frames, and for an array of another type or order.
        """
        cdef Py_buffer view
        cdef _Borrowed borrowed
        if _ordinary(pcm, &view, c"h", 2 * GSM_FRAME_SAMPLES, 0):
            try:
                return self._encode(<const int16_t *> view.buf, view.len)
            finally:
                PyBuffer_Release(&view)
        checked = pcm_view(pcm)
        borrowed = _Borrowed()
        return self._encode(borrowed.samples(checked, 0), len(checked))

    cdef bytes _encode(self, const int16_t *samples, Py_ssize_t length):
        cdef Py_ssize_t count = length // (2 * GSM_FRAME_SAMPLES)
        cdef bytes frames = PyBytes_FromStringAndSize(NULL, GSM_FRAME_BYTES * count)
        cdef uint8_t *target = <uint8_t *> PyBytes_AS_STRING(frames)
        if count < BULK:
            hama_gsm_encode(&self.state, samples, count, target)
        else:
            with nogil:
                hama_gsm_encode(&self.state, samples, count, target)
        return frames

    def encode_frame(self, samples: Sequence[int]) -> bytes:
        """Encode 160 whole numbers from -32768 to 32767, without numpy."""
        cdef int16_t[GSM_FRAME_SAMPLES] values
        cdef uint8_t[GSM_FRAME_BYTES] frame
        check_samples(samples)
        for k in range(GSM_FRAME_SAMPLES):
            values[k] = samples[k]
        hama_gsm_encode(&self.state, values, 1, frame)
        return PyBytes_FromStringAndSize(<char *> frame, GSM_FRAME_BYTES)

    def __reduce__(self):
        raise TypeError("an Encoder can't be copied or pickled")


cdef class DecoderBank:
    """Decoders for `streams` streams; each behaves exactly like a `Decoder` of its own.

    `homing` and `on_bad_frame` are as for `Decoder` and hold for every stream; the grids
    of stream i's concealed frames have the seed `seed + i` (modulo 2**32).  After an
    error the state of every stream is what it was before the call.
    """

    __signature__ = ConstructorSignature(bank_arguments)

    cdef hama_gsm_decoder *decoders
    cdef Py_ssize_t count

    def __cinit__(self, streams, homing=True, *, on_bad_frame="raise", seed=0):
        cdef Py_ssize_t stream
        cdef int policy, home = bool(homing)
        cdef uint32_t first
        self.count = check_streams(streams)
        policy = check_policy(on_bad_frame)
        first = check_seed(seed)
        self.decoders = <hama_gsm_decoder *> PyMem_Calloc(self.count, sizeof(hama_gsm_decoder))
        if self.decoders is NULL:
            raise MemoryError
        for stream in range(self.count):
            hama_gsm_decoder_init(
                &self.decoders[stream], home, policy, first + <uint32_t> stream
            )

    def __dealloc__(self):
        PyMem_Free(self.decoders)

    @property
    def streams(self):
        """How many streams the bank has."""
        return self.count

    def reset(self, stream: int | None = None) -> None:
        """Back to the state of a new decoder: one stream, or all of them.

        A stream that another one takes the place of is reset before its first frame.
        """
        cdef Py_ssize_t i
        if stream is None:
            for i in range(self.count):
                hama_gsm_decoder_reset(&self.decoders[i])
        else:
            i = check_stream(stream, self.count)
            hama_gsm_decoder_reset(&self.decoders[i])

    def decode(
        self, frames: Any, *, lost: Any = None, idle: Any = None, out: Any = None
    ) -> Samples:
        """Decode uint8 of shape (streams, n, 33) to int16 of shape (streams, n * 160).

        `lost` and `idle` are bool arrays of shape (streams, n): a lost frame is concealed
        (see `Decoder.conceal`), an idle one is none at all: the stream's state stays and
        its samples are 0.  Where either is set the frame's bytes are not looked at, and
        idle goes before lost.  Raises `LocalProtocolError` as `Decoder.decode` does.
        """
        cdef _Borrowed frames_held = _Borrowed(), out_held = _Borrowed()
        cdef _Borrowed lost_held = _Borrowed(), idle_held = _Borrowed()
        cdef const uint8_t *lost_at = NULL
        cdef const uint8_t *idle_at = NULL
        view = bank_view(frames, self.count)
        cdef Py_ssize_t i, count = len(view) // (GSM_FRAME_BYTES * self.count)
        if lost is not None:
            checked = mask_view("lost", lost, self.count, count)
            lost_at = <const uint8_t *> lost_held.whole(checked)
        if idle is not None:
            checked = mask_view("idle", idle, self.count, count)
            idle_at = <const uint8_t *> idle_held.whole(checked)
        samples = new_samples(self.count, count * GSM_FRAME_SAMPLES) if out is None else out
        target = samples_view(samples, self.count, count * GSM_FRAME_SAMPLES)
        cdef const uint8_t *source = <const uint8_t *> frames_held.whole(view)
        cdef int16_t *to = out_held.samples(target, PyBUF_WRITABLE)
        if self.decoders[0].policy == GSM_RAISE:
            for i in range(self.count * count):
                if (
                    source[GSM_FRAME_BYTES * i] >> 4 != GSM_MAGIC
                    and not (lost_at and lost_at[i])
                    and not (idle_at and idle_at[i])
                ):
                    raise bad_frame_in_bank(i // count, i % count, source[GSM_FRAME_BYTES * i])
        with nogil:
            hama_gsm_bank_decode(self.decoders, self.count, source, count, lost_at, idle_at, to)
        return samples

    def __reduce__(self):
        raise TypeError("a DecoderBank can't be copied or pickled")


cdef class EncoderBank:
    """Encoders for `streams` streams; each behaves exactly like an `Encoder` of its own.

    `homing` is as for `Encoder` and holds for every stream.  After an error the state of
    every stream is what it was before the call.  One bank belongs to one thread at a time;
    the compiled one releases the GIL.
    """

    __signature__ = ConstructorSignature(encoder_bank_arguments)

    cdef hama_gsm_encoder *encoders
    cdef Py_ssize_t count

    def __cinit__(self, streams, homing=True):
        cdef Py_ssize_t stream
        cdef int home = bool(homing)
        self.count = check_streams(streams)
        self.encoders = <hama_gsm_encoder *> PyMem_Calloc(self.count, sizeof(hama_gsm_encoder))
        if self.encoders is NULL:
            raise MemoryError
        for stream in range(self.count):
            hama_gsm_encoder_init(&self.encoders[stream], home)

    def __dealloc__(self):
        PyMem_Free(self.encoders)

    @property
    def streams(self):
        """How many streams the bank has."""
        return self.count

    def reset(self, stream: int | None = None) -> None:
        """Back to the state of a new encoder: one stream, or all of them.

        A stream that another one takes the place of is reset before its first frame.
        """
        cdef Py_ssize_t i
        if stream is None:
            for i in range(self.count):
                hama_gsm_encoder_reset(&self.encoders[i])
        else:
            i = check_stream(stream, self.count)
            hama_gsm_encoder_reset(&self.encoders[i])

    def encode(self, pcm: Any, *, idle: Any = None, out: Any = None) -> Frames:
        """Encode int16 of shape (streams, n * 160) to uint8 of shape (streams, n, 33).

        `idle` is a bool array of shape (streams, n): where it is set the stream has no
        frame there.  Its state stays, its samples are not looked at, and its 33 bytes are
        0, which is no frame.  The frames are written to `out` if it is given, which then is
        what is returned.  Raises `LocalProtocolError` for an array of another shape, type
        or order.
        """
        cdef _Borrowed pcm_held = _Borrowed(), idle_held = _Borrowed(), out_held = _Borrowed()
        cdef const uint8_t *idle_at = NULL
        view = pcm_bank_view(pcm, self.count)
        cdef Py_ssize_t count = len(view) // (2 * GSM_FRAME_SAMPLES * self.count)
        if idle is not None:
            checked = mask_view("idle", idle, self.count, count)
            idle_at = <const uint8_t *> idle_held.whole(checked)
        frames = new_frames(self.count, count) if out is None else out
        target = coded_view(frames, self.count, count)
        cdef const int16_t *source = pcm_held.samples(view, 0)
        cdef uint8_t *to = <uint8_t *> out_held.whole(target)
        with nogil:
            hama_gsm_bank_encode(self.encoders, self.count, source, count, idle_at, to)
        return frames

    def __reduce__(self):
        raise TypeError("an EncoderBank can't be copied or pickled")
