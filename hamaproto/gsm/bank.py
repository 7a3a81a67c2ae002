"""Many streams of GSM 06.10 in step, in pure Python: one decoder or encoder a stream.

What the banks are for shows in their compiled twins, which take sixteen streams in the
lanes of one register.  Streams come and go and lose frames independently: for each
frame of each stream the caller may say that it was lost, or that the stream has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hamaproto.gsm._arrays import (
    BadFrame,
    bad_frame_in_bank,
    bank_view,
    check_policy,
    check_seed,
    check_stream,
    check_streams,
    coded_view,
    mask_view,
    new_frames,
    new_samples,
    pcm_bank_view,
    samples_view,
)
from hamaproto.gsm.decoder import Decoder
from hamaproto.gsm.encoder import Encoder
from hamaproto.gsm.tables import FRAME_BYTES, FRAME_SAMPLES, MAGIC

if TYPE_CHECKING:
    from hamaproto.gsm._arrays import Frames, Samples

__all__ = ["DecoderBank", "EncoderBank"]

#: The samples of an idle stream, for the length of a frame.
SILENCE = memoryview(bytes(2 * FRAME_SAMPLES)).cast("h")


class DecoderBank:
    """Decoders for `streams` streams; each behaves exactly like a `Decoder` of its own.

    `homing` and `on_bad_frame` are as for `Decoder` and hold for every stream; the grids
    of stream i's concealed frames have the seed `seed + i` (modulo 2**32).  After an
    error the state of every stream is what it was before the call.
    """

    __slots__ = ("_decoders", "_policy")

    def __init__(
        self,
        streams: int,
        homing: bool = True,
        *,
        on_bad_frame: BadFrame = "raise",
        seed: int = 0,
    ) -> None:
        check_streams(streams)
        self._policy = check_policy(on_bad_frame)
        check_seed(seed)
        self._decoders = [
            Decoder(homing, on_bad_frame=on_bad_frame, seed=(seed + stream) & 0xFFFFFFFF)
            for stream in range(streams)
        ]

    @property
    def streams(self) -> int:
        """How many streams the bank has."""
        return len(self._decoders)

    def reset(self, stream: int | None = None) -> None:
        """Back to the state of a new decoder: one stream, or all of them.

        A stream that another one takes the place of is reset before its first frame.
        """
        if stream is None:
            for decoder in self._decoders:
                decoder.reset()
        else:
            self._decoders[check_stream(stream, len(self._decoders))].reset()

    def decode(
        self, frames: Any, *, lost: Any = None, idle: Any = None, out: Any = None
    ) -> Samples:
        """Decode uint8 of shape (streams, n, 33) to int16 of shape (streams, n * 160).

        `lost` and `idle` are bool arrays of shape (streams, n): a lost frame is concealed
        (see `Decoder.conceal`), an idle one is none at all: the stream's state stays and
        its samples are 0.  Where either is set the frame's bytes are not looked at, and
        idle goes before lost.  Raises `LocalProtocolError` as `Decoder.decode` does.
        """
        streams = len(self._decoders)
        view = bank_view(frames, streams)
        count = len(view) // (FRAME_BYTES * streams)
        lost_mask = mask_view("lost", lost, streams, count)
        idle_mask = mask_view("idle", idle, streams, count)
        samples = new_samples(streams, count * FRAME_SAMPLES) if out is None else out
        target = samples_view(samples, streams, count * FRAME_SAMPLES)
        if self._policy == 0:
            for index, byte in enumerate(view[::FRAME_BYTES]):
                if byte >> 4 != MAGIC and not lost_mask[index] and not idle_mask[index]:
                    raise bad_frame_in_bank(*divmod(index, count), byte)
        for index in range(streams * count):
            decoder = self._decoders[index // count]
            piece = target[index * FRAME_SAMPLES : (index + 1) * FRAME_SAMPLES]
            if idle_mask[index]:
                piece[:] = SILENCE
            elif lost_mask[index]:
                decoder.conceal(piece)
            else:
                decoder.decode(view[index * FRAME_BYTES : (index + 1) * FRAME_BYTES], piece)
        return samples


class EncoderBank:
    """Encoders for `streams` streams; each behaves exactly like an `Encoder` of its own.

    `homing` is as for `Encoder` and holds for every stream.  After an error the state of
    every stream is what it was before the call.  One bank belongs to one thread at a time;
    the compiled one releases the GIL.
    """

    __slots__ = ("_encoders",)

    def __init__(self, streams: int, homing: bool = True) -> None:
        check_streams(streams)
        self._encoders = [Encoder(homing) for _ in range(streams)]

    @property
    def streams(self) -> int:
        """How many streams the bank has."""
        return len(self._encoders)

    def reset(self, stream: int | None = None) -> None:
        """Back to the state of a new encoder: one stream, or all of them.

        A stream that another one takes the place of is reset before its first frame.
        """
        if stream is None:
            for encoder in self._encoders:
                encoder.reset()
        else:
            self._encoders[check_stream(stream, len(self._encoders))].reset()

    def encode(self, pcm: Any, *, idle: Any = None, out: Any = None) -> Frames:
        """Encode int16 of shape (streams, n * 160) to uint8 of shape (streams, n, 33).

        `idle` is a bool array of shape (streams, n): where it is set the stream has no
        frame there.  Its state stays, its samples are not looked at, and its 33 bytes are
        0, which is no frame.  The frames are written to `out` if it is given, which then is
        what is returned.  Raises `LocalProtocolError` for an array of another shape, type
        or order.
        """
        streams = len(self._encoders)
        view = pcm_bank_view(pcm, streams)
        count = len(view) // (2 * FRAME_SAMPLES * streams)
        idle_mask = mask_view("idle", idle, streams, count)
        frames = new_frames(streams, count) if out is None else out
        target = coded_view(frames, streams, count)
        samples = view.cast("h") if count else view
        for index in range(streams * count):
            piece = samples[index * FRAME_SAMPLES : (index + 1) * FRAME_SAMPLES]
            target[index * FRAME_BYTES : (index + 1) * FRAME_BYTES] = (
                bytes(FRAME_BYTES)
                if idle_mask[index]
                else self._encoders[index // count].encode(piece)
            )
        return frames
