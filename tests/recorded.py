"""What is in a recording, read by FFmpeg; and what the tests put into one."""

from __future__ import annotations

from pathlib import Path

import av

from hamaproto.cli.recording import Recorder


def pictures_in(path: str | Path) -> list[tuple[bytes, float]]:
    with av.open(str(path)) as file:
        return [
            (bytes(packet), float(packet.pts * packet.time_base))
            for packet in file.demux(video=0)
            if packet.size
        ]


def sound_in(path: str | Path) -> list[tuple[bytes, float]]:
    with av.open(str(path)) as file:
        return [
            (bytes(packet), float(packet.pts * packet.time_base))
            for packet in file.demux(audio=0)
            if packet.size
        ]


def fill(recorder: Recorder, images: list[bytes]) -> None:
    for number, image in enumerate(images):
        recorder.picture(image, number / 10)
        recorder.sound(bytes(1600), number * 800)


def numbered_sound(start: int, count: int) -> bytes:
    """Samples that say themselves which they are."""
    return b"".join(
        (number % 30_000).to_bytes(2, "little") for number in range(start, start + count)
    )
