"""Picture and sound together, read by FFmpeg."""

from __future__ import annotations

import asyncio
import io
from fractions import Fraction
from typing import Any

import av
import pytest
from gatewaying import house, run

from hamaproto.gateway.shot import Shot
from hamaproto.gateway.sound import Piece
from hamaproto.io.gateway_matroska import LiveMatroska


class Pipe(io.BytesIO):
    """Keeps what is written, and can't be sought in."""

    stuck = 0

    def seekable(self) -> bool:
        return False

    def waiting(self) -> int:
        return self.stuck


def packets(data: bytes) -> dict[str, list[tuple[float, bytes]]]:
    """Time and bytes of each packet, by the kind of its track."""
    found: dict[str, list[tuple[float, bytes]]] = {"video": [], "audio": []}
    with av.open(io.BytesIO(data)) as file:
        for packet in file.demux():
            if packet.size and packet.pts is not None:
                found[packet.stream.type].append(
                    (float(packet.pts * packet.time_base), bytes(packet))
                )
    return found


def picture() -> bytes:
    frame: Any = av.VideoFrame(64, 48, "yuvj420p")
    encoder: Any = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 64, 48, "yuvj420p"
    encoder.time_base = Fraction(1, 10)
    return bytes(encoder.encode(frame)[0])


@pytest.mark.parametrize("hears", [True, False])
def test_each_picture_and_each_sample_is_in_it_at_its_time(hears: bool) -> None:
    pipe, image = Pipe(), picture()
    both = LiveMatroska(pipe, (64, 48), hears=hears, most=1 << 20)
    for step in range(200):
        at = 100 + step / 50
        if step % 5 == 0:
            both.offer(Shot(step, image, at, 0.0))
        if hears:
            both.sounds.offer(Piece(step.to_bytes(2, "little") * 160, at + 0.02, 0.0))
    both.close()
    found = packets(pipe.getvalue())
    assert [data for _, data in found["video"]] == [image] * 40
    steps = [time for time, _ in found["video"]]
    assert steps == pytest.approx([number / 10 for number in range(40)], abs=0.02)
    assert both.sent == 40
    samples = b"".join(data for _, data in found["audio"])
    assert abs(len(samples) // 2 - (200 * 160 if hears else 0)) <= 800


def test_a_slow_one_has_pictures_left_out_and_no_part_of_one() -> None:
    pipe, image = Pipe(), picture()
    both = LiveMatroska(pipe, (64, 48), hears=False, most=1000)
    for step in range(30):
        pipe.stuck = 2000 if 10 <= step < 20 else 0
        both.offer(Shot(step, image, 100 + step / 10, 0.0))
    both.close()
    assert (both.sent, both.dropped) == (20, 10)
    assert [data for _, data in packets(pipe.getvalue())["video"]] == [image] * 20


@pytest.mark.parametrize("has_audio", [True, False])
def test_it_is_read_while_it_comes(has_audio: bool) -> None:
    async def main() -> None:
        async with (
            house(state={"has_audio": has_audio}) as made,
            made.session.get(f"{made.url}/c/camera/live.mkv") as answer,
        ):
            assert answer.content_type == "video/x-matroska"
            data = bytearray()
            async with asyncio.timeout(10):
                while len(data) < 60_000:
                    data += await answer.content.readany()
        found = packets(bytes(data))
        assert len(found["video"]) > 3
        assert all(image.startswith(b"\xff\xd8") for _, image in found["video"][:-1])
        assert bool(found["audio"]) is has_audio

    run(main)
