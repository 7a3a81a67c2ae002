"""Basic and Digest, as the camera's side checks them."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hamaproto.camera.login import BASIC_CHALLENGE, DigestLogin, Verdict, check_basic

USERS = {"admin": "1234", "jürgen": "pässword:"}


def basic(text: str, encoding: str = "utf-8") -> str:
    return "Basic " + base64.b64encode(text.encode(encoding)).decode()


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("user", USERS)
def test_basic_takes_the_password_of_a_user(user: str, encoding: str) -> None:
    pair = f"{user}:{USERS[user]}"
    assert check_basic(basic(pair, encoding), USERS) is Verdict.ACCEPTED
    assert check_basic("  bASIC   " + basic(pair, encoding)[6:] + " ", USERS) is Verdict.ACCEPTED
    assert check_basic(basic(pair + "x", encoding), USERS) is Verdict.REFUSED
    assert check_basic("Digest " + basic(pair, encoding)[6:], USERS) is Verdict.REFUSED
    assert check_basic(basic(pair, encoding), {}) is Verdict.REFUSED
    assert BASIC_CHALLENGE == b'Basic realm="Internet Camera"'


@given(st.text(st.characters(max_codepoint=255)))
def test_what_is_no_login_is_refused(field: str) -> None:
    assert check_basic(field, USERS) is Verdict.REFUSED
    # What stands between the letters of base64 is no base64.
    assert check_basic("Basic YWRt!aW46MTIzNA==", {"admin": "1234"}) is Verdict.REFUSED
    assert DigestLogin().check(field, "GET", "/", USERS) is Verdict.REFUSED
    assert DigestLogin().check(f"Digest {field}", "GET", "/", USERS) is Verdict.REFUSED


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def answer(nonce: str, count: str = "00000001", *, quote: str = '"', **changes: str) -> str:
    """An `Authorization` value by RFC 7616 clause 3.4.1; `changes` spoil it after the sum."""
    secret, target = md5("admin:IPCam:1234"), md5("GET:/jpg/image.jpg")
    fields = {
        "username": "admin",
        "realm": "IPCam",
        "nonce": nonce,
        "uri": "/jpg/image.jpg",
        "qop": "auth",
        "nc": count,
        "cnonce": "0a4f113b",
        "response": md5(f"{secret}:{nonce}:{count}:0a4f113b:auth:{target}"),
        **changes,
    }
    return "Digest " + ", ".join(f"{name}={quote}{value}{quote}" for name, value in fields.items())


def nonce_of(login: DigestLogin) -> str:
    found = re.search('nonce="([^"]+)"', login.challenge().decode())
    assert found is not None
    return found[1]


def check(login: DigestLogin, field: str, target: str = "/jpg/image.jpg") -> Verdict:
    return login.check(field, "GET", target, USERS)


def test_the_challenge() -> None:
    login = DigestLogin()
    assert re.fullmatch(
        rb'Digest realm="IPCam", nonce="[0-9a-f]{32}", algorithm=MD5, qop="auth"', login.challenge()
    )
    assert login.challenge(stale=True).endswith(b', qop="auth", stale=true')
    assert len({login.challenge() for _ in range(50)}) == 50
    assert login.challenge() != DigestLogin().challenge()


@pytest.mark.parametrize("quote", ['"', ""])
def test_digest_takes_the_password_of_a_user(quote: str) -> None:
    login = DigestLogin()
    nonce = nonce_of(login)
    assert check(login, answer(nonce, quote=quote)) is Verdict.ACCEPTED
    assert check(login, answer(nonce, "00000002", quote=quote).upper()) is Verdict.REFUSED
    field = re.sub("(\\w+)=", lambda name: name[0].upper(), answer(nonce, "00000003", quote=quote))
    assert check(login, "  DIGEST" + field[6:]) is Verdict.ACCEPTED


@pytest.mark.parametrize(
    "changes",
    [
        {"username": "guest"},
        {"uri": "/other"},
        {"qop": "auth-int"},
        {"response": "0" * 32},
        {"nc": "00000002"},
        {"cnonce": ""},
    ],
)
def test_an_answer_that_differs_is_refused(changes: dict[str, str]) -> None:
    login = DigestLogin()
    assert check(login, answer(nonce_of(login), **changes)) is Verdict.REFUSED


def test_another_request_or_scheme_is_refused() -> None:
    login = DigestLogin()
    field = answer(nonce_of(login))
    assert check(login, field, "/mjpg/video.mjpg") is Verdict.REFUSED
    assert login.check(field, "POST", "/jpg/image.jpg", USERS) is Verdict.REFUSED
    assert check(login, field.replace("Digest", "Basic")) is Verdict.REFUSED
    assert check(login, field) is Verdict.ACCEPTED


def test_a_count_is_used_once_and_a_nonce_does_not_last() -> None:
    login = DigestLogin()
    nonce = nonce_of(login)
    assert check(login, answer(nonce)) is Verdict.ACCEPTED
    assert check(login, answer(nonce)) is Verdict.STALE
    assert check(login, answer("never given")) is Verdict.STALE
    login.expire()
    assert check(login, answer(nonce, "00000002")) is Verdict.STALE


def test_64_nonces_are_remembered_the_newest_ones() -> None:
    login = DigestLogin()
    nonces = [nonce_of(login) for _ in range(65)]
    assert check(login, answer(nonces[0])) is Verdict.STALE
    assert check(login, answer(nonces[1])) is Verdict.ACCEPTED
    assert check(login, answer(nonces[64])) is Verdict.ACCEPTED


def test_a_nonce_has_1000_uses() -> None:
    login = DigestLogin()
    nonce = nonce_of(login)
    said = [check(login, answer(nonce, f"{count:08x}")) for count in range(1001)]
    assert said == [Verdict.ACCEPTED] * 1000 + [Verdict.STALE]
