"""`hamaproto.wire.auth`: the examples of the RFCs, httpx's Digest as second opinion.

Invariants: a password stands in no repr, str, or message; parsing a challenge never
raises; one nonce is never used twice with the same count.
"""

from __future__ import annotations

import copy
import pickle
import re
import time

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hamaproto.errors import LocalProtocolError
from hamaproto.wire.auth import Authenticator, Challenge, Credentials, parse_challenges

DIGEST = 'Digest realm="IPCam", nonce="0123", algorithm=MD5, qop="auth"'
BASIC = 'Basic realm="Internet Camera"'


def answer(challenge: str, user: str, password: str, cnonce: str, target: str) -> dict[str, str]:
    """The parameters of the answer to a challenge."""
    authenticator = Authenticator(Credentials(user, password), cnonce=lambda: cnonce)
    assert authenticator.challenged([challenge])
    assert authenticator.login is not None
    (parsed,) = parse_challenges([authenticator.login.authorization("GET", target)])
    assert parsed.scheme == "digest"
    return parsed.params


# -- Basic -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "password", "encoding", "expected"),
    [
        ("Aladdin", "open sesame", "utf-8", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),  # RFC 7617 2
        ("test", "123\u00a3", "utf-8", "dGVzdDoxMjPCow=="),  # RFC 7617 2.1
        ("test", "123\u00a3", "latin-1", "dGVzdDoxMjOj"),
        ("admin", "1234", "utf-8", "YWRtaW46MTIzNA=="),  # the cameras' default
    ],
)
def test_basic(user: str, password: str, encoding: str, expected: str) -> None:
    credentials = Credentials(user, password, encoding)  # type: ignore[arg-type]  # a str of the table
    authenticator = Authenticator(credentials)
    assert authenticator.login is None
    assert authenticator.challenged([BASIC])
    assert authenticator.login is not None
    assert authenticator.login.authorization("GET", "/") == f"Basic {expected}"


def test_basic_can_be_sent_unasked() -> None:
    login = Authenticator(Credentials("admin", "1234", preemptive=True)).login
    assert login is not None
    assert login.authorization("GET", "/x") == "Basic YWRtaW46MTIzNA=="


# -- Digest ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616(algorithm: str, response: str) -> None:
    nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
    opaque = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    challenge = (
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
        f'nonce="{nonce}", opaque="{opaque}"'
    )
    assert answer(challenge, "Mufasa", "Circle of Life", cnonce, "/dir/index.html") == {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "uri": "/dir/index.html",
        "algorithm": algorithm,
        "nonce": nonce,
        "nc": "00000001",
        "cnonce": cnonce,
        "qop": "auth",
        "response": response,
        "opaque": opaque,
    }


def test_the_example_of_rfc_2617() -> None:
    challenge = (
        'Digest realm="testrealm@host.com", qop="auth,auth-int", '
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    given = answer(challenge, "Mufasa", "Circle Of Life", "0a4f113b", "/dir/index.html")
    assert given["response"] == "6629fae49393a05397450978507c4ef1"
    assert "algorithm" not in given


def test_without_qop_as_in_rfc_2069() -> None:
    challenge = (
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    given = answer(challenge, "Mufasa", "CircleOfLife", "unused", "/dir/index.html")
    # The example of RFC 2069 2.4, as its errata have it.
    assert given["response"] == "1949323746fe6a43ef61f9606e7febea"
    assert not {"qop", "nc", "cnonce"} & set(given)


quotable = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\'))


@given(
    st.sampled_from([None, "MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "md5"]),
    st.sampled_from([None, "auth", "auth,auth-int"]),
    quotable,
    quotable.map(lambda text: text.replace(":", "")),
    st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f")),
)
def test_digests_are_those_of_httpx(
    algorithm: str | None, qop: str | None, realm: str, user: str, password: str
) -> None:
    challenge = f'Digest realm="{realm}", nonce="00aa"'
    challenge += f", algorithm={algorithm}" if algorithm else ""
    challenge += f', qop="{qop}"' if qop else ""
    request = httpx.Request("GET", "http://camera/jpg/image.jpg?a=b")
    flow = httpx.DigestAuth(user, password).auth_flow(request)
    next(flow)
    refused = httpx.Response(401, headers={"www-authenticate": challenge}, request=request)
    (theirs,) = parse_challenges([flow.send(refused).headers["authorization"]])
    ours = answer(challenge, user, password, theirs.params.get("cnonce", "x"), "/jpg/image.jpg?a=b")
    if algorithm is not None and algorithm.endswith("-sess") and qop is None:
        # httpx tells no cnonce then, though the response depends on it.
        return
    assert ours["response"] == theirs.params["response"]


def test_each_use_of_a_nonce_is_counted() -> None:
    authenticator = Authenticator(Credentials("a", "b"))
    assert authenticator.challenged([DIGEST])
    login = authenticator.login
    assert login is not None
    uses = [parse_challenges([login.authorization("GET", "/")])[0].params for _ in range(17)]
    assert [use["nc"] for use in uses] == [f"{number:08x}" for number in range(1, 18)]
    assert len({use["response"] for use in uses}) == 17


def test_the_client_chooses_another_cnonce_each_time() -> None:
    seen = set()
    for _ in range(3):
        authenticator = Authenticator(Credentials("a", "b"))
        authenticator.challenged([DIGEST])
        assert authenticator.login is not None
        value = authenticator.login.authorization("GET", "/")
        seen.add(parse_challenges([value])[0].params["cnonce"])
    assert len(seen) == 3
    assert all(len(cnonce) >= 16 for cnonce in seen)


def test_a_quoted_text_is_escaped() -> None:
    given = answer(r'Digest realm="a \"b\" \\c", nonce="n"', 'q"u\\ote', "p", "c", "/")
    assert given["realm"] == r'a "b" \c'
    assert given["username"] == 'q"u\\ote'


def test_userhash() -> None:
    """RFC 7616 3.4.4: the hash of user and realm in the place of the user."""
    given = answer('Digest realm="r", nonce="n", userhash=true', "user", "p", "c", "/")
    assert re.fullmatch("[0-9a-f]{32}", given["username"])
    assert given["userhash"] == "true"


# -- the choice ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "chosen"),
    [
        ([BASIC], "basic"),
        ([BASIC, DIGEST], "MD5"),
        ([f"{BASIC}, {DIGEST}"], "MD5"),
        ([f"{DIGEST}, {BASIC}"], "MD5"),
        ([DIGEST, DIGEST.replace("MD5", "SHA-256")], "SHA-256"),
        ([DIGEST.replace("MD5", "SHA-256-sess"), DIGEST], "SHA-256-sess"),
        ([DIGEST.replace("MD5", "SHA-512-256"), DIGEST], "MD5"),
        ([DIGEST.replace("auth", "auth-int"), BASIC], "basic"),
        (['Digest realm="no nonce"', BASIC], "basic"),
        (["Negotiate", "NTLM TlRMTVNTUAAC==", BASIC], "basic"),
        (['Digest realm="\x00", nonce="n"', BASIC], "basic"),
        ([], None),
        ([""], None),
        (["Bearer"], None),
        (['Digest nonce="n", algorithm=token'], None),
    ],
)
def test_the_strongest_that_is_known_is_chosen(fields: list[str], chosen: str | None) -> None:
    authenticator = Authenticator(Credentials("a", "b"))
    assert authenticator.challenged(fields) is (chosen is not None)
    if chosen is None:
        assert authenticator.login is None
        return
    assert authenticator.login is not None
    challenge = authenticator.login.challenge
    assert challenge.params.get("algorithm", challenge.scheme) == chosen


def test_a_wrong_password_is_not_sent_again() -> None:
    for challenge in (BASIC, DIGEST):
        authenticator = Authenticator(Credentials("a", "b"))
        assert authenticator.challenged([challenge])
        used = authenticator.login
        assert not authenticator.challenged([challenge.replace("0123", "4567")], used)
        assert authenticator.login is used


def test_an_old_nonce_is_replaced() -> None:
    authenticator = Authenticator(Credentials("a", "b"))
    authenticator.challenged([DIGEST])
    first = authenticator.login
    assert first is not None
    assert authenticator.challenged([f"{DIGEST}, stale=TRUE".replace("0123", "4567")], first)
    second = authenticator.login
    assert second is not None
    assert second.challenge.params["nonce"] == "4567"
    # Without the word too, if the nonce had been good once.
    second.accepted = True
    assert not authenticator.challenged([DIGEST.replace("0123", "4567")], second)
    assert authenticator.challenged([DIGEST.replace("0123", "89ab")], second)


def test_another_scheme_is_worth_a_try() -> None:
    authenticator = Authenticator(Credentials("a", "b", preemptive=True))
    assert authenticator.challenged([DIGEST], authenticator.login)
    assert authenticator.challenged([DIGEST.replace("MD5", "SHA-256")], authenticator.login)


def test_auth_comes_in_several_shapes() -> None:
    assert Authenticator.of(None) is None
    for auth in (("a", "b"), Credentials("a", "b")):
        made = Authenticator.of(auth)
        assert made is not None
        assert made.credentials == Credentials("a", "b")
        assert Authenticator.of(made) is made
    for wrong in ("a:b", ["a", "b"], ("a",), b"a"):
        with pytest.raises(LocalProtocolError, match=type(wrong).__name__):
            Authenticator.of(wrong)  # type: ignore[arg-type]  # that is the point


# -- challenges ------------------------------------------------------------------------


def test_the_example_of_rfc_9110() -> None:
    text = r'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\""'
    assert parse_challenges([text]) == [
        Challenge("basic", {"realm": "simple"}),
        Challenge("newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}),
    ]


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
def test_any_text_can_be_parsed_and_answered(text: str) -> None:
    for challenge in parse_challenges([text]):
        assert challenge.scheme == challenge.scheme.lower()
    authenticator = Authenticator(Credentials("a", "b"))
    if authenticator.challenged([text]):
        assert authenticator.login is not None
        authenticator.login.authorization("GET", "/").encode("latin-1")


@pytest.mark.parametrize("unit", ['"', "a ", "a=", 'a="\\', ",", "\x00", 'x="a" '])
def test_floods_cost_time_in_proportion(unit: str) -> None:
    def seconds(size: int) -> float:
        text = "Basic " + unit * size
        begin = time.process_time()
        parse_challenges([text])
        return time.process_time() - begin

    small = max(min(seconds(2_000) for _ in range(3)), 1e-4)
    assert min(seconds(20_000) for _ in range(3)) < 60 * small


# -- secrets ---------------------------------------------------------------------------


def test_a_password_is_never_shown() -> None:
    credentials = Credentials("admin", "hunter2")
    authenticator = Authenticator(credentials)
    authenticator.challenged([DIGEST])
    for thing in (credentials, authenticator, authenticator.login, [credentials]):
        assert "hunter2" not in f"{thing!r} {thing}"
    assert "admin" in repr(credentials)
    assert copy.copy(credentials) == pickle.loads(pickle.dumps(credentials)) == credentials


@pytest.mark.parametrize(
    ("user", "password", "encoding"),
    [
        ("a:b", "hunter2", "utf-8"),
        ("a", "hunter2\n", "utf-8"),
        ("a\x00", "hunter2", "utf-8"),
        ("a", "hunter2\u20ac", "latin-1"),
        ("a", "hunter2\ud800", "utf-8"),
        ("a", b"hunter2", "utf-8"),
        (None, "hunter2", "utf-8"),
        ("a", "hunter2", "ascii"),
    ],
)
def test_what_can_not_be_sent_is_refused_unseen(user: str, password: str, encoding: str) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        Credentials(user, password, encoding)  # type: ignore[arg-type]  # that is the point
    assert "hunter2" not in str(caught.value)
    assert caught.value.__context__ is None
