"""`hamaproto.wire.login` through `ClientConnection`: many requests against devices with habits.

A device is a function from a request to the bytes of its answer.  The requests run as
generators that are moved on in random order, so that their challenges and answers cross
each other as those of parallel connections do.  The Digests are judged with hashlib alone.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from conversations import HOST

import fixtures
from hamaproto import commands
from hamaproto.client import ClientConnection
from hamaproto.errors import AuthenticationError, HamaError
from hamaproto.events import Frame
from hamaproto.headers import Headers
from hamaproto.wire.auth import Authenticator, Credentials, Login
from hamaproto.wire.login import LoginExchange

USER, PASSWORD = "admin", "1234"
BASIC = b"\r\nAuthorization: Basic YWRtaW46MTIzNA==\r\n"
PICTURE = fixtures.jpeg("420")
GOOD = b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n" + PICTURE

Device = Callable[[bytes], bytes]


def unauthorized(*challenges: str, status: bytes = b"401 Unauthorized") -> bytes:
    lines = b"".join(b"WWW-Authenticate: %s\r\n" % text.encode("latin-1") for text in challenges)
    return b"HTTP/1.1 " + status + b"\r\n" + lines + b"Content-Length: 0\r\n\r\n"


def fields_of(request: bytes) -> dict[str, str]:
    """What is in the Digest of a request, nothing if there is none."""
    found = re.search(rb"\r\nAuthorization: Digest (.*?)\r\n", request)
    pairs = re.findall(r'(\w+)=("[^"]*"|[^,]*)', found[1].decode("latin-1") if found else "")
    return {name: value.strip('"') for name, value in pairs}


def right(request: bytes, password: str = PASSWORD) -> bool:
    """Whether its Digest is the one of RFC 7616 3.4.1 (MD5 or SHA-256, qop=auth)."""
    fields = fields_of(request)
    if not fields:
        return False
    name = fields.get("algorithm", "MD5").replace("-", "").lower()

    def h(*texts: str) -> str:
        return hashlib.new(name, ":".join(texts).encode()).hexdigest()

    method, target = request.decode("latin-1").split(" ")[:2]
    a1, a2 = h(fields["username"], fields["realm"], password), h(method, target)
    middle = [fields[key] for key in ("nonce", "nc", "cnonce", "qop")]
    return fields["response"] == h(a1, *middle, a2) and fields["uri"] == target


class Nonces:
    """A device with Digest whose nonces are particular.

    `habit`: "once", each is good for one request; "newest", only the one given out last is
    good; "rising", there is one, and its count must rise; "target", each is good for the
    path that it was given out for.  `stale`: whether it says so where the rest was right.
    """

    def __init__(self, habit: str, *, stale: bool) -> None:
        self.habit = habit
        self.stale = stale
        self.good: dict[str, str] = {}
        self.number = 0
        self.highest = 0
        self.wrong = 0

    def __call__(self, request: bytes) -> bytes:
        fields = fields_of(request)
        target = request.split(b" ")[1].decode()
        known = right(request) and self.good.get(fields.get("nonce", ""))
        if known:
            if self.habit == "once":
                del self.good[fields["nonce"]]
                return GOOD
            if self.habit == "rising":
                if int(fields["nc"], 16) > self.highest:
                    self.highest = int(fields["nc"], 16)
                    return GOOD
            elif self.habit == "newest" or known == target:
                return GOOD
        self.wrong += bool(fields) and not right(request)
        if self.habit != "rising" or not self.number:
            self.number += 1
        nonce = f"nonce{self.number}"
        self.good = {} if self.habit == "newest" else self.good
        self.good[nonce] = target
        stale = ", stale=true" if self.stale and right(request) else ""
        return unauthorized(f'Digest realm="cam", nonce="{nonce}", qop="auth"{stale}')


def conversation(device: Device, auth: Any, request: Any, out: list[Any]) -> Iterator[None]:
    """One request with all its attempts; each step is one message on its way."""
    connection: ClientConnection | None = ClientConnection(HOST, auth=auth)
    while connection is not None:
        sent = connection.send(request)
        yield
        answer = device(sent)
        yield
        connection.receive_data(answer)
        connection.receive_eof()
        events: list[Any] = []
        try:
            events += connection.events()
        except HamaError as error:
            events.append(error)
        last, connection = connection, connection.retry
    frames = [event for event in events if isinstance(event, Frame)]
    out.append(frames[0] if frames else last.login_error or events[-1])


def run(runs: list[Iterator[None]], rng: random.Random) -> None:
    while runs:
        one = rng.choice(runs)
        try:
            next(one)
        except StopIteration:
            runs.remove(one)


def ask(device: Device, auth: Any = (USER, PASSWORD), request: Any = None) -> Any:
    out: list[Any] = []
    for _ in conversation(device, auth, request or commands.image(), out):
        pass
    return out[0]


@pytest.mark.parametrize(
    ("habit", "stale"),
    [
        ("once", False),
        ("once", True),
        ("newest", True),
        ("rising", False),
        ("rising", True),
        ("target", False),
        ("target", True),
    ],
)
@pytest.mark.parametrize("warm", [False, True])
def test_parallel_requests_are_all_served(habit: str, stale: bool, warm: bool) -> None:
    # If each challenge spoils all others, twelve at once would spoil each other's for ever.
    count = 3 if habit == "newest" else 12
    for seed in range(20):
        rng = random.Random(seed)
        device = Nonces(habit, stale=stale)
        auth = Authenticator(Credentials(USER, PASSWORD))
        if warm:
            assert isinstance(ask(device, auth), Frame)
        out: list[Any] = []
        requests = [commands.image(), commands.raw("/other.jpg"), commands.video_stream()]
        run([conversation(device, auth, rng.choice(requests), out) for _ in range(count)], rng)
        assert [type(one) for one in out] == [Frame] * count
        assert device.wrong == 0


def test_a_wrong_password_is_sent_once_a_request() -> None:
    for habit in ("once", "target"):
        device = Nonces(habit, stale=True)
        for _ in range(3):
            error = ask(device, (USER, "wrong"))
            assert isinstance(error, AuthenticationError)
            assert str(error).startswith(f"{HOST} refuses the login of 'admin': wrong")
            assert error.status == 401
        assert device.wrong == 3


def test_an_endless_refusal_ends() -> None:
    """Whatever a device says each time, it is not asked for ever."""
    asked: list[bytes] = []

    def device(more: str, request: bytes) -> bytes:
        asked.append(request)
        return unauthorized(f'Digest nonce="{len(asked)}", qop="auth"{more}')

    for more in ("", ", stale=true", ", algorithm=SHA-256", ", stale=true, Basic"):
        asked.clear()
        assert isinstance(ask(partial(device, more)), AuthenticationError)
        assert len(asked) <= 11


@pytest.mark.parametrize("order", [("MD5", "SHA-256"), ("SHA-256", "MD5"), ("SHA-256", "MD5", "X")])
def test_firmware_that_gets_sha_256_wrong(order: tuple[str, ...]) -> None:
    challenges = [f'Digest realm="c", nonce="n", algorithm={name}, qop="auth"' for name in order]
    asked: list[bytes] = []

    def device(request: bytes) -> bytes:
        asked.append(request)
        good = right(request) and fields_of(request)["algorithm"] == "MD5"
        return GOOD if good else unauthorized(*challenges)

    auth = Authenticator(Credentials(USER, PASSWORD))
    assert isinstance(ask(device, auth), Frame)
    assert len(asked) == (2 if order[0] == "MD5" else 3)
    asked.clear()
    assert isinstance(ask(device, auth), Frame)
    assert len(asked) == 1, "what has worked is remembered"


REFUSALS = {
    "401 without a challenge": unauthorized(),
    "401 with an empty one": unauthorized(""),
    "403": unauthorized(status=b"403 Forbidden"),
    "403 with a page": b"HTTP/1.0 403 Forbidden\r\n\r\n<html>no</html>",
    "hangs up": b"",
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_basic_is_tried_once_where_nothing_is_said(refusal: bytes) -> None:
    asked: list[bytes] = []

    def device(request: bytes) -> bytes:
        asked.append(request)
        return GOOD if BASIC in request else refusal

    auth = Authenticator(Credentials(USER, PASSWORD))
    assert isinstance(ask(device, auth), Frame)
    assert [BASIC in request for request in asked] == [False, True]
    assert isinstance(ask(device, auth), Frame)
    assert [BASIC in request for request in asked] == [False, True, True]
    # A wrong password: once, and then it is an error.
    asked.clear()
    assert not isinstance(ask(device, (USER, "wrong")), Frame)
    assert len(asked) == 2
    # Nobody's password: nothing is sent.
    asked.clear()
    assert not isinstance(ask(device, None), Frame)
    assert not isinstance(ask(device, request=commands.image_without_login()), Frame)
    assert len(asked) == 2
    assert not any(b"Authorization" in request for request in asked)


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("accepted", [False, True])
def test_basic_is_never_guessed_where_digest_was_offered(refusal: bytes, accepted: bool) -> None:
    """The password would go out in clear to a device that can do better."""
    asked: list[bytes] = []
    digest = unauthorized('Digest realm="c", nonce="n", qop="auth"')
    auth = Authenticator(Credentials(USER, PASSWORD))
    first = ask(lambda request: GOOD if accepted and right(request) else digest, auth)
    assert isinstance(first, Frame) is accepted

    def turned(request: bytes) -> bytes:
        asked.append(request)
        return refusal

    for _ in range(3):
        assert not isinstance(ask(turned, auth), Frame)
    assert not any(b"Basic" in request for request in asked)


def test_a_403_is_no_error_of_the_login() -> None:
    """A 401 is; without a login neither is answered."""
    fields = Headers.parse(b'WWW-Authenticate: Basic realm="c"\r\n')
    for status, error in ((403, None), (401, AuthenticationError)):
        exchange = LoginExchange(None, HOST)
        assert exchange.refused(status, fields) is None
        assert exchange.error is None if error is None else isinstance(exchange.error, error)


def test_a_403_may_say_how_it_wants_to_be_asked() -> None:
    """Then it is answered like that, and Basic is not guessed beside a Digest."""
    digest = unauthorized('Digest realm="c", nonce="n", qop="auth"', status=b"403 Forbidden")
    asked: list[bytes] = []

    def device(request: bytes) -> bytes:
        asked.append(request)
        return GOOD if right(request) else digest

    assert isinstance(ask(device), Frame)
    assert not isinstance(ask(device, (USER, "wrong")), Frame)
    assert len(asked) == 4
    assert not any(b"Authorization: Basic" in request for request in asked)
    basic = unauthorized('Basic realm="c"', status=b"403 Forbidden")
    assert isinstance(ask(lambda request: GOOD if BASIC in request else basic), Frame)


def test_whoever_stands_between_gets_no_password() -> None:
    """A Basic challenge behind an accepted Digest is refused by name, unless it is allowed."""

    def device(request: bytes) -> bytes:
        return GOOD if right(request) else unauthorized('Digest realm="c", nonce="n", qop="auth"')

    asked: list[bytes] = []

    def between(request: bytes) -> bytes:
        asked.append(request)
        return GOOD if BASIC in request else unauthorized('Basic realm="c"')

    auth = Authenticator(Credentials(USER, PASSWORD))
    assert isinstance(ask(device, auth), Frame)
    error = ask(between, auth)
    assert isinstance(error, AuthenticationError)
    assert "asks for Basic after Digest MD5" in str(error)
    assert not any(BASIC in request for request in asked)
    willing = Authenticator(Credentials(USER, PASSWORD, allow_downgrade=True))
    assert isinstance(ask(device, willing), Frame)
    assert isinstance(ask(between, willing), Frame)


def test_each_refusal_has_its_own_words() -> None:
    """No login, a wrong one, an unknown kind: different words, each with the host."""
    said = {
        str(ask(lambda _: unauthorized('Basic realm="c"'), None)),
        str(ask(lambda _: unauthorized('Basic realm="c"'))),
        str(ask(lambda _: unauthorized("Negotiate"))),
        str(ask(lambda _: unauthorized())),
        str(ask(lambda _: unauthorized(), request=commands.image_without_login())),
    }
    assert said == {
        f"{HOST} asks for a login, and none was given",
        f"{HOST} refuses the login of 'admin': wrong user or password (by Basic)",
        f"{HOST} asks for a login by Negotiate, which is not known here (known are Basic, and "
        "Digest with MD5 or SHA-256)",
        f"{HOST} refuses the login of 'admin': wrong user or password (by Basic; it names no "
        "kind of login that it wants)",
    }
    assert not any(PASSWORD in text for text in said)


def test_basic_goes_out_at_once_if_it_is_to() -> None:
    asked: list[bytes] = []

    def device(request: bytes) -> bytes:
        asked.append(request)
        return GOOD if BASIC in request else b""

    assert isinstance(ask(device, Credentials(USER, PASSWORD, preemptive=True)), Frame)
    assert len(asked) == 1


def test_a_nonce_that_is_bound_to_its_connection() -> None:
    """A last try on the same socket, if the device has left it open behind a whole answer."""
    answer = unauthorized('Digest realm="c", nonce="two", qop="auth"')
    for data, eof, there in (
        (answer, False, True),
        (answer, True, False),
        (answer.replace(b"Content-Length: 0", b"Content-Length: 9"), False, False),
        (answer.replace(b"Content-Length: 0", b"X: y"), False, False),
        (answer.replace(b"\r\n\r\n", b"\r\nConnection: Close\r\n\r\n"), False, False),
        (answer.replace(b"HTTP/1.1", b"HTTP/1.0"), False, False),
        (answer.replace(b'"two"', b'"one"'), False, False),
        (unauthorized('Basic realm="c"'), False, False),
    ):
        first = ClientConnection(HOST, auth=(USER, PASSWORD))
        first.send(commands.image())
        first.receive_data(answer.replace(b'"two"', b'"one"'))
        list(first.events())
        second = first.retry
        assert second is not None
        second.send(commands.image())
        second.receive_data(data)
        if eof:
            second.receive_eof()
        list(second.events())
        assert second.retry is None
        assert second.login_error is not None
        here = second.retry_here
        assert (here is not None) is there
        if here is None:
            continue
        request = here.send(commands.image())
        assert right(request)
        assert fields_of(request)["nonce"] == "two"
        # It is the last one.
        here.receive_data(answer.replace(b'"two"', b'"three"'))
        list(here.events())
        assert here.retry is None
        assert here.retry_here is None
        assert here.login_error is not None


def test_an_exchange_shows_the_host_and_which_attempt_it_is() -> None:
    authenticator = Authenticator(Credentials(USER, PASSWORD))
    first = LoginExchange(authenticator, "camera")
    assert repr(first) == "<LoginExchange with camera, attempt 1>"
    assert first.authorization("GET", "/", anonymous=False) is None
    # Nobody answers for a request that was sent to a stranger without a login.
    assert first.authorization("GET", "/", anonymous=True) is None
    first.passed()
    assert authenticator.login is None


def test_the_last_attempt_on_a_connection_has_no_other_one() -> None:
    authenticator = Authenticator(Credentials(USER, PASSWORD))
    old, new = (f'Digest realm="x", nonce="{n}", qop="auth", stale=true' for n in "ab")
    login = authenticator.answer([old])
    assert isinstance(login, Login)
    for last in (False, True):
        exchange = LoginExchange(authenticator, "camera", (), login, last=last)
        assert exchange.authorization("GET", "/", anonymous=False) is not None
        following = exchange.refused(401, Headers([("WWW-Authenticate", new)]))
        assert (following is None) is last
        assert exchange.bound is None
    assert str(exchange.error) == "camera asks for a login again and again"
