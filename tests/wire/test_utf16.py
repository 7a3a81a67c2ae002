"""`hamaproto.wire.utf16`: bodies with the mark of UTF-16, in every place where words are read."""

from __future__ import annotations

import codecs

import pytest
from conversations import converse, text

from fixtures.feeding import pieces
from hamaproto import commands, parse_params
from hamaproto.errors import RefusedError
from hamaproto.outcome import interpret
from hamaproto.wire.utf16 import Utf16Reader

LIST = "root.Brand.Brand=Hämä\r\nBrand.ProdNbr=00053104\n\U0001f3a5.x=1\n\r\n"
PAGE = "<html><p>log in</p></html>"
CODECS = {"little": (codecs.BOM_UTF16_LE, "utf-16-le"), "big": (codecs.BOM_UTF16_BE, "utf-16-be")}
each = pytest.mark.parametrize(("mark", "codec"), CODECS.values(), ids=CODECS)


@each
@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_it_becomes_utf8_however_it_is_cut(mark: bytes, codec: str, size: int) -> None:
    reader = Utf16Reader()
    read = [reader.feed(piece) for piece in pieces(mark + LIST.encode(codec), size)]
    assert b"".join([*read, reader.finish()]) == LIST.encode()


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("data", [b"", b"\xff", b"\xfe", b"\xff\xd8\xff", b"\xfea=1", b"a\xff\xfe"])
def test_anything_else_stays_as_it_is(data: bytes, size: int) -> None:
    reader = Utf16Reader()
    read = [reader.feed(piece) for piece in pieces(data, size)]
    assert b"".join([*read, reader.finish()]) == data


def test_it_shows_whether_it_is_on() -> None:
    reader = Utf16Reader()
    assert repr(reader) == "<Utf16Reader off>"
    reader.feed(codecs.BOM_UTF16_LE)
    assert repr(reader) == "<Utf16Reader on>"


def test_what_is_cut_off_is_told() -> None:
    reader = Utf16Reader()
    assert reader.feed(b"\xff\xfea\0b") + reader.finish() == "a\ufffd".encode()


@each
@pytest.mark.parametrize("cut", [0, 1, 3])
def test_a_list_is_read(mark: bytes, codec: str, cut: int) -> None:
    body = mark + LIST.encode(codec)
    params = parse_params(body)
    assert dict(params) == {
        "Brand.Brand": "Hämä",
        "Brand.ProdNbr": "00053104",
        "\U0001f3a5.x": "1",
    }
    assert params.complete
    view = interpret(commands.brand(), converse(commands.brand(), text(body), cut).events)
    assert view.params == params
    assert view.product_number == "00053104"


@each
def test_an_answer_in_words_is_read(mark: bytes, codec: str) -> None:
    def said(request: commands.Request, words: str) -> object:
        return interpret(request, converse(request, text(mark + words.encode(codec))).events)

    assert said(commands.move("left"), "OK\r\n").text.strip("\ufeff\r\n") == "OK"
    with pytest.raises(RefusedError, match=r"^Error -1 getting$"):
        said(commands.brand(), "# Error -1 getting\n")
    with pytest.raises(RefusedError, match=r"a page where a parameter list is due: log in$"):
        said(commands.brand(), PAGE)
    with pytest.raises(RefusedError, match=r"a page where OK is due: log in$"):
        said(commands.move("left"), PAGE)
