"""The report: what is held comes out in order before what follows it, and once a gap."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.errors import LimitExceededError, RemoteProtocolError
from hamaproto.events import Anomaly, AnomalyCode, Part, Skipped
from hamaproto.headers import Headers

CODES = st.sampled_from(
    (AnomalyCode.JUNK, AnomalyCode.PADDING, AnomalyCode.BARE_LF, AnomalyCode.MISSING_DELIMITER)
)
#: What happens in a gap, each at an offset not before the last.
STEPS = st.lists(
    st.tuples(st.sampled_from(("note", "skip", "on", "emit", "flush")), st.integers(0, 50), CODES),
    max_size=30,
)


def part(offset: int) -> Part:
    return Part(b"x", Headers.parse(b""), True, offset)


def drained(report: Any) -> list[Any]:
    events = list(report.ready)
    report.ready.clear()
    return events


@given(steps=STEPS)
def test_what_is_held_comes_in_order_and_once(
    twin: Any, steps: list[tuple[str, int, AnomalyCode]]
) -> None:
    report = twin.module("report").Report(1 << 40, False)
    at = skipped = 0
    given_out: list[Any] = []
    held: set[AnomalyCode] = set()
    gap: list[int] = []
    for step, ahead, code in steps:
        at += ahead
        if step == "note":
            report.note(code, at, "why")
            held.add(code)
        elif step == "skip":
            gap = [*gap[:1], at] if gap else [at, at + ahead]
            report.skip(at, gap[1], "why")
            at = gap[1]
        elif step == "on" and gap:
            gap[1] = at
            report.skip_on(at)
        elif step in ("emit", "flush"):
            given_out.clear()
            if step == "emit":
                given_out.append(report.emit(part(at), at))
                assert report.settled == at
            else:
                report.flush()
            given_out += drained(report)
            offsets = [event.offset for event in given_out]
            assert offsets == sorted(offsets)
            codes = [event.code for event in given_out if isinstance(event, Anomaly)]
            assert sorted(codes) == sorted(held)
            lengths = [event.length for event in given_out if isinstance(event, Skipped)]
            assert lengths == ([gap[1] - gap[0]] if gap else [])
            assert [isinstance(event, Part) for event in given_out[-1:]] == (
                [True] if step == "emit" else [False] if given_out else []
            )
            skipped += sum(lengths)
            assert report.skipped == skipped
            held.clear()
            gap = []
        assert report.held is bool(held or gap)
        assert report.skips() is bool(gap)


def test_the_first_of_a_kind_is_the_one_that_is_told(twin: Any) -> None:
    report = twin.module("report").Report(100, False)
    report.note(AnomalyCode.JUNK, 3, "first")
    report.note(AnomalyCode.JUNK, 4, "second")
    report.skip(3, 5, "this")
    report.skip(6, 9, "that")
    report.flush()
    anomaly, skipped = drained(report)
    assert (anomaly.offset, anomaly.detail) == (3, "first")
    assert (skipped.offset, skipped.length, skipped.reason) == (3, 6, "this")


def test_what_is_skipped_may_begin_with_the_stream(twin: Any) -> None:
    report = twin.module("report").Report(100, False)
    report.skip(0, 5, "this")
    report.skip(5, 9, "that")
    report.flush()
    (skipped,) = drained(report)
    assert (skipped.offset, skipped.length, skipped.reason) == (0, 9, "this")


def test_too_much_junk_is_an_error_where_it_is_too_much(twin: Any) -> None:
    report = twin.module("report").Report(10, False)
    report.skip(5, 15, "junk")
    with pytest.raises(LimitExceededError, match=r"10 bytes .*max_junk") as caught:
        report.skip_on(16)
    assert caught.value.offset == 15
    assert report.error is caught.value


@pytest.mark.parametrize(
    ("event", "offset", "text"),
    [("anomaly", 2, "junk: why"), ("skipped", 1, "4 bytes skipped: because")],
)
def test_strict_raises_the_first_oddity(twin: Any, event: str, offset: int, text: str) -> None:
    report = twin.module("report").Report(100, True)
    report.note(AnomalyCode.JUNK, 2, "why")
    report.skip(3 if event == "anomaly" else 1, 5, "because")
    with pytest.raises(RemoteProtocolError, match=f"strict: {text}") as caught:
        report.emit(part(5), 5)
    assert caught.value.offset == offset
    assert report.error is caught.value
    assert report.ready == []


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_the_accounts_balance(
    twin: Any, delivered: int, framing: int, skipped: int, pending: int
) -> None:
    report = twin.module("report").Report(100, False)
    if skipped:
        report.skip(framing, framing + skipped, "why")
    report.delivered = delivered
    fed = delivered + framing + skipped + pending
    report.emit(part(framing + skipped), fed - pending)
    accounts = report.accounting(fed)
    assert (accounts.delivered, accounts.framing) == (delivered, framing)
    assert (accounts.skipped, accounts.pending, accounts.fed) == (skipped, pending, fed)


def test_before_the_first_byte_every_account_is_empty(twin: Any) -> None:
    module = twin.module("report")
    assert module.Report(10, False).accounting(0) == module.Accounting(0, 0, 0, 0, 0)


def test_an_account_stays_as_it_was_given(twin: Any) -> None:
    account = twin.module("report").Report(1 << 40, False).accounting(0)
    with pytest.raises(FrozenInstanceError):
        account.fed = 1
