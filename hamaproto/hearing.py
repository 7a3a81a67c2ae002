"""The sound of a camera as samples, or as frames of GSM, whatever it is that comes."""

from __future__ import annotations

from hamaproto.events import AudioFrame, G711Frame
from hamaproto.gsm import Decoder, Encoder
from hamaproto.gsm.g711 import decode

__all__ = ["Hearing"]


class Hearing:
    """One stream of sound; each frame of it is to be given once, to one of the methods."""

    def __init__(self) -> None:
        self._decoder = Decoder(on_bad_frame="conceal")
        self._encoder: Encoder | None = None

    def samples(self, frame: AudioFrame) -> bytes:
        """16-bit samples in the machine's order, 8000 a second."""
        if isinstance(frame, G711Frame):
            return decode(frame.data, frame.law).tobytes()
        return self._decoder.decode(frame.data).tobytes()

    def gsm(self, frame: AudioFrame) -> bytes:
        """The frame as it came, or G.711 as a frame of GSM."""
        if not isinstance(frame, G711Frame):
            return frame.data
        if self._encoder is None:
            self._encoder = Encoder()
        return bytes(self._encoder.encode(decode(frame.data, frame.law)))
