"""`hamaproto.wire.auth`: the examples of the RFCs, httpx's Digest as second opinion.

Invariants: a password stands in no repr, str, message or pickle; no challenge is too
odd for words; one nonce is never used twice with the same count.
"""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re
from dataclasses import FrozenInstanceError
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hamaproto.errors import LocalProtocolError
from hamaproto.wire.auth import Authenticator, Credentials, Login, Refusal
from hamaproto.wire.challenges import parse_challenges

DIGEST = 'Digest realm="IPCam", nonce="0123", algorithm=MD5, qop="auth"'
BASIC = 'Basic realm="Internet Camera"'


def asked(authenticator: Authenticator, *fields: str, **arguments: Any) -> Login:
    """The login with which a request is sent again."""
    login = authenticator.answer(fields, **arguments)
    assert isinstance(login, Login), login
    return login


def refused(authenticator: Authenticator, *fields: str, **arguments: Any) -> str:
    """Why it is not."""
    refusal = authenticator.answer(fields, **arguments)
    assert isinstance(refusal, Refusal)
    assert refusal.by_kind is ("wrong" not in refusal.words)
    return refusal.words


def answer(challenge: str, user: str, password: str, cnonce: str, target: str) -> dict[str, str]:
    """The parameters of the answer to a challenge."""
    authenticator = Authenticator(Credentials(user, password), cnonce=lambda: cnonce)
    (parsed,) = parse_challenges([asked(authenticator, challenge).authorization("GET", target)])
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
    assert asked(authenticator, BASIC).authorization("GET", "/") == f"Basic {expected}"


def test_basic_can_be_sent_unasked() -> None:
    login = Authenticator(Credentials("admin", "1234", preemptive=True)).login
    assert login is not None
    assert login.serial == 0  # no challenge was seen before it
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
    login = asked(authenticator, DIGEST)
    uses = [parse_challenges([login.authorization("GET", "/")])[0].params for _ in range(17)]
    assert [use["nc"] for use in uses] == [f"{number:08x}" for number in range(1, 18)]
    assert len({use["response"] for use in uses}) == 17


def test_the_client_chooses_another_cnonce_each_time() -> None:
    seen = set()
    for _ in range(3):
        authenticator = Authenticator(Credentials("a", "b"))
        value = asked(authenticator, DIGEST).authorization("GET", "/")
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
        ([DIGEST, DIGEST.replace("MD5", "SHA-256")], "MD5"),
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
def test_the_first_that_is_known_is_chosen(fields: list[str], chosen: str | None) -> None:
    """RFC 7616 3.7: the server's order counts; but a password in clear is the last choice."""
    login = Authenticator(Credentials("a", "b")).answer(fields)
    if fields in ([], [""]):
        # It does not say what it wants.
        assert isinstance(login, Login)
        assert login.name == "Basic"
    elif chosen is None:
        assert isinstance(login, Refusal)
    else:
        assert isinstance(login, Login)
        assert login.challenge.params.get("algorithm", login.challenge.scheme) == chosen


SHA = DIGEST.replace("MD5", "SHA-256")


def test_a_wrong_password_is_not_sent_again() -> None:
    for challenge in (BASIC, DIGEST, SHA):
        authenticator = Authenticator(Credentials("a", "b"))
        used = asked(authenticator, challenge)
        words = refused(authenticator, challenge.replace("0123", "4567"), tried=[used])
        assert "wrong user or password" in words
        assert "'a'" in words
        # Nobody else is to send it either.
        assert authenticator.login is None


def test_an_old_nonce_is_replaced() -> None:
    authenticator = Authenticator(Credentials("a", "b"))
    first = asked(authenticator, DIGEST)
    second = asked(authenticator, f"{DIGEST}, stale=TRUE".replace("0123", "4567"), tried=[first])
    assert second.challenge.params["nonce"] == "4567"
    # Without the word too, if the nonce had been good once.
    authenticator.passed(second)
    third = asked(authenticator, DIGEST.replace("0123", "89ab"), tried=[second])
    assert third.challenge.params["nonce"] == "89ab"


def test_what_was_accepted_serves_other_requests() -> None:
    authenticator = Authenticator(Credentials("a", "b"))
    login = asked(authenticator, DIGEST)
    assert authenticator.login is None, "it is not known yet whether it is right"
    authenticator.passed(login)
    assert authenticator.login is login


def test_a_nonce_that_comes_again_is_counted_on() -> None:
    """RFC 7616 3.4: the count is how often the client has used the nonce, not the connection."""
    authenticator = Authenticator(Credentials("a", "b"))
    values = [asked(authenticator, DIGEST).authorization("GET", "/") for _ in range(3)]
    uses = [parse_challenges([value])[0].params for value in values]
    assert [use["nc"] for use in uses] == ["00000001", "00000002", "00000003"]


def test_md5_is_tried_once_where_sha_256_fails() -> None:
    authenticator = Authenticator(Credentials("a", "b"))
    first = asked(authenticator, SHA, DIGEST)
    assert first.name == "Digest SHA-256"
    second = asked(authenticator, SHA, DIGEST, tried=[first])
    assert second.name == "Digest MD5"
    assert "wrong" in refused(authenticator, SHA, DIGEST, tried=[first, second])
    # Once it has worked, it is the first choice.
    authenticator.passed(second)
    assert asked(authenticator, SHA, DIGEST).name == "Digest MD5"


@pytest.mark.parametrize(
    ("accepted", "later"),
    [(DIGEST, BASIC), (SHA, DIGEST), (SHA, BASIC), (SHA, f"{BASIC}, {DIGEST}")],
)
def test_a_weaker_scheme_than_was_accepted_is_refused_by_name(accepted: str, later: str) -> None:
    for allowed in (False, True):
        authenticator = Authenticator(Credentials("a", "b", allow_downgrade=allowed))
        login = asked(authenticator, accepted)
        authenticator.passed(login)
        for tried in ([], [login]):
            if allowed:
                asked(authenticator, later, tried=tried)
                continue
            words = refused(authenticator, later, tried=tried)
            assert login.name in words
            assert "allow_downgrade=True" in words
    # A stronger one is welcome.
    authenticator = Authenticator(Credentials("a", "b"))
    authenticator.passed(asked(authenticator, later))
    assert asked(authenticator, accepted).challenge.scheme == "digest"


def test_a_refused_digest_is_not_followed_by_the_password() -> None:
    for fields, words in (([BASIC], "Digest MD5"), ([BASIC, DIGEST], "wrong")):
        authenticator = Authenticator(Credentials("a", "b"))
        login = asked(authenticator, DIGEST)
        assert words in refused(authenticator, *fields, tried=[login])


def test_another_scheme_is_worth_a_try() -> None:
    authenticator = Authenticator(Credentials("a", "b", preemptive=True))
    basic = authenticator.login
    assert basic is not None
    digest = asked(authenticator, DIGEST, tried=[basic])
    assert authenticator.login is None, "no more of what nobody asked for"
    assert asked(authenticator, SHA, tried=[basic, digest]).name == "Digest SHA-256"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        (["Negotiate", "NTLM TlRMTVNTUAAC=="], "Negotiate, Ntlm"),
        (["Bearer realm=x"], "Bearer"),
        ([DIGEST.replace("MD5", "SHA-512-256")], "Digest SHA-512-256"),
        ([DIGEST.replace('"auth"', '"auth-int"')], "Digest MD5 with qop=auth-int"),
        (['Digest realm="x"'], "Digest MD5 without a nonce"),
        ([DIGEST.replace("MD5", "\x1b[31m")], "?[31M"),
    ],
)
def test_an_unknown_scheme_is_named(fields: list[str], name: str) -> None:
    words = refused(Authenticator(Credentials("a", "b")), *fields)
    assert name in words
    assert "wrong" not in words
    assert words.isprintable()


def test_basic_is_guessed_once_and_never_beside_digest() -> None:
    fresh = Authenticator(Credentials("a", "b"))
    guessed = fresh.guess([])
    assert guessed is not None
    assert guessed.name == "Basic"
    assert fresh.guess([guessed]) is None
    assert fresh.guess([], unanswered=True) is not None
    # A device that is open to all has another reason to hang up.
    fresh.passed(None)
    assert fresh.guess([], unanswered=True) is None
    # One that answered is guessed at all the same.
    assert fresh.guess([]) is not None
    for field in (DIGEST, DIGEST.replace("MD5", "SHA-512-256")):
        offered = Authenticator(Credentials("a", "b"))
        offered.answer([field])
        assert offered.guess([]) is None
        assert "names no kind" in refused(offered)


def test_auth_comes_in_several_shapes() -> None:
    assert Authenticator.of(None) is None
    for auth in (("a", "b"), Credentials("a", "b")):
        made = Authenticator.of(auth)
        assert made is not None
        assert made.credentials == Credentials("a", "b")
        assert Authenticator.of(made) is made
    for wrong in ("ab:cd", ["ab", "cd"], ("ab",), b"ab"):
        with pytest.raises(LocalProtocolError, match=type(wrong).__name__) as caught:
            Authenticator.of(wrong)  # type: ignore[arg-type]  # that is the point
        # A password may be in it.
        assert "ab" not in str(caught.value)


def test_of_the_kinds_of_login_that_are_not_known_a_few_are_named() -> None:
    authenticator = Authenticator(Credentials("a", "b"))
    words = refused(authenticator, ", ".join(f"Kind{n} realm=x" for n in range(9)))
    assert "Kind4" in words
    assert "Kind5" not in words


@given(st.text(st.sampled_from('aB=", \\\t;é\x00') | st.characters(max_codepoint=255)))
@example('a "')
@example('a b="\\')
def test_any_text_can_be_answered(text: str) -> None:
    login = Authenticator(Credentials("a", "b")).answer([text])
    if isinstance(login, Login):
        login.authorization("GET", "/").encode("latin-1")
    else:
        assert login.words.isprintable()


# -- secrets ---------------------------------------------------------------------------


def test_a_password_is_never_shown() -> None:
    credentials = Credentials("admin", "hunter2")
    authenticator = Authenticator(credentials)
    login = asked(authenticator, DIGEST)
    for thing in (credentials, authenticator, login, [credentials]):
        assert "hunter2" not in f"{thing!r} {thing}"
    assert "admin" in repr(credentials)
    for secret in (credentials, authenticator, login):
        assert copy.copy(secret) is copy.deepcopy(secret) is secret
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError, match=f"pickle {type(secret).__name__}"):
                pickle.dumps({"camera": secret}, protocol)
    assert dataclasses.replace(credentials, preemptive=True).password == "hunter2"


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


def test_the_strongest_login_that_was_accepted_is_remembered() -> None:
    """A device that accepts a weaker one later has not changed its kind."""
    authenticator = Authenticator(Credentials("admin", "1234"))
    digest = asked(authenticator, DIGEST)
    authenticator.passed(digest)
    authenticator.passed(digest)
    assert digest.accepted
    assert authenticator.login is digest


def test_basic_is_not_sent_again_with_the_same_password() -> None:
    authenticator = Authenticator(Credentials("admin", "1234"))
    basic = asked(authenticator, BASIC)
    assert "wrong" in refused(authenticator, BASIC, tried=(basic,))


def test_a_nonce_for_the_connection_that_is_open() -> None:
    """Only a Digest of the same kind, and only if the nonce is another one."""
    authenticator = Authenticator(Credentials("admin", "1234"))
    used = asked(authenticator, DIGEST)
    other = DIGEST.replace("0123", "4567")
    assert authenticator.bound([DIGEST], [used]) is None
    assert authenticator.bound([other], []) is None
    assert authenticator.bound([BASIC], [used]) is None
    assert authenticator.bound([other.replace("MD5", "SHA-256")], [used]) is None
    again = authenticator.bound([DIGEST, BASIC, other], [used])
    assert again is not None
    assert again.challenge.params["nonce"] == "4567"
    basic = asked(Authenticator(Credentials("admin", "1234")), BASIC)
    assert authenticator.bound([BASIC], [basic]) is None
    # The last one that was tried is meant.
    assert authenticator.bound([other], [basic, used]) is not None
    assert authenticator.bound([other], [used, basic]) is None


def test_no_flood_of_nonces_is_remembered() -> None:
    authenticator = Authenticator(Credentials("admin", "1234"))
    first = asked(authenticator, DIGEST)
    assert asked(authenticator, DIGEST) is first
    challenges = [DIGEST.replace("0123", f"n{number}") for number in range(1000)]
    logins = []
    for number, challenge in enumerate(challenges):
        logins.append(asked(authenticator, challenge))
        assert len(authenticator._nonces) <= 64
        # The last 32 are known at any time.
        known = max(0, number - 31)
        assert asked(authenticator, challenges[known]) is logins[known]
    assert asked(authenticator, challenges[-1]) is logins[-1]
    assert asked(authenticator, DIGEST) is not first


@pytest.mark.parametrize(("proved", "most"), [(False, 3), (True, 8)])
def test_a_nonce_that_others_have_spoilt_is_replaced_a_few_times(proved: bool, most: int) -> None:
    """Other requests were challenged meanwhile: more often where the password is known right."""
    authenticator = Authenticator(Credentials("admin", "1234"))
    login = asked(authenticator, DIGEST)
    if proved:
        authenticator.passed(login)
    tried = [login]
    for number in range(20):
        asked(authenticator, DIGEST.replace("0123", f"other {number}"))
        again = authenticator.answer([DIGEST.replace("0123", f"{number}")], tried)
        if not isinstance(again, Login):
            break
        tried.append(again)
    assert len(tried) == most


@pytest.mark.parametrize(("raced", "most"), [(False, 10), (True, 24)])
def test_a_device_that_says_that_the_nonce_was_old_is_believed_so_often(
    raced: bool, most: int
) -> None:
    """`stale` means that the password is right (RFC 7616 3.3), but a device may say so for ever."""
    authenticator = Authenticator(Credentials("admin", "1234"))
    tried = [asked(authenticator, DIGEST)]
    for number in range(40):
        if raced:
            asked(authenticator, DIGEST.replace("0123", f"other {number}"))
        stale = DIGEST.replace("0123", f"{number}") + ", stale=true"
        again = authenticator.answer([stale], tried)
        if not isinstance(again, Login):
            break
        tried.append(again)
    assert len(tried) == most


def test_how_strong_the_schemes_are() -> None:
    """Binding the hash to a session makes it no stronger (RFC 7616 3.4.2)."""
    strengths = []
    for algorithm in ("MD5", "MD5-sess", "SHA-256", "SHA-256-sess"):
        authenticator = Authenticator(Credentials("a", "b"))
        strengths.append(asked(authenticator, DIGEST.replace("MD5", algorithm)).strength)
    md5, md5_sess, sha, sha_sess = strengths
    assert asked(Authenticator(Credentials("a", "b")), BASIC).strength < md5
    assert md5 == md5_sess < sha == sha_sess


def test_what_a_device_calls_itself_is_shown_short() -> None:
    scheme = refused(Authenticator(Credentials("a", "b")), "x" * 40)
    assert f" X{'x' * 31}," in scheme
    odd = f'Digest nonce="n", algorithm="{"~ y" * 20}\xe9"'
    shown = refused(Authenticator(Credentials("a", "b")), odd)
    assert f"Digest {('~ Y' * 20)[:32]}," in shown


def test_credentials_stay_as_they_were_checked() -> None:
    credentials = Credentials("a", "b")
    with pytest.raises(dataclasses.FrozenInstanceError):
        credentials.user = "a:b"  # type: ignore[misc]
    assert not hasattr(credentials, "__dict__")


def test_a_login_that_was_made_was_not_used() -> None:
    login = asked(Authenticator(Credentials("a", "b")), DIGEST)
    assert (login.uses, login.accepted) == (0, False)


def test_the_charset_of_the_challenge_is_that_of_the_name() -> None:
    """RFC 7616 4: with charset=UTF-8, whatever else the device is known for."""
    said = []
    for encoding in ("utf-8", "latin-1"):
        for charset in ("", ", charset=UTF-8"):
            credentials = Credentials("j\xfcrgen", "b", encoding=encoding)  # type: ignore[arg-type]
            login = asked(Authenticator(credentials, cnonce=lambda: "c"), DIGEST + charset)
            (parsed,) = parse_challenges([login.authorization("GET", "/")])
            said.append(parsed.params["response"])
    assert said[0] == said[1] == said[3] != said[2]


def test_a_refusal_says_which_login_was_refused_and_only_why_if_there_is_more_to_say() -> None:
    basic = Authenticator(Credentials("a", "b"))
    login = basic.answer(['Basic realm="x"'])
    assert isinstance(login, Login)
    for fields, words in (
        (['Basic realm="x"'], "wrong user or password (by Basic)"),
        ([], "wrong user or password (by Basic; it names no kind of login that it wants)"),
    ):
        refusal = basic.answer(fields, [login], 1)
        assert isinstance(refusal, Refusal)
        assert refusal.words == f"refuses the login of 'a': {words}"
        assert not refusal.by_kind
        with pytest.raises(FrozenInstanceError):
            refusal.words = ""  # type: ignore[misc]
