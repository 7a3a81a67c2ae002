"""What a flood costs: bytes that are no images and are repeated to no end.

Each is fed to both twins at each place of a stream, in large pieces and byte by byte, and compared
with ordinary data in pieces of the same size.  The second row of each has four times as much of
it: a byte is to cost the same there.
"""

from __future__ import annotations

import gc
import importlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

from bench.measure.entries import NS_A_BYTE, Contest, Options, Skipped, Told
from bench.streams import CONTENT_TYPE, stored, vga_frames
from fixtures.build.traps import FLOOD_PLACES, floods
from fixtures.feeding import pieces

__all__ = ["SETTINGS", "contests"]

#: Bytes of a flood in large pieces; of one fed byte by byte a 25th.
SETTINGS = {"bytes": 100_000}
MICRO = False
ORDINARY = "ordinary data"
#: Seconds after which a flood is told by what was fed of it until then.
PATIENCE = 0.1
TWINS = {"compiled": "hamaproto.wire._mjpeg.parser", "pure": "hamaproto.wire.mjpeg.parser"}


def per_byte(parser_class: Any, start: bytes, data: bytes, size: int) -> float:
    """Nanoseconds a byte of `data`, behind a stream that begins with `start`."""
    from hamaproto.errors import HamaError

    parser = parser_class(CONTENT_TYPE)
    parser.receive_data(start)
    for _ in parser.events():
        pass
    chunks = pieces(data, size)
    fed = 0
    gc.collect()
    gc.disable()
    begin = time.process_time()
    try:
        for number, chunk in enumerate(chunks):
            parser.receive_data(chunk)
            for _ in parser.events():
                pass
            fed += len(chunk)
            if (size > 1 or not number & 255) and time.process_time() - begin > PATIENCE:
                break
    except HamaError:
        pass  # a limit: it has done its work
    finally:
        taken = time.process_time() - begin
        gc.enable()
    return taken / max(1, fed) * 1e9


def _flood(
    parser_class: Any, name: str, row: str, start: bytes, amounts: Sequence[bytes], size: int
) -> Told:
    def run() -> list[float]:
        return [per_byte(parser_class, start, data, size) for data in amounts]

    rows = ((row, NS_A_BYTE), (f"{row}, four times as much", NS_A_BYTE))
    return Told(name, rows, run, ORDINARY)


def contests(options: Options) -> Iterator[Contest]:
    most = options.setting("bytes", SETTINGS["bytes"], 25_000)
    ordinary = stored(vga_frames(4 * most // 7000 + 1), length=False)
    first = stored(vga_frames(1), length=True).removesuffix(b"--frame--\r\n")
    for twin, module in TWINS.items():
        try:
            parser_class = importlib.import_module(module).MjpegParser
        except ImportError as error:
            yield [Skipped("all", twin, str(error))]
            continue
        for size, amount in ((65536, most), (1, most // 25)):
            row = f"{twin}, pieces of {size} B"
            base = (ordinary[:amount], ordinary[: 4 * amount])
            entries = [_flood(parser_class, ORDINARY, row, b"", base, size)]
            less, more = floods(amount), floods(4 * amount)
            for place, before in FLOOD_PLACES.items():
                entries += [
                    _flood(
                        parser_class,
                        f"{name}, in a {place}",
                        row,
                        first + before,
                        (less[name], more[name]),
                        size,
                    )
                    for name in less
                ]
            yield entries
