"""`hamaproto.wire.http.report`: what is read and reported, and what is refused by name."""

from __future__ import annotations

import pytest

from hamaproto.errors import RemoteProtocolError
from hamaproto.events import Anomaly, AnomalyCode
from hamaproto.wire.http import LENIENCIES
from hamaproto.wire.http.report import Report

ODD = AnomalyCode.BARE_LF_IN_HEAD


def test_what_is_noted_waits_in_order() -> None:
    report = Report()
    report.note(ODD, 7)
    report.note(AnomalyCode.TRAILERS, 9, "detail")
    report.note(ODD, 11)
    assert list(report.waiting) == [
        Anomaly(ODD, 7),
        Anomaly(AnomalyCode.TRAILERS, 9, "detail"),
        Anomaly(ODD, 11),
    ]


def test_some_are_noted_once_in_a_head() -> None:
    report = Report()
    for offset in (1, 2):
        report.once(ODD, offset)
        report.once(AnomalyCode.TRAILERS, offset)
    report.begin_head()
    report.once(ODD, 3)
    assert [(a.code, a.offset) for a in report.waiting if isinstance(a, Anomaly)] == [
        (ODD, 1),
        (AnomalyCode.TRAILERS, 1),
        (ODD, 3),
    ]


def test_what_is_refused_is_an_error_with_its_name_and_its_place() -> None:
    report = Report({ODD})
    for note in (lambda: report.note(ODD, 5), lambda: report.once(ODD, 5)):
        with pytest.raises(RemoteProtocolError) as error:
            note()
        assert error.value.message == "refused, as asked for: bare-lf-in-head"
        assert error.value.offset == 5
    with pytest.raises(RemoteProtocolError, match="bare-lf-in-head in 'X'"):
        report.note(ODD, 5, "in 'X'")
    assert not report.waiting
    assert report.refusal(AnomalyCode.TRAILERS, 5) is None


def test_what_the_standard_allows_is_no_leniency() -> None:
    """RFC 9110 15.2 and 15.3.7, RFC 9112 7.1.1 and 7.1.2; obs-text of RFC 9110 5.5."""
    assert not LENIENCIES & {
        AnomalyCode.INTERIM_RESPONSE,
        AnomalyCode.NON_ASCII_HEADER,
        AnomalyCode.STATUS_206,
        AnomalyCode.CHUNK_EXTENSION,
        AnomalyCode.TRAILERS,
    }
