"""Faults of the picture stream: delimiters, heads of parts, lengths, and the images themselves.

These are the quirks that servers of pictures have been met with.  Each row says what a client has
to make of it; hardly one of them may cost a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from hamaproto.camera.head_faults import AS_PRINTED, told
from hamaproto.camera.shapes import Fault, HeadLines, PartShape, Reaction
from hamaproto.events import AnomalyCode as Code

__all__ = ["PART_FAULTS"]

_NAME: Final = b"myboundary"
_LINE: Final = b"--myboundary\r\n"

Change = Callable[[PartShape], None]
Preamble = Callable[[bytes], bytes]


# Delimiters


def _in_tail(old: bytes, new: bytes) -> Change:
    def part(shape: PartShape) -> None:
        shape.tail = shape.tail.replace(old, new)

    return part


def _in_preamble(old: bytes, new: bytes) -> Preamble:
    return lambda preamble: preamble.replace(old, new)


def _declared(value: bytes) -> Callable[[HeadLines], None]:
    def head(lines: HeadLines) -> None:
        index = lines.find(b"Content-Type")
        if index is not None and b"multipart" in lines.lines[index]:
            lines.lines[index] = b"Content-Type: multipart/x-mixed-replace;" + value

    return head


def _renamed(about: str, declared: bytes, used: bytes) -> Fault:
    """Another boundary, declared and used alike."""
    return Fault(
        about,
        head=_declared(declared),
        preamble=_in_preamble(_NAME, used),
        part=_in_tail(_NAME, used),
    )


def _changing(shape: PartShape) -> None:
    if shape.number >= 2:
        shape.tail = shape.tail.replace(_NAME, b"otherboundary")


def _late_delimiter(shape: PartShape) -> None:
    """The same bytes, cut otherwise: the delimiter goes out with the part that it opens."""
    shape.tail = shape.tail.replace(_LINE, b"")
    if shape.number:
        shape.fields.insert(0, _LINE.removesuffix(b"\r\n"))


def _closing_and_more(shape: PartShape) -> None:
    if shape.number % 3 == 2:
        shape.tail = shape.tail.replace(_LINE, b"--myboundary--\r\n" + _LINE)


def _on_the_line(shape: PartShape) -> None:
    # Such cameras begin with the type.
    shape.fields.sort(key=lambda line: not line.startswith(b"Content-Type"))
    shape.tail = shape.tail.removesuffix(b"\r\n") if _LINE in shape.tail else shape.tail


def _twice(shape: PartShape) -> None:
    shape.tail += shape.tail


def _another_part(shape: PartShape, kind: bytes, body: bytes) -> None:
    """Puts a part that is no image behind the image, where more parts come at all."""
    if _LINE in shape.tail:
        head = b"Content-Type: %b\r\nContent-Length: %d\r\n\r\n" % (kind, len(body))
        shape.tail += head + body + shape.tail


def _text_part(shape: PartShape) -> None:
    _another_part(shape, b"text/plain", b"motion=%d\r\n" % shape.number)


def _other_parts(shape: PartShape) -> None:
    kinds = ((b"audio/basic", b"\x7f\xd5" * 80), (b"text/xml", b"<alive/>"))
    _another_part(shape, *kinds[shape.number % 2])


def _alone(shape: PartShape) -> None:
    shape.fields.clear()
    shape.blank, shape.tail = b"", b""


def _blocks(shape: PartShape) -> None:
    _alone(shape)
    mark = b"mjpeg %07d%05d" % (len(shape.body), shape.number)
    shape.body = mark + bytes(50 - len(mark)) + shape.body


def _nothing(preamble: bytes) -> bytes:
    return b""


def _joined(shape: PartShape) -> None:
    if shape.number == 0:
        shape.fields.clear()
        shape.blank = b""
        # Behind the start of the scan, which is where most of an image is.
        scan = shape.body.rfind(b"\xff\xda")
        shape.body = shape.body[max(scan, 0) + 20 :]


# Heads of parts


def _length(change: Callable[[PartShape], bytes | None]) -> Change:
    """Replaces the number of the Content-Length; None drops the line."""

    def part(shape: PartShape) -> None:
        value = change(shape)
        shape.fields[:] = [
            line for line in shape.fields if not line.startswith(b"Content-Length")
        ] + ([b"Content-Length: " + value] if value is not None else [])

    return part


def _sometimes(
    change: Callable[[PartShape], bytes], every: int = 3
) -> Callable[[PartShape], bytes]:
    """The change for every third part; the others tell the truth."""
    return lambda shape: (
        change(shape) if shape.number % every == every - 1 else b"%d" % len(shape.body)
    )


def _odd_lengths(shape: PartShape) -> None:
    length = b"%d" % len(shape.body)
    values = (b"-1", b"many", b"9" * 15, b"  " + length + b"\t ", length)
    _length(lambda shape: values[shape.number % 5])(shape)
    if shape.number % 5 == 4:
        shape.fields.insert(0, b"Content-Length: 17")


def _odd_case(shape: PartShape) -> None:
    for at, line in enumerate(shape.fields):
        name, colon, value = line.partition(b":")
        shape.fields[at] = (name.swapcase() if at % 2 else name.lower()) + colon + value


def _odd_types(shape: PartShape) -> None:
    kinds = (
        *(b"image/jpg", b"image/jpeg;size=%d" % len(shape.body), b"application/octet-stream"),
        *(b"text/plain", b""),
    )
    kind = kinds[shape.number % 5]
    shape.fields[:] = [line for line in shape.fields if not line.startswith(b"Content-Type")]
    if kind:
        shape.fields.insert(0, b"Content-Type: " + kind)


def _no_blank_line(shape: PartShape) -> None:
    shape.blank = b""


def _junk_line(shape: PartShape) -> None:
    shape.fields[1:1] = [b"no colon here", b"X-Folded: a", b"  b"]


def _many_lines(shape: PartShape) -> None:
    shape.fields[:0] = [b"X-%d: %d" % (number, number) for number in range(20)]
    shape.fields.append(b"X-Long: " + b"x" * 7000)


def _part_lines(eol: bytes) -> Change:
    def part(shape: PartShape) -> None:
        shape.eol = eol
        shape.tail = shape.tail.replace(b"\r\n", eol)

    return part


def _mixed_lines(shape: PartShape) -> None:
    if shape.number % 2:
        shape.eol = b"\n"


def _timestamp(shape: PartShape) -> None:
    shape.fields.append(b"X-Timestamp: %.6f" % shape.time)


def _no_motion(shape: PartShape) -> None:
    shape.fields[:] = [line for line in shape.fields if not line.startswith(b"Motion-Event")]


# Images


def _truncated(shape: PartShape) -> None:
    if shape.number % 3 == 2:
        shape.body = shape.body[: len(shape.body) * 2 // 3]


def _junk_behind(shape: PartShape) -> None:
    shape.tail = b"\x00" * 16 + b"\xff\xffjunk\x00" + shape.tail


def _eoi_twice(shape: PartShape) -> None:
    shape.tail = b"\xff\xd9" + shape.tail


def _junk_before(shape: PartShape) -> None:
    shape.body = b"\x00junk\xff" + shape.body


def _padded(shape: PartShape) -> None:
    # The device sends whole blocks of 32 bytes and counts them.
    shape.body += b"\x00" * (-len(shape.body) % 32)
    _length(lambda shape: b"%d" % len(shape.body))(shape)


def _with_segment(marker: bytes, content: bytes) -> Change:
    """Puts a segment behind the image's SOI, and counts it."""

    def part(shape: PartShape) -> None:
        segment = marker + (len(content) + 2).to_bytes(2, "big") + content
        shape.body = shape.body[:2] + segment + shape.body[2:]
        _length(lambda shape: b"%d" % len(shape.body))(shape)

    return part


def _no_tables(shape: PartShape) -> None:
    """Drop the DHT segments; only images with the standard tables can be read without them."""
    at, kept = 2, [shape.body[:2]]
    while shape.body[at : at + 1] == b"\xff":
        end = at + 2 + int.from_bytes(shape.body[at + 2 : at + 4], "big")
        if shape.body[at + 1] != 0xC4:
            kept.append(shape.body[at:end])
        if shape.body[at + 1] == 0xDA:
            break
        at = end
    shape.body = b"".join(kept) + shape.body[end:]
    _length(lambda shape: b"%d" % len(shape.body))(shape)


#: A JPEG of one grey pixel block, small enough to be a thumbnail.
THUMBNAIL: Final = bytes.fromhex(
    "ffd8ffdb004300" + "10" * 64 + "ffc0000b080008000801011100"
    "ffc400140001000000000000000000000000000000"
    "00ffc40014100100000000000000000000000000000000"
    "ffda0008010100003f003fffd9"
)

_INNER_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=other\r\n"
    b"Content-Length: 9999999\r\n\r\n"
)

PART_FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        "as-printed": Fault(
            "streams as the specification prints them: HTTP/1.0, folded, audio/basic",
            told(Code.FOLDED_HEAD_LINE),
            head=AS_PRINTED,
            part=_no_motion,
        ),
        # delimiters
        "odd-boundary": _renamed(
            "blanks and a colon in a quoted boundary, blanks around its equals sign",
            b' boundary = "my boundary: 1"',
            b"my boundary: 1",
        ),
        "dashes-behind": _renamed(
            "a boundary that ends in dashes itself", b" boundary=myboundary--", b"myboundary--"
        ),
        "bare-delimiter": Fault(
            "delimiters without their two dashes",
            told(Code.DELIMITER_WITHOUT_DASHES),
            preamble=_in_preamble(b"--", b""),
            part=_in_tail(b"--myboundary\r\n", b"myboundary\r\n"),
        ),
        "delimiter-twice": Fault(
            "each delimiter comes twice", told(Code.DUPLICATE_DELIMITER), part=_twice
        ),
        "no-first-delimiter": Fault(
            "no delimiter before the first part",
            told(Code.MISSING_DELIMITER),
            preamble=_nothing,
        ),
        "late-delimiter": Fault(
            "each delimiter comes with the part behind it, not with the one before",
            part=_late_delimiter,
        ),
        "delimiter-padding": Fault(
            "blanks behind each delimiter",
            told(Code.DELIMITER_PADDING),
            preamble=_in_preamble(b"\r\n", b" \t \r\n"),
            part=_in_tail(_LINE, b"--myboundary \t \r\n"),
        ),
        "header-on-delimiter": Fault(
            "a header on the delimiter's own line",
            told(Code.HEADER_ON_DELIMITER_LINE),
            preamble=_in_preamble(b"\r\n", b""),
            part=_on_the_line,
        ),
        "no-crlf": Fault(
            "no line end between an image and its delimiter",
            part=_in_tail(b"\r\n--", b"--"),
        ),
        "blank-lines": Fault(
            "empty lines before each delimiter",
            preamble=lambda preamble: b"\r\n\r\n" + preamble,
            part=_in_tail(b"\r\n--", b"\r\n\r\n\r\n--"),
        ),
        "closing-and-more": Fault(
            "every third part ends with a closing delimiter, and more come",
            told(Code.CLOSED_AND_CONTINUED),
            part=_closing_and_more,
        ),
        "changing-boundary": Fault(
            "another boundary from the third part on", told(Code.BOUNDARY_CHANGED), part=_changing
        ),
        "text-part": Fault("a text part behind each image", part=_text_part),
        "other-parts": Fault("XML and sound between the images", part=_other_parts),
        "text-first": Fault(
            "text before the first part",
            told(Code.JUNK),
            preamble=lambda preamble: b"welcome to this camera\r\n" + preamble,
        ),
        "head-inside": Fault(
            "another response head inside the body",
            told(Code.JUNK),
            preamble=lambda preamble: _INNER_HEAD + preamble,
        ),
        "joined": Fault(
            "the stream begins in the middle of an image",
            Reaction(frozenset({Code.JUNK}), frames="whole"),
            preamble=_nothing,
            part=_joined,
        ),
        "blocks": Fault(
            "no multipart: a block of 50 bytes before each image",
            told(Code.JUNK, Code.MISSING_DELIMITER),
            preamble=_nothing,
            part=_blocks,
        ),
        "images-alone": Fault(
            "no multipart: images and nothing else",
            told(Code.MISSING_DELIMITER),
            preamble=_nothing,
            part=_alone,
        ),
        # heads of parts
        "odd-case": Fault("header names in odd cases", part=_odd_case),
        "odd-types": Fault(
            "image/jpg, a parameter, octet-stream, text, no type at all, in turn",
            told(Code.CONTENT_TYPE_NOT_IMAGE),
            part=_odd_types,
        ),
        "no-blank-line": Fault(
            "no empty line before the image", told(Code.NO_BLANK_LINE), part=_no_blank_line
        ),
        "junk-line": Fault(
            "a line without a colon and a folded one in each part's head",
            told(Code.MALFORMED_HEADER, Code.FOLDED_HEADER),
            part=_junk_line,
        ),
        "many-lines": Fault(
            "twenty more lines in each part's head, and one of 7 kB", part=_many_lines
        ),
        "part-lf": Fault(
            "the lines of parts end in LF alone",
            told(Code.BARE_LF),
            preamble=_in_preamble(b"\r\n", b"\n"),
            part=_part_lines(b"\n"),
        ),
        "part-lfcr": Fault(
            "the lines of parts end in LF CR",
            told(Code.BARE_LF),
            preamble=_in_preamble(b"\r\n", b"\n\r"),
            part=_part_lines(b"\n\r"),
        ),
        "part-mixed": Fault(
            "every second part's head has LF alone", told(Code.BARE_LF), part=_mixed_lines
        ),
        "x-timestamp": Fault("X-Timestamp in each part", part=_timestamp),
        # lengths
        "no-length": Fault("parts without Content-Length", part=_length(lambda shape: None)),
        "zero-length": Fault(
            "Content-Length: 0 on each part",
            told(Code.INVALID_LENGTH),
            part=_length(lambda shape: b"0"),
        ),
        "long-length": Fault(
            "every third Content-Length is too long by 1000",
            told(Code.LENGTH_MISMATCH),
            part=_length(_sometimes(lambda shape: b"%d" % (len(shape.body) + 1000))),
        ),
        "short-length": Fault(
            "every third Content-Length is too short by half",
            told(Code.LENGTH_MISMATCH),
            part=_length(_sometimes(lambda shape: b"%d" % (len(shape.body) // 2))),
        ),
        "odd-lengths": Fault(
            "Content-Length negative, in words, huge, padded, and twice, in turn",
            told(Code.INVALID_LENGTH, Code.DUPLICATE_LENGTH),
            part=_odd_lengths,
        ),
        # images
        "truncated": Fault(
            "every third image is cut off, its length is not",
            Reaction(frozenset({Code.TRUNCATED_IMAGE, Code.LENGTH_MISMATCH}), frames="whole"),
            part=_truncated,
        ),
        "junk-behind": Fault(
            "bytes behind the image that nothing counts", told(Code.JUNK), part=_junk_behind
        ),
        "eoi-twice": Fault("each image has its end twice", told(Code.JUNK), part=_eoi_twice),
        "junk-before": Fault(
            "bytes between a part's head and its image",
            told(Code.JUNK_BEFORE_IMAGE, Code.LENGTH_MISMATCH),
            part=_junk_before,
        ),
        "padded": Fault(
            "images filled up with NUL to 32 bytes, and so counted",
            told(Code.PADDING, Code.JUNK),
            part=_padded,
        ),
        "thumbnail": Fault(
            "an EXIF segment that holds a whole small JPEG",
            part=_with_segment(b"\xff\xe1", b"Exif\x00\x00" + THUMBNAIL),
        ),
        "delimiter-inside": Fault(
            "a comment in the image that reads like a delimiter and a part's head",
            part=_with_segment(
                b"\xff\xfe", b"\r\n--myboundary\r\nContent-Type: image/jpeg\r\n\r\n"
            ),
        ),
        "no-tables": Fault(
            "images without Huffman tables, for who knows the standard ones", part=_no_tables
        ),
    }
)
"""The rows, by their names."""
