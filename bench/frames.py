"""The pictures that the MJPEG measurements run over: 2000 real JPEGs of 640x480.

ffmpeg's filters draw them (eight flights into the Mandelbrot set, with a camera's noise) and
its encoder compresses them, 23 to 45 kB each, so their bytes have the statistics of ordinary
entropy-coded data.  Everything is seeded.  They are kept in a folder below the system's
temporary one, because drawing them takes a quarter of a minute.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

__all__ = ["frames"]

WIDTH, HEIGHT, RATE = 640, 480, 25
#: Where each flight begins: the point that it goes towards.
SCENES = (
    (-0.743643887037151, -0.131825904205330),
    (-0.7453, 0.1127),
    (0.2929859127507, 0.6117848324958),
    (-1.25066, 0.02012),
    (-0.235125, 0.827215),
    (0.001643721971153, -0.822467633298876),
    (-0.170337, -1.06506),
    (0.42884, -0.231345),
)
QUALITY = 7


def _scene(number: int, count: int) -> Iterator[bytes]:
    import av
    from av.filter import Graph

    x, y = SCENES[number]
    chain = (
        ("mandelbrot", f"size={WIDTH}x{HEIGHT}:rate={RATE}:maxiter=500:start_x={x}:start_y={y}"),
        ("noise", f"alls=9:all_seed={number + 1}:allf=t"),
        ("format", "yuvj420p"),
        ("buffersink", ""),
    )
    graph = Graph()
    nodes = [graph.add(name, arguments) for name, arguments in chain]
    for one, two in pairwise(nodes):
        one.link_to(two)
    graph.configure()
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuvj420p"
    encoder.time_base = Fraction(1, RATE)
    # One slice and the standard Huffman tables, as in a camera.
    encoder.thread_count = 1
    encoder.options = {"qmin": str(QUALITY), "qmax": str(QUALITY), "huffman": "default"}
    for index in range(count):
        picture = graph.vpull()
        picture.pts = index
        for packet in encoder.encode(picture):
            yield bytes(packet)
    for packet in encoder.encode(None):
        yield bytes(packet)


def _draw(count: int) -> Iterator[bytes]:
    share = -(-count // len(SCENES))
    for number in range(len(SCENES)):
        yield from _scene(number, min(share, count - number * share))


def frames(count: int = 2000) -> list[bytes]:
    """`count` JPEG images, the same ones each time; drawn once for each version of PyAV."""
    import av

    folder = Path(tempfile.gettempdir()) / "hamaproto-bench"
    file = folder / f"frames-{count}-q{QUALITY}-av{av.__version__}.bin"
    if not file.exists():
        folder.mkdir(exist_ok=True)
        drawn = file.with_suffix(".part")
        with drawn.open("wb") as out:
            for data in _draw(count):
                out.write(len(data).to_bytes(4, "big") + data)
        drawn.replace(file)
    whole = file.read_bytes()
    pictures = []
    at = 0
    while at < len(whole):
        size = int.from_bytes(whole[at : at + 4], "big")
        pictures.append(whole[at + 4 : at + 4 + size])
        at += 4 + size
    return pictures
