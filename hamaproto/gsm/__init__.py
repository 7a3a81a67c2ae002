"""GSM 06.10 full rate (EN 300 961): bytes of a stream to frames, frames to samples and back.

    GsmFrameParser   bytes -> frames, however damaged the stream
    Decoder          frames -> int16 samples, 8000 a second
    Encoder          samples -> frames
    DecoderBank      many streams at a time
    EncoderBank      the same the other way
    files            .gsm, WAV and WAV49 files <-> frames and samples

The codec is exact to the bit, homing included.  Its classes exist twice: in pure Python
(`hamaproto.gsm.decoder`, `.encoder`, `.bank`), which is the reference, and compiled
(`hamaproto.gsm._codec`); the names here are the compiled ones where they were built.
numpy is imported when the first array is made, not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hamaproto._accel import load
from hamaproto.gsm.framing import GsmEvent, GsmFrameParser

if TYPE_CHECKING:
    from hamaproto.gsm.bank import DecoderBank, EncoderBank
    from hamaproto.gsm.decoder import Decoder
    from hamaproto.gsm.encoder import Encoder
elif (_compiled := load("hamaproto.gsm._codec")) is not None:
    Decoder, Encoder = _compiled.Decoder, _compiled.Encoder
    DecoderBank, EncoderBank = _compiled.DecoderBank, _compiled.EncoderBank
else:
    from hamaproto.gsm.bank import DecoderBank, EncoderBank
    from hamaproto.gsm.decoder import Decoder
    from hamaproto.gsm.encoder import Encoder

__all__ = ["Decoder", "DecoderBank", "Encoder", "EncoderBank", "GsmEvent", "GsmFrameParser"]
