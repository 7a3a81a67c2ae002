"""Faults of time, of chance, of sound and of the service: when something comes, and whether.

What is left to chance is taken from `Turn.chance` and nowhere else, so that the same seed gives
the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from hamaproto.camera.shapes import Asked, Ending, Fault, Options, Reaction, Turn, options
from hamaproto.events import AnomalyCode as Code

__all__ = ["MOVED", "STREAM_FAULTS"]

#: What stands before the path of what has moved.
MOVED: Final = "/moved"

#: Fewer frames, or others, and nothing is wrong with them.
_OTHERS: Final = Reaction(frames="some")
#: An image that its length promised, and that did not come to its end.
_CUT_OFF: Final = frozenset({Code.TRUNCATED_IMAGE, Code.LENGTH_MISMATCH})


def _drop(turn: Turn, given: Options) -> tuple[int, ...]:
    lost = turn.chance("drop").random() * 100 < given["percent"]
    return () if lost else (0,)


def _duplicate(turn: Turn, given: Options) -> tuple[int, ...]:
    again = turn.chance("duplicate").random() * 100 < given["percent"]
    return (0, 0) if again else (0,)


def _reorder(turn: Turn, given: Options) -> tuple[int, ...]:
    # Two neighbours change places: what is decided for the first holds for the second.
    second = turn.number % 2
    chance = turn.chance("reorder", turn.number - second)
    changed = chance.random() * 100 < given["percent"]
    return (-1 if second else 1,) if changed else (0,)


def _corrupt(turn: Turn, data: bytes, given: Options) -> bytes:
    chance = turn.chance("corrupt")
    expected = len(data) * given["million"] / 1_000_000
    count = int(expected) + (chance.random() < expected - int(expected))
    damaged = bytearray(data)
    for _ in range(count):
        # Another byte than the one that was there, any of the 255.
        damaged[int(chance.random() * len(data))] ^= 1 + int(chance.random() * 255)
    return bytes(damaged)


def _jitter(turn: Turn, given: Options) -> float:
    # A few come very late and most hardly: the square of an even chance.
    return given["seconds"] * turn.chance("jitter").random() ** 2


def _burst(turn: Turn, given: Options) -> float:
    frames = max(1, int(given["frames"]))
    return (frames - 1 - turn.number % frames) / turn.rate


def _late_sound(turn: Turn, given: Options) -> float:
    return given["seconds"]


def _short_audio(number: int, frame: bytes, given: Options) -> bytes:
    return frame[:-5] if number % 25 == 24 else frame


def _misaligned(number: int, frame: bytes, given: Options) -> bytes:
    return frame[int(given["bytes"]) :] if number == 0 else frame


def _ending(about: str, ending: Ending, reaction: Reaction) -> Fault:
    return Fault(about, reaction, ending=ending, options=options(after=3))


def _busy(asked: Asked, given: Options) -> tuple[bytes, ...] | None:
    times = int(given["times"])
    if asked.number % (times + 1) == times:
        return None
    return (b"HTTP/1.1 429 Too Many Requests", b"Retry-After: %d" % int(given["seconds"]))


def _moved(asked: Asked, given: Options) -> tuple[bytes, ...] | None:
    if asked.target.startswith(MOVED + "/"):
        return None
    location = f"http://{asked.host}{MOVED}{asked.target}".encode("latin-1", "replace")
    return (b"HTTP/1.1 302 Found", b"Location: " + location)


def _bare_ok(body: bytes) -> bytes:
    return b"OK" if body == b"OK\r\n" else body


def _axis_error(body: bytes) -> bytes:
    return body.replace(b"# Error -1 getting", b"# Error: Error -1 getting")


def _switch(about: str, *names: str, reaction: Reaction | None = None, **given: float) -> Fault:
    """A row that the connection itself knows what to do about."""
    return Fault(about, reaction or Reaction(), options(**given), switches=frozenset(names))


STREAM_FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        # which frames come
        "drop": Fault(
            "frames are left out, so many in a hundred",
            _OTHERS,
            options(percent=10.0),
            choice=_drop,
        ),
        "duplicate": Fault(
            "frames come twice, so many in a hundred",
            _OTHERS,
            options(percent=10.0),
            choice=_duplicate,
        ),
        "reorder": Fault(
            "two frames change places, so many pairs in a hundred",
            _OTHERS,
            options(percent=10.0),
            choice=_reorder,
        ),
        "corrupt": Fault(
            "wrong bytes in streams, so many in a million",
            _OTHERS,
            options(million=100.0),
            damage=_corrupt,
        ),
        # when they come
        "slow-start": _switch("the answer begins so many seconds late", "slow", seconds=1.0),
        "drip": _switch(
            "an answer comes in pieces of so many bytes, so many seconds apart",
            "drip",
            bytes=500,
            seconds=0.005,
        ),
        "jitter": Fault(
            "frames come up to so many seconds late, each as chance has it",
            options=options(seconds=0.1),
            late=_jitter,
        ),
        "burst": Fault(
            "frames come so many at once, then none for as long",
            options=options(frames=5),
            late=_burst,
        ),
        "wrong-clock": _switch(
            "the camera's clock is wrong by so many seconds", "clock", offset=-86400.0
        ),
        # the end
        "die": _ending(
            "the stream is closed in the middle of a frame",
            Ending.DIE,
            Reaction(_CUT_OFF, frames="whole", error="ConnectionLostError"),
        ),
        "stall": _ending(
            "the stream falls silent after a frame",
            Ending.STALL,
            Reaction(error="IdleTimeoutError"),
        ),
        "stall-inside": _ending(
            "the stream falls silent inside a frame",
            Ending.STALL_INSIDE,
            Reaction(_CUT_OFF, frames="whole", error="IdleTimeoutError"),
        ),
        "reset": _ending(
            "the connection is reset after a frame",
            Ending.RESET,
            Reaction(error="ConnectionLostError"),
        ),
        "close": _ending("a closing delimiter, then the end", Ending.CLOSE, Reaction()),
        # sound
        "short-audio": Fault(
            "every 25th GSM frame lacks its last 5 bytes",
            Reaction(frozenset({Code.LOST_SYNC}), frames="some", on="audio"),
            audio=_short_audio,
        ),
        "misaligned": Fault(
            "sound begins inside a GSM frame, so many bytes behind its start",
            Reaction(frozenset({Code.LOST_SYNC}), frames="some", on="audio"),
            options(bytes=5),
            audio=_misaligned,
        ),
        "late-sound": Fault(
            "sound begins so many seconds late",
            Reaction(on="audio"),
            options(seconds=2.0),
            late=_late_sound,
            sound=True,
        ),
        "sound-clock": _switch(
            "the sound's clock is fast by so many millionths",
            "sound-clock",
            reaction=Reaction(on="audio"),
            ppm=500.0,
        ),
        # the service
        "full": _switch(
            "all slots for streams are taken",
            "full",
            reaction=Reaction(frames="none", error="BusyError"),
        ),
        "mute": _switch(
            "requests are read and not answered",
            "mute",
            reaction=Reaction(frames="none", error="IdleTimeoutError"),
        ),
        "early": _switch(
            "empty lines come before anything was asked",
            "early",
            reaction=Reaction(frozenset({Code.LEADING_EMPTY_LINES})),
        ),
        "busy": Fault(
            "so many requests in a row get 429 and Retry-After, then one its answer",
            Reaction(frames="none", error="BusyError"),
            options(times=1, seconds=1),
            answer=_busy,
        ),
        "redirect": Fault("what is asked for has moved", answer=_moved),
        "gzip": _switch("bodies are packed by gzip", "gzip"),
        "digest": _switch("Digest instead of Basic, as later siblings ask for it", "digest"),
        "one-time-nonces": _switch(
            "Digest, and each nonce is good for one request", "digest", "one-time"
        ),
        "login-refused": _switch(
            "so many right logins in a row are refused, then one is accepted",
            "refusing",
            reaction=Reaction(frames="none", error="AuthenticationError", recovers=False),
            times=1,
        ),
        "bare-ok": Fault("OK without a line end", Reaction(on="list"), text=_bare_ok),
        "axis-error": Fault(
            "error lines in the words of Axis",
            Reaction(error="RefusedError", recovers=False, on="list"),
            text=_axis_error,
        ),
        # a picture, which has a length
        "short-body": Fault(
            "a picture is closed before its length is there",
            Reaction(
                frozenset({Code.TRUNCATED_BODY, Code.TRUNCATED_IMAGE}), frames="whole", on="image"
            ),
            image=lambda body: body[: len(body) // 2],
        ),
        "long-body": Fault(
            "bytes behind a picture that its length does not count",
            # The picture is given with its last byte, and the connection is done then.
            Reaction(on="image"),
            image=lambda body: body + b"\r\n\x00\x00 more \xff",
        ),
    }
)
"""The rows, by their names."""
