"""Everything that a parser can say, as plain data.

Events are slots dataclasses: mutable in fact, because a frozen one takes three
times as long to build, and immutable by agreement.  Payloads are owned `bytes`,
never a view of somebody's buffer.  A `repr` is short and never shows a payload,
a header's value or a password.  Offsets count bytes from the start of the stream
that the parser was fed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, StrEnum
from operator import is_
from types import MethodType
from typing import Final, Literal, NamedTuple

from hamaproto.headers import Headers

__all__ = [
    "NEED_DATA",
    "Anomaly",
    "AnomalyCode",
    "Arrival",
    "AudioFrame",
    "Data",
    "EndOfStream",
    "Event",
    "Frame",
    "FrameEnd",
    "G711Frame",
    "NeedData",
    "Param",
    "ParamError",
    "Part",
    "Response",
    "Skipped",
]

_SECONDS = re.compile(r"[+-]?[0-9]{1,20}(?:\.[0-9]{0,20})?")


class NeedData(Enum):
    """The one value of this enum, `NEED_DATA`, says: feed me, I have nothing more."""

    NEED_DATA = "need data"

    def __repr__(self) -> str:
        return "NEED_DATA"


NEED_DATA: Final = NeedData.NEED_DATA
# It equals itself alone.  Said without a line of Python: `iter(parser.next_event, NEED_DATA)`
# compares each event to it, and would else ask each event's own comparison.
NeedData.__eq__ = MethodType(is_, NEED_DATA)  # type: ignore[method-assign]


class Arrival(NamedTuple):
    """When bytes came in, in seconds by two clocks of this machine.

    `monotonic` never jumps: for the time between two arrivals (`time.monotonic()`).
    `wall` counts from 1970 in UTC: for the date and for other machines (`time.time()`).
    """

    monotonic: float
    wall: float


class AnomalyCode(StrEnum):
    """One stable name for each way in which a peer departs from what it should send.

    The values are part of the public interface: they may be logged, counted, compared.
    """

    # multipart: between the images
    UNDECLARED_BOUNDARY = "undeclared-boundary"
    """The delimiter in use is not the declared one, or none was declared."""
    BOUNDARY_CHANGED = "boundary-changed"
    """Another delimiter came into use in mid-stream."""
    DELIMITER_WITHOUT_DASHES = "delimiter-without-dashes"
    """A delimiter line that lacks the two dashes of RFC 2046 5.1.1."""
    DUPLICATE_DELIMITER = "duplicate-delimiter"
    """A delimiter directly behind a delimiter."""
    MISSING_DELIMITER = "missing-delimiter"
    """A header block or an image began without a delimiter before it."""
    HEADER_ON_DELIMITER_LINE = "header-on-delimiter-line"
    """A header followed the delimiter without a line end."""
    DELIMITER_PADDING = "delimiter-padding"
    """Blanks behind the delimiter (allowed by RFC 2046, and rare)."""
    CLOSED_AND_CONTINUED = "closed-and-continued"
    """More parts came after the closing delimiter."""
    JUNK = "junk"
    """Bytes that belong to no part; their place is told by the `Skipped` beside it."""
    # multipart: header blocks
    NO_BLANK_LINE = "no-blank-line"
    """The image began where a header was due."""
    MALFORMED_HEADER = "malformed-header"
    """A line of a header block without a colon or without a name: left out."""
    FOLDED_HEADER = "folded-header"
    """A header continued on the next line (obsolete since RFC 7230)."""
    BARE_LF = "bare-lf"
    """Lines of a header block end in LF alone, or in LF CR."""
    CONTENT_TYPE_NOT_IMAGE = "content-type-not-image"
    """An image was sent under a type that names no JPEG."""
    INVALID_LENGTH = "invalid-length"
    """A Content-Length that is no number, or zero, negative or over the limit."""
    DUPLICATE_LENGTH = "duplicate-length"
    """Content-Length came twice with different values; the last one counts."""
    HEAD_TOO_LARGE = "head-too-large"
    """A part's header block passed a limit: skipped."""
    # multipart: the image against its length
    LENGTH_MISMATCH = "length-mismatch"
    """The image did not end where its Content-Length said."""
    PADDING = "padding"
    """Content-Length counted bytes behind the image that belong to nothing."""
    # the image itself
    TRUNCATED_IMAGE = "truncated-image"
    """The image was cut off by a delimiter, by another image, or by the end."""
    DAMAGED_IMAGE = "damaged-image"
    """The marker structure of the image is broken, though it came to its end."""
    JUNK_BEFORE_IMAGE = "junk-before-image"
    """Bytes between a part's head and its image."""
    IMAGE_WITHOUT_SCAN = "image-without-scan"
    """Something that began like an image and never came to its first scan: skipped."""
    IMAGE_TOO_LARGE = "image-too-large"
    """An image passed `Limits.max_frame`: skipped."""
    PART_TOO_LARGE = "part-too-large"
    """A part that is no image passed `Limits.max_part`: skipped."""
    TRUNCATED_PART = "truncated-part"
    """A part that is no image was cut off before its Content-Length."""
    # response heads
    MISSING_HEAD = "missing-head"
    """The body came without a response head (as HTTP/0.9 had it)."""
    LEADING_EMPTY_LINES = "leading-empty-lines"
    """Empty lines before the status line: skipped."""
    STATUS_LINE_CASE = "status-line-case"
    """`HTTP` in other than capitals."""
    STATUS_LINE_BLANKS = "status-line-blanks"
    """Runs of blanks, or tabs, where the status line has single blanks."""
    ODD_VERSION = "odd-version"
    """An HTTP version 1 other than 1.0 and 1.1."""
    MISSING_REASON = "missing-reason"
    """A status line that ends with the status."""
    INTERIM_RESPONSE = "interim-response"
    """A 1xx answer, not asked for: skipped with its headers."""
    BARE_LF_IN_HEAD = "bare-lf-in-head"
    """Lines of the head end in LF alone."""
    BARE_CR_IN_HEAD = "bare-cr-in-head"
    """A CR that is part of no line end; it ends nothing."""
    BLANK_BEFORE_COLON = "blank-before-colon"
    """Blanks between a header's name and its colon (RFC 9112 5.1): dropped."""
    BLANK_IN_NAME = "blank-in-name"
    """What stands before the colon is several words, so it is no name: left out."""
    HEADER_WITHOUT_COLON = "header-without-colon"
    """A line of the head without a colon: left out, with what continues it."""
    HEADER_WITHOUT_NAME = "header-without-name"
    """A line of the head that begins with its colon: left out, with what continues it."""
    DATE_LINE = "date-line"
    """A bare date among the headers, as old GoAhead servers send it: left out."""
    SECOND_STATUS_LINE = "second-status-line"
    """Another status line among the headers: left out, the first one counts."""
    FOLDED_HEAD_LINE = "folded-head-line"
    """A header continued on the next line (RFC 9112 5.2): joined by one blank."""
    BLANK_LINE_IN_HEAD = "blank-line-in-head"
    """A line of blanks: an empty continuation, not the end of the head."""
    NON_ASCII_HEADER = "non-ascii-header"
    """Bytes over 127 in the head: read as latin-1."""
    CONTROL_IN_HEADER = "control-in-header"
    """NUL or another control character in the head: kept as sent."""
    DUPLICATE_CONTENT_TYPE = "duplicate-content-type"
    """Content-Type came more than once; the last one that is not empty counts."""
    STATUS_206 = "status-206"
    """Partial Content, though no part was asked for: like 200."""
    HEAD_CUT_OFF = "head-cut-off"
    """The stream ended behind a whole line of the head, before the empty line."""
    # body framing
    LENGTH_ON_ENDLESS_BODY = "length-on-endless-body"
    """A Content-Length on a body that ends by close: not believed, whatever it says."""
    LENGTH_AND_CHUNKED = "length-and-chunked"
    """A Content-Length beside chunked: chunked counts (RFC 9112 6.3)."""
    REPEATED_LENGTH = "repeated-length"
    """Content-Length was given more than once with the same value."""
    BODY_NOT_ALLOWED = "body-not-allowed"
    """A length or a coding for the body of a 204, which has none (RFC 9110 15.3.5)."""
    IDENTITY_CODING = "identity-coding"
    """A Transfer-Encoding that is `identity` or empty: nothing (gone since RFC 7230)."""
    REPEATED_CHUNKED = "repeated-chunked"
    """Transfer-Encoding names chunked more than once: one layer."""
    CHUNKED_IN_HTTP_1_0 = "chunked-in-http-1.0"
    """A chunked body in an answer that calls itself HTTP/1.0."""
    CHUNK_EXTENSION = "chunk-extension"
    """Text behind a chunk's size (RFC 9112 7.1.1): ignored."""
    CHUNK_BLANKS = "chunk-blanks"
    """Blanks behind a chunk's size: ignored."""
    BARE_LF_IN_CHUNKS = "bare-lf-in-chunks"
    """Lines of the chunk framing end in LF alone."""
    TRAILERS = "trailers"
    """Header lines behind the last chunk (RFC 9112 7.1.2): dropped."""
    TRAILERS_CUT_OFF = "trailers-cut-off"
    """The stream ended behind the last chunk, before the empty line that ends the framing."""
    DATA_AFTER_BODY = "data-after-body"
    """Bytes came after the end of the body; they are no part of it."""
    TRUNCATED_BODY = "truncated-body"
    """The stream ended before the length that was declared, or between two chunks."""
    BODY_NOT_CODED = "body-not-coded"
    """The head says that the body is packed by gzip, and it is not: read as it came."""
    # parameter lists
    MALFORMED_PARAM = "malformed-param"
    """A line without `=`, or without a key: given as `Data`."""
    DUPLICATE_PARAM = "duplicate-param"
    """A key that came before; the last value counts."""
    # audio
    LOST_SYNC = "lost-sync"
    """A GSM frame's magic nibble was not where it was due."""
    OTHER_SOUND = "other-sound"
    """The sound is no GSM 06.10 but G.711; it comes as `G711Frame`."""


FrameEnd = Literal["length", "eoi", "delimiter", "soi", "eof"]
"""How an image ended.

`length`: where its Content-Length said.  `eoi`: at its own EOI, which no length foresaw.  The
others were cut off: by a `delimiter`, by the `soi` of another image, by the end (`eof`).
"""


@dataclass(slots=True, eq=False, repr=False)
class Frame:
    """One JPEG image, from SOI to EOI, as it was received.

    `complete` is False if the image was cut off; `data` is then what there is of it.
    `offset` is where its SOI stood in the stream.  The headers are parsed when they
    are first looked at.  `received` is when the last byte arrived, as a driver says; it is
    None from a bare parser, and two frames are equal whenever they came.
    """

    data: bytes
    """The image, from SOI to EOI; of one that was cut off, what there is of it."""
    end: FrameEnd = "eoi"
    """How the image ended: see `FrameEnd`."""
    complete: bool = True
    """False if the image was cut off."""
    offset: int = 0
    """Where its SOI stood: bytes from the start of the stream."""
    raw_headers: bytes = b""
    """The part's header block as received, without the delimiter and the empty line."""
    received: Arrival | None = None
    """When the last byte arrived, if a driver read it."""

    @property
    def headers(self) -> Headers:
        """The part's header fields; empty for an image that had no header block."""
        return Headers.parse(self.raw_headers)

    @property
    def timestamp(self) -> Decimal | None:
        """`X-Timestamp` as a number of seconds, or None if that is no plain decimal number.

        What the seconds count from differs from sender to sender (epoch, boot, start
        of the stream) and is not guessed; the text itself is in `headers`.
        """
        text = self.headers.get("x-timestamp", "")  # without blanks around it
        # With an exponent, `int()` of a short one could take all the memory there is.
        return Decimal(text) if _SECONDS.fullmatch(text) else None

    def _key(self) -> tuple[object, ...]:
        return (self.data, self.end, self.complete, self.offset, self.raw_headers)

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Frame) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # mutable: not to be used as a key

    def __repr__(self) -> str:
        cut = "" if self.complete else ", cut off"
        return f"<Frame {len(self.data)} bytes at {self.offset}, end={self.end}{cut}>"


@dataclass(slots=True, repr=False)
class Part:
    """A part of a multipart stream that is no JPEG image."""

    data: bytes
    """Its body."""
    headers: Headers
    """Its header fields."""
    complete: bool = True
    """False if it was cut off before its Content-Length."""
    offset: int = 0
    """Where its body began: bytes from the start of the stream."""

    @property
    def content_type(self) -> str | None:
        """Its Content-Type as sent, None without one."""
        return self.headers.get("content-type")

    def __repr__(self) -> str:
        return f"<Part {self.content_type} {len(self.data)} bytes at {self.offset}>"


@dataclass(slots=True)
class Anomaly:
    """Something that should not be as it is, and did no harm."""

    code: AnomalyCode
    """Which oddity it is."""
    offset: int
    """Where: bytes from the start of the stream."""
    detail: str = ""
    """What was met, in words; empty if the code says it all."""


@dataclass(slots=True)
class Skipped:
    """Bytes that were received and belong to nothing that could be delivered."""

    offset: int
    """Where: bytes from the start of the stream."""
    length: int
    """How many bytes."""
    reason: str
    """Why, in words."""


@dataclass(slots=True)
class EndOfStream:
    """The last event of every parser.

    `complete` is False if the stream ended inside something.  `closed` is True if the peer said
    that this is the end, by a closing delimiter (RFC 2046 5.1.1), a last chunk or a length; a
    stream that ends because the connection does may have been meant to go on.
    """

    complete: bool = True
    """False if the stream ended inside something."""
    offset: int = 0
    """How many bytes the stream had."""
    closed: bool = field(default=False, compare=False)
    """Whether the peer said that this is the end."""


@dataclass(slots=True, repr=False)
class Response:
    """A response head; `status` is None where the body came without one."""

    status: int | None
    """Three digits, as sent; None where the body came without a head."""
    headers: Headers
    """All fields, in their order."""
    content_type: str | None = None
    """The last Content-Type that is not empty."""
    reason: str = ""
    """The words behind the status; often empty."""
    version: str | None = None
    """Of HTTP, as sent, such as `1.1`; None without a head."""

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.content_type}>"


@dataclass(slots=True, repr=False)
class Data:
    """Bytes of a body that no parser was named for."""

    data: bytes
    """The bytes, without their transfer coding."""
    offset: int = 0
    """Where: bytes from the start of what the parser was fed."""

    def __repr__(self) -> str:
        return f"<Data {len(self.data)} bytes at {self.offset}>"


@dataclass(slots=True, repr=False)
class Param:
    """One `key=value` line of a parameter list.

    `key` is the raw key without a leading `root.`; `raw_key` and `value` are as sent, and
    `line` has them as bytes.  The repr hides the value: `listuser` answers with passwords.
    """

    key: str
    """Without a leading `root.`."""
    value: str
    """The text behind the first `=`."""
    raw_key: str
    """As it was sent."""
    offset: int = 0
    """Where the line began: bytes from the start of the body."""
    line: bytes = field(default=b"", compare=False)
    """The line as bytes, without its end."""

    def __repr__(self) -> str:
        return f"<Param {self.key} at {self.offset}>"


@dataclass(slots=True)
class ParamError:
    """The device's own error line in a parameter list, `# Error …`."""

    message: str
    """The device's words."""
    offset: int = 0
    """Where the line began: bytes from the start of the body."""


@dataclass(slots=True, repr=False)
class AudioFrame:
    """One GSM 06.10 frame: 33 bytes, 20 ms of sound.

    `received` is as in `Frame`.
    """

    data: bytes
    """33 bytes; the first begins with the nibble 0xD (RFC 3551 4.5.8.1)."""
    offset: int = 0
    """Where the frame began: bytes from the start of the body."""
    received: Arrival | None = field(default=None, compare=False)
    """When the last byte arrived, if a driver read it."""

    def __repr__(self) -> str:
        return f"<AudioFrame at {self.offset}>"


@dataclass(slots=True, repr=False)
class G711Frame(AudioFrame):
    """20 ms of sound that a camera sends instead of GSM: 160 bytes, a sample each.

    `law` is `A-law` or `mu-law`; `hamaproto.gsm.g711.decode` makes samples of it.
    """

    law: str = ""
    """`A-law` or `mu-law`."""

    def __repr__(self) -> str:
        return f"<G711Frame {self.law} at {self.offset}>"


Event = (
    Frame
    | Part
    | Anomaly
    | Skipped
    | EndOfStream
    | Response
    | Data
    | Param
    | ParamError
    | AudioFrame
)
