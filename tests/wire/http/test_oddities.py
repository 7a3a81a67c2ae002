"""`hamaproto.wire.http.oddities`: what is read and reported, and what is refused by name."""

from __future__ import annotations

import pytest

from hamaproto.errors import RemoteProtocolError
from hamaproto.events import Anomaly, AnomalyCode
from hamaproto.wire.http import LENIENCIES
from hamaproto.wire.http.oddities import Oddities

ODD = AnomalyCode.BARE_LF_IN_HEAD


def test_what_is_noted_waits_in_order() -> None:
    oddities = Oddities()
    oddities.note(ODD, 7)
    oddities.note(AnomalyCode.TRAILERS, 9, "detail")
    oddities.note(ODD, 11)
    assert list(oddities.waiting) == [
        Anomaly(ODD, 7),
        Anomaly(AnomalyCode.TRAILERS, 9, "detail"),
        Anomaly(ODD, 11),
    ]


def test_some_are_noted_once_in_a_head() -> None:
    oddities = Oddities()
    for offset in (1, 2):
        oddities.once(ODD, offset)
        oddities.once(AnomalyCode.TRAILERS, offset)
    oddities.begin_head()
    oddities.once(ODD, 3)
    assert [(a.code, a.offset) for a in oddities.waiting if isinstance(a, Anomaly)] == [
        (ODD, 1),
        (AnomalyCode.TRAILERS, 1),
        (ODD, 3),
    ]


def test_what_is_refused_is_an_error_with_its_name_and_its_place() -> None:
    oddities = Oddities({ODD})
    for note in (lambda: oddities.note(ODD, 5), lambda: oddities.once(ODD, 5)):
        with pytest.raises(RemoteProtocolError) as error:
            note()
        assert error.value.message == "refused, as asked for: bare-lf-in-head"
        assert error.value.offset == 5
    with pytest.raises(RemoteProtocolError, match="bare-lf-in-head in 'X'"):
        oddities.note(ODD, 5, "in 'X'")
    assert not oddities.waiting
    assert oddities.refusal(AnomalyCode.TRAILERS, 5) is None


def test_what_the_standard_allows_is_no_leniency() -> None:
    """RFC 9110 15.2 and 15.3.7, RFC 9112 7.1.1 and 7.1.2; obs-text of RFC 9110 5.5."""
    assert not LENIENCIES & {
        AnomalyCode.INTERIM_RESPONSE,
        AnomalyCode.NON_ASCII_HEADER,
        AnomalyCode.STATUS_206,
        AnomalyCode.CHUNK_EXTENSION,
        AnomalyCode.TRAILERS,
    }
