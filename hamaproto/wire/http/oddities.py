"""What is odd about an answer: which oddities are read, and those that were met.

    oddities.note(code, offset, detail)     an anomaly, or the error of one that is refused
    oddities.once(code, offset)             the same, but only the first of its code in a head
    oddities.waiting                        events that nobody has asked for yet

An oddity that has one reading is read, and reported under its name in `AnomalyCode`.  A caller
may turn each of them into an error.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection

from hamaproto.errors import RemoteProtocolError
from hamaproto.events import Anomaly, AnomalyCode, Data, Response

__all__ = ["LENIENCIES", "Oddities"]

#: Every departure from RFC 9112 that is read in spite of it; `strict` refuses them all.  What
#: is reported though the RFC allows it is not among them: an interim response, bytes outside
#: ASCII, status 206, a chunk extension, trailers.
LENIENCIES = frozenset(
    {
        AnomalyCode.MISSING_HEAD,
        AnomalyCode.LEADING_EMPTY_LINES,
        AnomalyCode.STATUS_LINE_CASE,
        AnomalyCode.STATUS_LINE_BLANKS,
        AnomalyCode.ODD_VERSION,
        AnomalyCode.MISSING_REASON,
        AnomalyCode.BARE_LF_IN_HEAD,
        AnomalyCode.BARE_CR_IN_HEAD,
        AnomalyCode.BLANK_BEFORE_COLON,
        AnomalyCode.BLANK_IN_NAME,
        AnomalyCode.HEADER_WITHOUT_COLON,
        AnomalyCode.HEADER_WITHOUT_NAME,
        AnomalyCode.DATE_LINE,
        AnomalyCode.SECOND_STATUS_LINE,
        AnomalyCode.FOLDED_HEAD_LINE,
        AnomalyCode.BLANK_LINE_IN_HEAD,
        AnomalyCode.CONTROL_IN_HEADER,
        AnomalyCode.DUPLICATE_CONTENT_TYPE,
        AnomalyCode.HEAD_CUT_OFF,
        AnomalyCode.LENGTH_ON_ENDLESS_BODY,
        AnomalyCode.LENGTH_AND_CHUNKED,
        AnomalyCode.REPEATED_LENGTH,
        AnomalyCode.BODY_NOT_ALLOWED,
        AnomalyCode.IDENTITY_CODING,
        AnomalyCode.REPEATED_CHUNKED,
        AnomalyCode.CHUNKED_IN_HTTP_1_0,
        AnomalyCode.CHUNK_BLANKS,
        AnomalyCode.BARE_LF_IN_CHUNKS,
        AnomalyCode.TRAILERS_CUT_OFF,
        AnomalyCode.DATA_AFTER_BODY,
        AnomalyCode.TRUNCATED_BODY,
    }
)


class Oddities:
    """Collects the anomalies of one answer; `refuse` has the codes that are errors instead."""

    __slots__ = ("_met", "_refuse", "waiting")

    def __init__(self, refuse: Collection[AnomalyCode] = ()) -> None:
        self._refuse = frozenset(refuse)
        self._met: set[AnomalyCode] = set()
        self.waiting: deque[Anomaly | Response | Data] = deque()

    def note(self, code: AnomalyCode, offset: int, detail: str = "") -> None:
        """Report `code` at the byte `offset` of the stream; raises if it is refused."""
        if error := self.refusal(code, offset, detail):
            raise error
        self.waiting.append(Anomaly(code, offset, detail))

    def once(self, code: AnomalyCode, offset: int) -> None:
        """Report `code`, unless that was done since this head began."""
        if code not in self._met:
            self._met.add(code)
            self.note(code, offset)

    def begin_head(self) -> None:
        """A head begins: what is reported once is reported again."""
        self._met.clear()

    def refusal(
        self, code: AnomalyCode, offset: int, detail: str = ""
    ) -> RemoteProtocolError | None:
        """The error for `code`, if the caller refuses it."""
        if code not in self._refuse:
            return None
        words = f"{code} {detail}" if detail else str(code)
        return RemoteProtocolError(f"refused, as asked for: {words}", offset)
