"""`JpegInfo` against Pillow, an independent reader, over images of every kind."""

from __future__ import annotations

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
