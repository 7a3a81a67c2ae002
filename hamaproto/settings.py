"""What a program passes in: where a camera is, and how long and how often it is tried.

    Settings("https://camera/front", auth=("admin", "1234"), timeout=Timeouts(idle=5))

Every driver and every `Session` takes these, and each value is checked where it is passed in.
How a certificate is checked is a matter of the drivers in `hamaproto.io`.
"""

from __future__ import annotations

import ipaddress
import random
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final, Literal

from hamaproto import _checks
from hamaproto._checks import YEAR, wrong_type
from hamaproto.commands import raw
from hamaproto.fields import GivenFields, OwnFields
from hamaproto.limits import Limits
from hamaproto.userinfo import credentials_of, refuse_raw_password
from hamaproto.wire.auth import Authenticator, Credentials

__all__ = [
    "DEFAULT_TIMEOUTS",
    "Auth",
    "Backoff",
    "Endpoint",
    "Policy",
    "Settings",
    "Timeouts",
    "check_policy",
]

#: A login: user and password, or one that is shared among cameras.
Auth = tuple[str, str] | Credentials | Authenticator | None

_SECONDS: Final = f"a number of seconds over 0 and up to {YEAR:.0f} (a year), or None"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait, in seconds; None is for ever.

    `connect`: until a connection stands.  `idle`: between two arrivals of bytes; the time
    in which the program itself does not take them does not count.  `total`: for the whole
    of an answer that ends, connecting and logins included; for a stream, until its head.
    `frame`: between two complete pictures (or frames of sound) of a stream, whatever else
    comes meanwhile; a part that only keeps the connection alive is no picture.
    """

    connect: float | None = 10.0
    """Until a connection stands."""
    idle: float | None = 10.0
    """Between two arrivals of bytes."""
    total: float | None = 60.0
    """For the whole of an answer that ends; for a stream, until its head."""
    frame: float | None = 60.0
    """Between two complete pictures, or frames of sound."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                _checks.number(
                    "Timeouts", field.name, value, _SECONDS, low=0, high=YEAR, above=True
                )

    @classmethod
    def of(cls, value: Timeouts | float | None) -> Timeouts:
        """One number, or None, is for all four."""
        if isinstance(value, Timeouts):
            return value
        if value is None:
            return cls(None, None, None, None)
        _checks.number(
            "Camera", "timeout", value, f"Timeouts, or {_SECONDS}", low=0, high=YEAR, above=True
        )
        return cls(value, value, value, value)


#: What a `Camera` is made with if nothing is said.
DEFAULT_TIMEOUTS: Final = Timeouts()


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before a lost stream is asked for again.

    The n-th attempt in a row waits `initial * factor ** (n - 1)` seconds, at most `cap`,
    less a random share of up to `jitter` of it, so that many clients do not come back
    at once.  A good frame makes the next loss the first one again.  After `attempts` in
    a row without one the error is raised; None goes on for ever.
    """

    initial: float = 0.5
    """Seconds before the first attempt."""
    factor: float = 2.0
    """By what each wait is longer than the one before."""
    cap: float = 30.0
    """Seconds that no wait is longer than."""
    jitter: float = 0.5
    """The share of a wait, from 0 to 1, that chance may take off."""
    attempts: int | None = None
    """How many in a row, None without end."""
    rng: Callable[[], float] = random.random
    """Gives numbers from 0 to 1; a parameter so that tests can fix them."""

    def __post_init__(self) -> None:
        seconds = f"a number of seconds from 0 to {YEAR:.0f} (a year)"
        for name in ("initial", "cap"):
            _checks.number("Backoff", name, getattr(self, name), seconds, low=0, high=YEAR)
        _checks.number("Backoff", "factor", self.factor, "from 1 to 1000", low=1, high=1000)
        _checks.number("Backoff", "jitter", self.jitter, "a share from 0 to 1", low=0, high=1)
        if self.attempts is not None:
            allowed = "a whole number of at least 1, or None"
            _checks.whole("Backoff", "attempts", self.attempts, allowed, low=1)
        if not callable(self.rng):
            raise wrong_type(
                "Backoff", "rng", self.rng, "a function that gives numbers from 0 to 1"
            )

    def delay(self, attempt: int) -> float:
        """Seconds before the attempt of that number, from 1."""
        _checks.whole("Backoff.delay", "attempt", attempt, "a whole number of at least 1", low=1)
        try:
            delay = self.initial * float(self.factor) ** (attempt - 1)
        except OverflowError:
            delay = self.cap
        share = min(max(self.rng(), 0.0), 1.0)
        return min(delay, self.cap) * (1 - self.jitter * share)


#: What happens when events come faster than they are taken: the camera is made to "wait",
#: or only the "latest" frame is kept.
Policy = Literal["wait", "latest"]
_POLICIES: Final = ("wait", "latest")


def check_policy(policy: Policy, queue: int) -> None:
    """Raises LocalProtocolError for what is no policy, or no length of a queue."""
    allowed = "allowed are 'wait' and 'latest'"
    _checks.instance("stream", "policy", policy, str, allowed)
    if policy not in _POLICIES:
        raise _checks.wrong_value("stream", "policy", policy, allowed)
    _checks.whole("stream", "queue", queue, "a whole number of at least 1", low=1)


# -- where the camera is ---------------------------------------------------------------

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a camera is: what to connect to, and what to say in `Host`."""

    host: str
    """A name or an address, an IPv6 address without brackets."""
    port: int
    """From 1 to 65535."""
    authority: str
    """What stands in `Host`."""
    prefix: str = ""
    """What is put before every target: the path of a proxy, or empty."""
    secure: bool = False
    """https."""

    def __str__(self) -> str:
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def is_address(self) -> bool:
        """Whether `host` is a number already, so that nobody needs to be asked."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True

    @property
    def url(self) -> str:
        """The address again, without credentials."""
        return f"{'https' if self.secure else 'http'}://{self.authority}{self.prefix}"

    @property
    def server_name(self) -> str:
        """What a certificate is to be for; a zone is a matter of this machine."""
        return self.host.partition("%")[0]

    @classmethod
    def parse(cls, url: str) -> tuple[Endpoint, tuple[str, str] | None]:
        """Read `[http://][user:password@]host[:port][/prefix]`, or the same with https.

        Gives the credentials apart.  Raises LocalProtocolError, which does not repeat the URL.
        """
        allowed = "http://host[:port][/prefix], or the same with https"
        _checks.instance("Camera", "url", url, str, allowed, secret=True)
        match = _URL.fullmatch(url if "://" in url else f"http://{url}")
        if match is None:
            raise _checks.wrong_value("Camera", "url", url, allowed, secret=True)
        secure = match["scheme"].lower() == "https"
        usual = 443 if secure else 80
        userinfo, at, authority = match["authority"].rpartition("@")
        refuse_raw_password(match["authority"], match["rest"])
        # The one place that knows what a base may be is that of the catalogue.
        base = raw("/").url(f"http://{authority}{match['rest']}").removesuffix("/")
        _, _, rest = base.partition("://")
        named, slash, prefix = rest.partition("/")
        host, port = named, usual
        if (number := re.search(r":(\d+)\Z", named)) is not None:
            host, port = named[: number.start()], int(number[1])
        shown = host
        if host.startswith("["):
            # A zone is a matter of this machine: for connecting, not for the camera.
            address, percent, zone = host[1:-1].partition("%25")
            host, shown = f"{address}{percent and '%'}{zone}", f"[{address}]"
        endpoint = cls(
            host,
            port,
            shown if port == usual else f"{shown}:{port}",
            f"{slash}{prefix}".rstrip("/"),
            secure,
        )
        if not at:
            return endpoint, None
        return endpoint, credentials_of(userinfo)


class Settings:
    """What a camera is asked with: its endpoint, the login, the times, the limits, own fields.

    `url` is `http://host[:port][/prefix]`, or https.  `timeout` is `Timeouts`, or a number of
    seconds (or None, for ever) for all of them.  `headers` are fields for every request.
    Settings are shared by all sessions with the camera, and so is what was learnt of its login.

    Raises LocalProtocolError for what is not allowed.  Warns of a password in the URL;
    `stacklevel` is that of `warnings.warn`, for who makes settings on behalf of a caller.
    """

    __slots__ = ("authenticator", "endpoint", "fields", "limits", "timeouts")

    def __init__(
        self,
        url: str,
        *,
        auth: Auth = None,
        timeout: Timeouts | float | None = DEFAULT_TIMEOUTS,
        limits: Limits | None = None,
        headers: GivenFields = None,
        stacklevel: int = 2,
    ) -> None:
        self.endpoint, found = Endpoint.parse(url)
        if found is not None:
            warnings.warn(
                "a password in a URL ends up in logs and process lists; pass auth=(user, password)",
                UserWarning,
                stacklevel=stacklevel,
            )
        self.authenticator = Authenticator.of(auth if auth is not None else found)
        """Shared by all connections: one 401 serves them all."""
        self.fields = OwnFields(headers, call="Camera")
        if self.authenticator is not None:
            self.fields.without_login()
        self.timeouts = Timeouts.of(timeout)
        if limits is not None:
            _checks.instance("Camera", "limits", limits, Limits, "Limits, or None")
        self.limits = limits

    def __repr__(self) -> str:
        return f"<Settings {self.endpoint.url}>"

    @property
    def needs_login_first(self) -> bool:
        """Whether the device may ask for a login that was not learnt yet.

        Sound can't be sent twice, so that talk-back must begin with the right head.
        """
        return self.authenticator is not None and self.authenticator.login is None
