"""`JpegInfo` against Pillow, an independent reader, over images of every kind."""

from __future__ import annotations

import dataclasses
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fixtures.build.jpegs import image
from fixtures.build.streams import KINDS
from hamaproto.errors import RemoteProtocolError
from hamaproto.wire.jpeg import JpegInfo, insert_huffman_tables

#: Pillow's numbers for what `JpegInfo.subsampling` spells out.
PILLOW_SUBSAMPLING = {0: "4:4:4", 1: "4:2:2", 2: "4:2:0"}


def picture(mode: str = "RGB") -> Image.Image:
    return Image.effect_noise((48, 40), 60).convert(mode)


def encoded(mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    picture(mode).save(out, "JPEG", **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_agrees_with_pillow_on_every_kind_of_image(kind: str) -> None:
    data = image(kind)
    with Image.open(io.BytesIO(data)) as opened:
        info = JpegInfo.parse(data)
        assert (info.width, info.height) == opened.size
        assert info.components == len(opened.getbands())
        assert info.progressive == bool(opened.info.get("progressive", 0))
        tables = opened.quantization
    assert {k: sorted(v) for k, v in info.quantisation.items()} == {
        k: sorted(v) for k, v in tables.items()
    }


@pytest.mark.parametrize("quality", range(1, 101, 3))
def test_finds_the_quality_that_libjpeg_was_asked_for(quality: int) -> None:
    assert JpegInfo.parse(encoded(quality=quality)).quality == quality


@pytest.mark.parametrize("number", PILLOW_SUBSAMPLING)
def test_names_the_subsampling(number: int) -> None:
    info = JpegInfo.parse(encoded(subsampling=number))
    assert info.subsampling == PILLOW_SUBSAMPLING[number]


def test_grey_has_no_subsampling() -> None:
    assert JpegInfo.parse(encoded("L")).subsampling is None


def test_comment_exif_and_restart_interval() -> None:
    exif = Image.Exif()
    exif[0x010E] = "a camera"
    info = JpegInfo.parse(encoded(comment=b"hello", exif=exif, restart_marker_blocks=3))
    assert info.comments == (b"hello",)
    assert info.exif is not None
    assert b"a camera" in info.exif
    assert info.restart_interval == 3


def test_standard_tables_make_an_image_without_tables_readable() -> None:
    bare = image("no-tables")
    assert JpegInfo.parse(bare).missing_huffman_tables
    whole = insert_huffman_tables(bare)
    assert not JpegInfo.parse(whole).missing_huffman_tables
    with Image.open(io.BytesIO(whole)) as opened:
        opened.load()
    assert insert_huffman_tables(whole) == whole


def test_stripped_tables_come_back_as_libjpeg_writes_them() -> None:
    # libjpeg writes the tables of annex K unless it optimises: an independent copy of them.
    data = encoded()
    stripped, pos = bytearray(data[:2]), 2
    while data[pos + 1] != 0xDA:
        size = 2 + (data[pos + 2] << 8 | data[pos + 3])
        if data[pos + 1] != 0xC4:
            stripped += data[pos : pos + size]
        pos += size
    stripped += data[pos:]
    with (
        Image.open(io.BytesIO(data)) as want,
        Image.open(io.BytesIO(insert_huffman_tables(bytes(stripped)))) as got,
    ):
        assert want.tobytes() == got.tobytes()


@given(st.binary(max_size=300))
def test_any_bytes_give_facts_or_the_declared_error(junk: bytes) -> None:
    for data in (junk, b"\xff\xd8" + junk, b"\xff\xd8\xff\xdb" + junk):
        try:
            JpegInfo.parse(data)
        except RemoteProtocolError as error:
            assert 0 <= error.offset <= len(data)


@given(st.integers(0, 2000))
def test_a_cut_image_says_where(at: int) -> None:
    data = image("420")[:at]
    try:
        JpegInfo.parse(data)
    except RemoteProtocolError as error:
        assert error.offset <= len(data)


# -- images made by hand, segment by segment (T.81 annex B) ----------------------------


def segment(code: int, body: bytes) -> bytes:
    return b"\xff%c" % code + (len(body) + 2).to_bytes(2, "big") + body


def frame(*factors: int, code: int = 0xC0, precision: int = 8) -> bytes:
    """A frame header of 24 x 16; `factors` as 0x21 for two across and one down."""
    parts = b"".join(bytes([i + 1, factor, 0]) for i, factor in enumerate(factors))
    return segment(code, bytes([precision, 0, 16, 1, 24, len(factors)]) + parts)


SOI = b"\xff\xd8"
SCAN = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"data"
GREY = frame(0x11)


def info(*segments: bytes) -> JpegInfo:
    return JpegInfo.parse(SOI + b"".join(segments) + SCAN)


@pytest.mark.parametrize("code", sorted({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}))
def test_what_the_marker_of_a_frame_says(code: int) -> None:
    """T.81 table B.1: four kinds, each alone and differential, with Huffman and arithmetic."""
    found = info(frame(0x11, code=code, precision=12))
    assert (found.width, found.height, found.precision) == (256 + 24, 16, 12)
    assert found.progressive is (code in (0xC2, 0xC6, 0xCA, 0xCE))
    assert found.lossless is (code in (0xC3, 0xC7, 0xCB, 0xCF))
    assert found.arithmetic is (code >= 0xC9)
    assert found.missing_huffman_tables is (code < 0xC9)


def test_a_size_has_two_bytes_each_way() -> None:
    """T.81 B.2.2: the lines, then the samples a line."""
    found = info(segment(0xC0, b"\x08\x01\x02\x03\x04\x01\x01\x11\0"))
    assert (found.height, found.width) == (0x0102, 0x0304)


@pytest.mark.parametrize(
    ("factors", "name"),
    [
        ((0x11, 0x11, 0x11), "4:4:4"),
        ((0x21, 0x11, 0x11), "4:2:2"),
        ((0x22, 0x11, 0x11), "4:2:0"),
        ((0x42, 0x21, 0x21), "4:2:0"),
        ((0x12, 0x11, 0x11), "4:4:0"),
        ((0x41, 0x11, 0x11), "4:1:1"),
        ((0x42, 0x11, 0x11), "4:1:0"),
        ((0x31, 0x11, 0x11), None),
        ((0x22, 0x11, 0x21), None),
        ((0x22, 0x01, 0x01), None),
        ((0x22, 0x10, 0x10), None),
        ((0x22, 0x11), None),
        # A fourth component is no chroma: it has the samples of the first.
        ((0x22, 0x11, 0x11, 0x22), "4:2:0"),
        ((0x22, 0x11, 0x11, 0x00), "4:2:0"),
    ],
)
def test_the_name_of_a_subsampling(factors: tuple[int, ...], name: str | None) -> None:
    found = info(frame(*factors))
    assert found.sampling == tuple((f >> 4, f & 15) for f in factors)
    assert found.subsampling == name


def table(destination: int, values: list[int], wide: bool = False) -> bytes:
    size = 2 if wide else 1
    return bytes([wide << 4 | destination]) + b"".join(v.to_bytes(size, "big") for v in values)


def test_quantisation_tables_of_both_widths_in_one_segment() -> None:
    narrow, wide = list(range(1, 65)), list(range(250, 314))
    found = info(segment(0xDB, table(2, narrow) + table(3, wide, True)), GREY)
    assert found.quantisation == {2: tuple(narrow), 3: tuple(wide)}
    assert found.quality is None
    # What comes later counts.
    again = info(segment(0xDB, table(0, narrow)), segment(0xDB, table(0, wide, True)), GREY)
    assert again.quantisation == {0: tuple(wide)}


def test_the_quality_of_one_table_and_of_a_makers_own() -> None:
    with Image.open(io.BytesIO(encoded(quality=60))) as opened:
        luminance = JpegInfo.parse(encoded(quality=60)).quantisation[0]
        assert sorted(opened.quantization[0]) == sorted(luminance)
    assert info(segment(0xDB, table(0, list(luminance))), GREY).quality == 60
    assert info(segment(0xDB, table(0, [1] * 64)), GREY).quality == 100
    # A table for colour has its say, and a third one has none.
    for destination, quality in ((1, range(90, 101)), (2, range(60, 61))):
        both = table(0, list(luminance)) + table(destination, [1] * 64)
        assert info(segment(0xDB, both), GREY).quality in quality
    assert info(segment(0xDB, table(0, [255] * 64)), GREY).quality in range(1, 10)


def test_of_two_qualities_that_are_as_near_the_higher_one_counts() -> None:
    """At 99 libjpeg makes 2 of the 22 values of table K.1 from 75 on, and 1 of the others."""
    with Image.open(io.BytesIO(encoded(quality=99))) as opened:
        assert sorted(opened.quantization[0]) == [1] * 42 + [2] * 22
    luminance = list(JpegInfo.parse(encoded(quality=99)).quantisation[0])
    twos = [at for at, value in enumerate(luminance) if value == 2]
    for at in twos[:10]:
        luminance[at] = 1
    assert info(segment(0xDB, table(0, luminance)), GREY).quality == 99
    luminance[twos[10]] = 1
    assert info(segment(0xDB, table(0, luminance)), GREY).quality == 100


def test_facts_that_are_not_given() -> None:
    made = JpegInfo(24, 16, 1, 8, ((1, 1),), False, False, False, 0)
    assert (made.quantisation, made.comments) == ({}, ())
    assert made.missing_huffman_tables is False
    assert made.exif is made.adobe_transform is None


def test_other_segments() -> None:
    found = info(
        segment(0xBF, b""),
        segment(0xFE, b"one"),
        b"\xff\xff\xff" + segment(0xFE, b"two")[1:],
        b"\xff\x01\xff\xd8\xff\xd0\xff\xd7",
        segment(0xDD, b"\x01\x02"),
        segment(0xE1, b"Exif\0\0first"),
        segment(0xE1, b"Exif\0\0second"),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0"),
        segment(0xEE, b"Adobe" + bytes(6) + b"\x02"),
        segment(0xEE, b"Adobe" + bytes(6)),
        segment(0xEE, b"Other" + bytes(7)),
        segment(0xC4, b""),
        GREY,
    )
    assert found.comments == (b"one", b"two")
    assert found.restart_interval == 0x0102
    assert found.exif == b"first"
    assert found.adobe_transform == 2
    assert not found.missing_huffman_tables
    plain = info(GREY)
    assert (plain.comments, plain.restart_interval, plain.exif) == ((), 0, None)
    assert plain.adobe_transform is None


@pytest.mark.parametrize(
    ("data", "offset", "message"),
    [
        (b"", 0, "it does not begin with FFD8"),
        (b"\xff\xd9", 0, "it does not begin with FFD8"),
        (SOI, 2, "no marker where one is due"),
        (SOI + GREY + b"x", 2 + len(GREY), "no marker where one is due"),
        (SOI + b"\xff", 3, "cut off before its first scan"),
        (SOI + b"\xff\xff\xff\xc0\0", 7, "cut off before its first scan"),
        (SOI + GREY + b"\xff\xda\0", 5 + len(GREY), "cut off before its first scan"),
        (SOI + GREY + b"\xff\x00\0\2", 2 + len(GREY), "marker FF00 before the first scan"),
        (SOI + GREY + b"\xff\xd9\0\2", 2 + len(GREY), "marker FFD9 before the first scan"),
        (SOI + b"\xff\xfe\0\1", 4, "segment FFFE has a length that can't be"),
        (SOI + b"\xff\xfe\0\3", 4, "segment FFFE has a length that can't be"),
        (SOI + b"\xff\xfe\1\2a", 4, "segment FFFE has a length that can't be"),
        (SOI + SCAN, 2 + len(SCAN), "no frame header (SOF) before the first scan"),
        (SOI + segment(0xDD, b"\0"), 4, None),
        (SOI + segment(0xDD, b"\0") + SCAN, 6, "a DRI segment that is not 4 bytes long"),
        (SOI + segment(0xDD, bytes(3)) + SCAN, 6, "a DRI segment that is not 4 bytes long"),
        (SOI + segment(0xC0, bytes(5)) + SCAN, 6, "a frame header (SOF) that is cut off"),
        (SOI + segment(0xC0, bytes(5) + b"\1\1\1") + SCAN, 6, "a frame header (SOF) that is cut"),
        (SOI + segment(0xDB, bytes(64)) + SCAN, 6, "a quantisation table that is cut off"),
        (SOI + segment(0xDB, b"\x10" + bytes(127)) + SCAN, 6, "a quantisation table that is cut"),
        (SOI + segment(0xDB, bytes(65) + b"\1") + SCAN, 71, "a quantisation table that is cut"),
    ],
)
def test_what_is_refused(data: bytes, offset: int, message: str | None) -> None:
    with pytest.raises(RemoteProtocolError) as error:
        JpegInfo.parse(data)
    if message is not None:
        assert message in error.value.message
        assert error.value.offset == offset


def test_a_segment_may_be_empty_and_end_with_the_image() -> None:
    assert info(segment(0xFE, b""), GREY).comments == (b"",)
    data = SOI + GREY + segment(0xDA, b"")
    assert JpegInfo.parse(data).components == 1
    assert JpegInfo.parse(SOI + segment(0xC0, b"\x08\0\x10\0\x10\0") + SCAN).components == 0


def test_the_tables_are_put_in_front_of_the_scan() -> None:
    data = SOI + GREY + SCAN
    whole = insert_huffman_tables(data)
    at = 2 + len(GREY)
    assert whole[:at] == data[:at]
    assert whole.endswith(SCAN)
    # T.81 B.2.4.2: 2 + 4 * 17 bytes of counts, 2 * 12 of DC values and 2 * 162 of AC values.
    assert whole[at : at + 4] == b"\xff\xc4" + (2 + 4 * 17 + 2 * 12 + 2 * 162).to_bytes(2, "big")
    assert JpegInfo.parse(whole) == dataclasses.replace(
        JpegInfo.parse(data), missing_huffman_tables=False
    )


def test_the_facts_stay_as_they_were_read() -> None:
    found = info(GREY)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.width = 1  # type: ignore[misc]
    assert not hasattr(found, "__dict__")
