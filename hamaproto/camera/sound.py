"""What the simulated camera hears: the number of a GSM frame in, its 33 bytes out."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final

__all__ = ["CHIME", "FRAME_SIZE", "SILENCE", "Sound"]

#: Bytes of a GSM 06.10 frame, 20 ms of sound.
FRAME_SIZE: Final = 33
#: The frame that an encoder in its home state makes of silence.
SILENCE: Final = bytes.fromhex("d820a2e15a50004924924924500049249249245000492492492450004924924924")

#: Any function will do that answers a number (0 and up) with a frame.
Sound = Callable[[int], bytes]

_LOOP: Final = base64.b64decode(
    "1H7LIVqxwMkqdNg70UEbD08bDvFhHp4aHl7xgJ6WNiyk1H3LIVpR4KkdbptNUYDTYcnVG1HARRyqp8VR4EkakdSq"
    "1H7LIVqRoLikOS4k8SEXhYenhuGgri0dPi3xwNp6eNiy1H7LIVqRoKqdUboj4aCqnVG6I1HgZZqxVnih4GWasVZ4"
    "1H7LIVrx4GWasVZ4UcA1W4q04nGACNtRtxxhgAkqkbkd"
)


def CHIME(number: int) -> bytes:
    start = number * FRAME_SIZE % len(_LOOP)
    return _LOOP[start : start + FRAME_SIZE]
