"""What a JPEG says about itself, read from its segments without decoding it (ITU-T T.81).

In: the bytes of an image, as a `Frame` carries them.  Out: a `JpegInfo`.  For the cameras
that send no Huffman tables (as AVI1 and RFC 2435 allow) there is `insert_huffman_tables`,
which puts in those of annex K so that any decoder reads the image.

Where an image *ends* is not decided here but by `walk.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hamaproto.errors import RemoteProtocolError

__all__ = ["JpegInfo", "insert_huffman_tables"]

# T.81 tables K.1 and K.2, in the zigzag order in which DQT carries them.
_LUMINANCE = bytes.fromhex(
    "100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933"
    "383740485c4e404457453738506d51575f626768673e4d71797064785c656763"
)
_CHROMINANCE = bytes.fromhex(
    "1112121815182f1a1a2f63423842636363636363636363636363636363636363"
    "6363636363636363636363636363636363636363636363636363636363636363"
)

# T.81 tables K.3 to K.6 as DHT carries them: class and destination, 16 counts, the symbols.
_HUFFMAN = bytes.fromhex(
    "0000010501010101010100000000000000000102030405060708090a0b"
    "0100030101010101010101010000000000000102030405060708090a0b"
    "100002010303020403050504040000017d01020300041105122131410613516107227114328191a1082342b1"
    "c11552d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a535455565758"
    "595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aa"
    "b2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7"
    "f8f9fa"
    "1100020102040403040705040400010277000102031104052131061241510761711322328108144291a1b1c1"
    "09233352f0156272d10a162434e125f11718191a262728292a35363738393a434445464748494a5354555657"
    "58595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8"
    "a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7"
    "f8f9fa"
)

_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_ARITHMETIC = frozenset({0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_LOSSLESS = frozenset({0xC3, 0xC7, 0xCB, 0xCF})
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class JpegInfo:
    """The facts that stand in an image's segments, up to its first scan."""

    width: int
    """In pixels."""
    height: int
    """In pixels; 0 means that a DNL behind the first scan gives it (T.81 B.2.5)."""
    components: int
    """Number of colour components: 1 is grey, 3 mostly YCbCr, 4 mostly CMYK."""
    precision: int
    """Bits a sample."""
    sampling: tuple[tuple[int, int], ...]
    """Horizontal and vertical sampling factor of each component."""
    progressive: bool
    """Several scans, each with some of the coefficients (SOF2 and its like)."""
    arithmetic: bool
    """Arithmetic coding instead of Huffman's."""
    lossless: bool
    """Prediction instead of a DCT (T.81 annex H)."""
    restart_interval: int
    """MCUs between restart markers, 0 for none (T.81 B.2.4.4)."""
    quantisation: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Destination -> 64 values in zigzag order (T.81 B.2.4.1)."""
    missing_huffman_tables: bool = False
    """No DHT before the first scan, of an image that needs one."""
    exif: bytes | None = None
    """The TIFF structure of an EXIF segment, without its `Exif` name."""
    comments: tuple[bytes, ...] = ()
    """The contents of the COM segments, in their order."""
    adobe_transform: int | None = None
    """The colour transform of an Adobe segment (0 none, 1 YCbCr, 2 YCCK)."""

    @property
    def subsampling(self) -> str | None:
        """`4:2:0` and the like; None for grey and for ratios without a usual name."""
        if self.components < 3:
            return None
        luma, blue, red = self.sampling[:3]
        if blue != red or 0 in blue:
            return None
        across, down = luma[0] / blue[0], luma[1] / blue[1]
        return _SUBSAMPLING.get((across, down))

    @property
    def quality(self) -> int | None:
        """The libjpeg quality, 1 to 100, whose tables are nearest to this image's.

        libjpeg scales the tables of annex K by a percentage; this finds the percentage.
        None without a luminance table.  Tables of a maker's own get the nearest quality; of
        two that are as near, the higher one.
        """
        table = self.quantisation.get(0)
        if table is None:
            return None
        pairs = [(table, _LUMINANCE)]
        if 1 in self.quantisation:
            pairs.append((self.quantisation[1], _CHROMINANCE))
        return min(
            range(1, 101),
            key=lambda q: (
                sum(
                    abs(have - want)
                    for got, base in pairs
                    for have, want in zip(got, _scaled(base, q), strict=True)
                ),
                -q,
            ),
        )

    @classmethod
    def parse(cls, data: bytes) -> JpegInfo:
        """Read the segments of `data` up to its first scan.

        Raises `RemoteProtocolError` with the offset in `data` if it does not begin with an
        SOI, if a segment is cut off or malformed, or if no frame header comes before the
        first scan.  Fill bytes and what stands behind the first SOS header do not matter.
        """
        if data[:2] != b"\xff\xd8":
            raise RemoteProtocolError("not a JPEG image: it does not begin with FFD8", 0)
        quantisation: dict[int, tuple[int, ...]] = {}
        comments: list[bytes] = []
        exif: bytes | None = None
        adobe: int | None = None
        restart = 0
        huffman = False
        frame: tuple[int, int, int, int, int, tuple[tuple[int, int], ...]] | None = None
        for code, start, stop in _segments(data):
            body = data[start:stop]
            if code in _SOF:
                frame = _frame_header(code, body, start)
            elif code == 0xDB:
                _quantisation(body, start, quantisation)
            elif code == 0xC4:
                huffman = True
            elif code == 0xDD:
                if len(body) != 2:
                    raise RemoteProtocolError("a DRI segment that is not 4 bytes long", start)
                restart = body[0] << 8 | body[1]
            elif code == 0xFE:
                comments.append(body)
            elif code == 0xE1 and body[:6] == b"Exif\0\0" and exif is None:
                exif = body[6:]
            elif code == 0xEE and body[:5] == b"Adobe" and len(body) >= 12:
                adobe = body[11]
        if frame is None:
            raise RemoteProtocolError("no frame header (SOF) before the first scan", len(data))
        sof, precision, height, width, components, sampling = frame
        return cls(
            width=width,
            height=height,
            components=components,
            precision=precision,
            sampling=sampling,
            progressive=sof in _PROGRESSIVE,
            arithmetic=sof in _ARITHMETIC,
            lossless=sof in _LOSSLESS,
            restart_interval=restart,
            quantisation=quantisation,
            missing_huffman_tables=not huffman and sof not in _ARITHMETIC,
            exif=exif,
            comments=tuple(comments),
            adobe_transform=adobe,
        )


_SUBSAMPLING: dict[tuple[float, float], str] = {
    (1, 1): "4:4:4",
    (2, 1): "4:2:2",
    (2, 2): "4:2:0",
    (1, 2): "4:4:0",
    (4, 1): "4:1:1",
    (4, 2): "4:1:0",
}


def insert_huffman_tables(data: bytes) -> bytes:
    """`data` with the Huffman tables of T.81 annex K before its first scan.

    An image that has tables of its own comes back as it is.  Raises as `JpegInfo.parse`.
    """
    if not JpegInfo.parse(data).missing_huffman_tables:
        return data
    at = next(start - 4 for code, start, _ in _segments(data) if code == 0xDA)
    length = len(_HUFFMAN) + 2
    return data[:at] + b"\xff\xc4" + length.to_bytes(2, "big") + _HUFFMAN + data[at:]


def _segments(data: bytes) -> list[tuple[int, int, int]]:
    """(code, start and end of the payload) of each segment, to the first SOS inclusive."""
    found: list[tuple[int, int, int]] = []
    pos = 2
    while True:
        if data[pos : pos + 1] != b"\xff":
            raise RemoteProtocolError("no marker where one is due (T.81 B.1.1.2)", pos)
        while data[pos + 1 : pos + 2] == b"\xff":
            pos += 1
        if pos + 4 > len(data):
            raise RemoteProtocolError("the image is cut off before its first scan", len(data))
        code = data[pos + 1]
        if code in _STANDALONE:
            pos += 2
            continue
        if code in (0x00, 0xD9):
            raise RemoteProtocolError(f"marker FF{code:02X} before the first scan", pos)
        stop = pos + 2 + (data[pos + 2] << 8 | data[pos + 3])
        if stop < pos + 4 or stop > len(data):
            raise RemoteProtocolError(f"segment FF{code:02X} has a length that can't be", pos + 2)
        found.append((code, pos + 4, stop))
        if code == 0xDA:
            return found
        pos = stop


def _frame_header(
    code: int, body: bytes, at: int
) -> tuple[int, int, int, int, int, tuple[tuple[int, int], ...]]:
    """T.81 B.2.2."""
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        raise RemoteProtocolError("a frame header (SOF) that is cut off", at)
    count = body[5]
    sampling = tuple((body[7 + 3 * i] >> 4, body[7 + 3 * i] & 15) for i in range(count))
    return code, body[0], body[1] << 8 | body[2], body[3] << 8 | body[4], count, sampling


def _quantisation(body: bytes, at: int, tables: dict[int, tuple[int, ...]]) -> None:
    """T.81 B.2.4.1: one segment may hold several tables."""
    pos = 0
    while pos < len(body):
        wide, destination = body[pos] >> 4, body[pos] & 15
        size = 128 if wide else 64
        values = body[pos + 1 : pos + 1 + size]
        if len(values) != size:
            raise RemoteProtocolError("a quantisation table that is cut off", at + pos)
        if wide:
            tables[destination] = tuple(values[i] << 8 | values[i + 1] for i in range(0, size, 2))
        else:
            tables[destination] = tuple(values)
        pos += 1 + size


def _scaled(table: bytes, quality: int) -> list[int]:
    """What libjpeg makes of a table of annex K at a quality."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return [min(255, max(1, (value * percent + 50) // 100)) for value in table]
