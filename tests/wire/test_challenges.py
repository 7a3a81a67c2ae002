"""`hamaproto.wire.challenges`: what servers write into `WWW-Authenticate`."""

from __future__ import annotations

import time
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hamaproto.wire.challenges import Challenge, parse_challenges


def test_the_example_of_rfc_9110() -> None:
    text = r'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\""'
    assert parse_challenges([text]) == [
        Challenge("basic", {"realm": "simple"}),
        Challenge("newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}),
    ]


def test_a_challenge_stays_what_it_is() -> None:
    """Logins that were made of it are compared by it."""
    with pytest.raises(FrozenInstanceError):
        Challenge("basic").scheme = "digest"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('basic realm = "a" ', [Challenge("basic", {"realm": "a"})]),
        ("Digest nonce=abc,,qop=auth", [Challenge("digest", {"nonce": "abc", "qop": "auth"})]),
        ('Digest nonce="a,b=c"', [Challenge("digest", {"nonce": "a,b=c"})]),
        ('Digest nonce="never closed', [Challenge("digest", {"nonce": "never closed"})]),
        ("Digest nonce=a, nonce=b", [Challenge("digest", {"nonce": "a"})]),
        ("NTLM, Basic", [Challenge("ntlm"), Challenge("basic")]),
        ("NTLM abc==, Basic realm=x", [Challenge("ntlm"), Challenge("basic", {"realm": "x"})]),
        ('\x00"?, Basic', [Challenge("basic")]),
        ("", []),
    ],
)
def test_challenges(text: str, expected: list[Challenge]) -> None:
    assert parse_challenges([text]) == expected


@given(st.text(st.sampled_from('aB=", \\\t;é\x00') | st.characters(max_codepoint=255)))
@example('a "')
@example('a b="\\')
def test_any_text_can_be_parsed(text: str) -> None:
    for challenge in parse_challenges([text]):
        assert challenge.scheme == challenge.scheme.lower()


@pytest.mark.parametrize("unit", ['"', "a ", "a=", 'a="\\', ",", "\x00", 'x="a" '])
def test_floods_cost_time_in_proportion(unit: str) -> None:
    def seconds(size: int) -> float:
        text = "Basic " + unit * size
        begin = time.process_time()
        parse_challenges([text])
        return time.process_time() - begin

    small = max(min(seconds(2_000) for _ in range(3)), 1e-4)
    assert min(seconds(20_000) for _ in range(3)) < 60 * small
