"""What the codec's classes accept and give: bytes and numpy arrays, checked here alone.

Both twins come through here, so that they accept the same and say the same where they
do not.  A check that fails raises before anything is decoded or encoded: the state of
the codec is then what it was before the call.  numpy is imported by the function that
makes an array and nowhere else: framing a stream, or decoding single frames into lists,
needs none of it.
"""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING, Any, Literal, get_args

from hamaproto.errors import LocalProtocolError
from hamaproto.gsm.tables import FRAME_BYTES, FRAME_SAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    Samples = npt.NDArray[np.int16]
    Frames = npt.NDArray[np.uint8]

__all__ = [
    "BadFrame",
    "bad_frame_in_bank",
    "bad_nibble",
    "bank_view",
    "check_policy",
    "check_samples",
    "check_seed",
    "check_single",
    "check_stream",
    "check_streams",
    "coded_view",
    "frames_view",
    "mask_view",
    "new_frames",
    "new_samples",
    "pcm_array",
    "pcm_bank_view",
    "pcm_view",
    "samples_view",
]

#: What a decoder does with a frame whose first nibble is not 0xD.
BadFrame = Literal["raise", "conceal", "decode"]
POLICIES: tuple[str, ...] = get_args(BadFrame)


def check_policy(on_bad_frame: str) -> int:
    """The policy's index in `POLICIES`; raises `LocalProtocolError` for any other word."""
    if on_bad_frame not in POLICIES:
        raise LocalProtocolError(f"on_bad_frame={on_bad_frame!r}: allowed are {list(POLICIES)}")
    return POLICIES.index(on_bad_frame)


def check_seed(seed: int) -> int:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 1 << 32:
        raise LocalProtocolError(f"seed={seed!r}: a whole number from 0 to 2**32 - 1 is needed")
    return seed


#: Streams of one bank; each has about 700 bytes of state.
MOST_STREAMS = 65536


def check_streams(value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_STREAMS:
        raise LocalProtocolError(
            f"streams={value!r}: a whole number of at least 1 is needed, and at most {MOST_STREAMS}"
        )
    return value


def bad_nibble(index: int, byte: int) -> LocalProtocolError:
    return LocalProtocolError(
        f"frame {index} begins with the nibble 0x{byte >> 4:X}: a GSM 06.10 frame begins with 0xD "
        "(on_bad_frame='conceal' or 'decode' lets it pass)"
    )


def bad_frame_in_bank(stream: int, index: int, byte: int) -> LocalProtocolError:
    return LocalProtocolError(f"stream {stream}, {bad_nibble(index, byte)}")


def check_stream(stream: int, streams: int) -> int:
    if isinstance(stream, bool) or not isinstance(stream, int) or not 0 <= stream < streams:
        raise LocalProtocolError(f"stream={stream!r}: allowed are 0 to {streams - 1}")
    return stream


def check_single(frame: Any) -> memoryview:
    """One frame."""
    view = frames_view(frame)
    if len(view) != FRAME_BYTES:
        raise LocalProtocolError(
            f"frame: {len(view)} bytes are not one frame, which is {FRAME_BYTES} bytes"
        )
    return view


def check_samples(samples: Sequence[int]) -> None:
    """The samples of one frame."""
    if len(samples) != FRAME_SAMPLES:
        raise LocalProtocolError(
            f"samples: {len(samples)} are not one frame, which is {FRAME_SAMPLES} samples"
        )
    for index, sample in enumerate(samples):
        if not -32768 <= sample <= 32767:
            raise LocalProtocolError(
                f"samples[{index}]={sample!r}: allowed are -32768 to 32767 (int16)"
            )


def _view(what: str, value: Any) -> memoryview:
    try:
        view = memoryview(value)
    except TypeError:
        raise LocalProtocolError(
            f"{what}: bytes, a bytearray, a memoryview or a numpy array is needed, "
            f"not {type(value).__name__}"
        ) from None
    if not view.c_contiguous:
        raise LocalProtocolError(
            f"{what}: an array of shape {view.shape} with strides {view.strides} is not "
            "contiguous; numpy.ascontiguousarray() makes one that is"
        )
    return view


def _is_int16(view: memoryview) -> bool:
    native = "<" if sys.byteorder == "little" else ">"
    return view.format in ("h", "=h", "@h", native + "h")


def frames_view(frames: Any) -> memoryview:
    """`frames` as one flat run of whole 33-byte frames.

    Accepted are bytes-like objects and uint8 arrays of shape (33 * n,) or (..., 33).
    """
    view = _view("frames", frames)
    if view.format not in ("B", "c"):
        raise LocalProtocolError(
            f"frames: items of format {view.format!r} are not allowed; bytes (uint8) are needed"
        )
    if view.ndim > 1 and view.shape and view.shape[-1] != FRAME_BYTES:
        raise LocalProtocolError(
            f"frames: the last axis of an array of shape {view.shape} must be {FRAME_BYTES}, "
            "the bytes of a frame"
        )
    if view.nbytes % FRAME_BYTES:
        raise LocalProtocolError(
            f"frames: {view.nbytes} bytes are not whole frames; GSM 06.10 frames are "
            f"{FRAME_BYTES} bytes each"
        )
    # A view without a byte can't be cast.
    return view.cast("B") if view.nbytes else memoryview(b"")


def pcm_view(pcm: Any) -> memoryview:
    """`pcm` as one flat run of bytes holding whole 160-sample frames.

    Accepted are int16 arrays in the machine's byte order and bytes-like objects of
    little-endian int16.
    """
    view = _view("pcm", pcm)
    as_bytes = view.format in ("B", "c")
    if not as_bytes and not _is_int16(view):
        raise LocalProtocolError(
            f"pcm: items of format {view.format!r} are not allowed; int16 in the machine's byte "
            "order, or bytes of little-endian int16, are needed"
        )
    if view.ndim > 1:
        raise LocalProtocolError(
            f"pcm: an array of shape {view.shape} is not allowed; one channel, shape (160 * n,), "
            "is needed"
        )
    if view.nbytes % 2:
        raise LocalProtocolError(
            f"pcm: {view.nbytes} bytes is an odd number; a sample is 2 bytes (int16)"
        )
    if view.nbytes % (2 * FRAME_SAMPLES):
        raise LocalProtocolError(
            f"pcm: {view.nbytes // 2} samples are not whole frames; GSM 06.10 frames are "
            f"{FRAME_SAMPLES} samples each"
        )
    if as_bytes and sys.byteorder == "big":
        swapped = array("h", view.tobytes())
        swapped.byteswap()
        view = memoryview(swapped)
    return view.cast("B") if view.nbytes else memoryview(b"")


def pcm_array(pcm: Any) -> array[int]:
    """A copy of `pcm` as an array of int16."""
    return array("h", pcm_view(pcm).tobytes())


def new_samples(*shape: int) -> Samples:
    """A new int16 array."""
    import numpy as np

    return np.empty(shape, np.int16)


def samples_view(out: Any, *shape: int) -> memoryview:
    """The caller's array for the samples as a flat run of int16 that may be written."""
    view = _view("out", out)
    if view.readonly:
        raise LocalProtocolError("out: the array is read-only")
    if not _is_int16(view):
        raise LocalProtocolError(
            f"out: items of format {view.format!r} are not allowed; int16 is needed"
        )
    if view.shape != shape:
        raise LocalProtocolError(f"out: shape {view.shape} is not allowed; {shape} is needed")
    return view.cast("B").cast("h") if view.nbytes else memoryview(array("h"))


def new_frames(streams: int, count: int) -> Frames:
    """A new array for the frames of a bank."""
    import numpy as np

    return np.empty((streams, count, FRAME_BYTES), np.uint8)


def coded_view(out: Any, streams: int, count: int) -> memoryview:
    """The caller's array for the frames of a bank as a flat run of bytes that may be written."""
    view = _view("out", out)
    shape = (streams, count, FRAME_BYTES)
    if view.readonly:
        raise LocalProtocolError("out: the array is read-only")
    if view.format not in ("B", "c"):
        raise LocalProtocolError(
            f"out: items of format {view.format!r} are not allowed; bytes (uint8) are needed"
        )
    if view.shape != shape:
        raise LocalProtocolError(f"out: shape {view.shape} is not allowed; {shape} is needed")
    return view.cast("B") if view.nbytes else memoryview(bytearray())


def pcm_bank_view(pcm: Any, streams: int) -> memoryview:
    """The sound of a bank, int16 of shape (streams, n * 160), as one flat run of bytes."""
    view = _view("pcm", pcm)
    if not _is_int16(view):
        raise LocalProtocolError(
            f"pcm: items of format {view.format!r} are not allowed; int16 in the machine's byte "
            "order is needed"
        )
    shape = view.shape or ()
    if len(shape) != 2 or shape[0] != streams or shape[1] % FRAME_SAMPLES:
        raise LocalProtocolError(
            f"pcm: shape {shape} is not allowed; ({streams}, n * {FRAME_SAMPLES}) is needed: "
            f"streams, and the samples of whole frames of {FRAME_SAMPLES}"
        )
    return view.cast("B") if view.nbytes else memoryview(b"")


def bank_view(frames: Any, streams: int) -> memoryview:
    """The frames of a bank, uint8 of shape (streams, n, 33), as one flat run."""
    view = _view("frames", frames)
    if view.format not in ("B", "c"):
        raise LocalProtocolError(
            f"frames: items of format {view.format!r} are not allowed; bytes (uint8) are needed"
        )
    shape = view.shape or ()
    if len(shape) != 3 or shape[0] != streams or shape[2] != FRAME_BYTES:
        raise LocalProtocolError(
            f"frames: shape {shape} is not allowed; ({streams}, n, {FRAME_BYTES}) is needed: "
            f"streams, frames, and the {FRAME_BYTES} bytes of a frame"
        )
    return view.cast("B") if view.nbytes else memoryview(b"")


def mask_view(name: str, mask: Any, streams: int, count: int) -> memoryview:
    """A bank's mask, bool of shape (streams, n), as one flat run; None is all False."""
    if mask is None:
        return memoryview(bytes(streams * count))
    view = _view(name, mask)
    if view.format not in ("?", "B"):
        raise LocalProtocolError(
            f"{name}: items of format {view.format!r} are not allowed; bool is needed"
        )
    if view.shape != (streams, count):
        raise LocalProtocolError(
            f"{name}: shape {view.shape} is not allowed; {(streams, count)} is needed"
        )
    return view.cast("B") if view.nbytes else memoryview(b"")
