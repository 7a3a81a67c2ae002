"""The login side of one request: what it is sent with, and what a refusal leads to.

    LoginExchange(authenticator, host) -> authorization(...) for the request
    the head of the answer, or none    -> the exchange of the next attempt, or `error`

One request may take several attempts, each on a connection of its own.  Each attempt has its
own exchange, which answers the challenge that its own attempt got; the `Authenticator`
behind them is what all requests share.
"""

from __future__ import annotations

from hamaproto.errors import AuthenticationError, LoginKindError
from hamaproto.headers import Headers
from hamaproto.wire.auth import Authenticator, Login, Refusal
from hamaproto.wire.challenges import parse_challenges

__all__ = ["LoginExchange"]


class LoginExchange:
    """One attempt; `error` says why there is no other one, once the device has refused it."""

    __slots__ = ("_authenticator", "_host", "_last", "_login", "_tried", "_uses", "bound", "error")

    def __init__(
        self,
        authenticator: Authenticator | None,
        host: str,
        tried: tuple[Login, ...] = (),
        login: Login | None = None,
        *,
        last: bool = False,
    ) -> None:
        self._authenticator = authenticator
        self._host = host
        self._tried = tried
        self._login = login
        self._uses = 0
        self._last = last
        #: The attempt that is left on the same connection, once the device has refused this one.
        self.bound: LoginExchange | None = None
        self.error: AuthenticationError | None = None

    def __repr__(self) -> str:
        return f"<LoginExchange with {self._host}, attempt {len(self._tried) + 1}>"

    def authorization(self, method: str, target: str, *, anonymous: bool) -> str | None:
        """The value of `Authorization`, None if nothing is sent (or may be sent)."""
        if anonymous:
            self._authenticator = None
        if self._authenticator is None:
            return None
        login = self._login or self._authenticator.login
        self._login = login
        if login is None:
            return None
        self._tried = (*self._tried, login)
        value = login.authorization(method, target)
        self._uses = login.uses
        return value

    def passed(self) -> None:
        """The device did what it was asked."""
        if self._authenticator is not None:
            self._authenticator.passed(self._login)

    def refused(self, status: int, headers: Headers) -> LoginExchange | None:
        """A 401 or a 403: the next attempt; if there is none, a 401 has its `error`."""
        authenticator = self._authenticator
        fields = headers.get_all("www-authenticate")
        if status == 403:
            return None if authenticator is None else self._forbidden(authenticator, fields)
        if authenticator is None:
            self.error = AuthenticationError(
                f"{self._host} asks for a login, and none was given", status
            )
            return None
        answer = authenticator.answer(fields, self._tried, self._uses)
        if isinstance(answer, Login):
            if not self._last:
                return self._next(answer)
            answer = Refusal("asks for a login again and again")
        login = None if self._last or answer.by_kind else authenticator.bound(fields, self._tried)
        if login is not None:
            self.bound = LoginExchange(authenticator, self._host, self._tried, login, last=True)
        kind = LoginKindError if answer.by_kind else AuthenticationError
        self.error = kind(f"{self._host} {answer.words}", status)
        return None

    def _forbidden(self, authenticator: Authenticator, fields: list[str]) -> LoginExchange | None:
        """A 403: some devices say with it how they want to be asked, most say nothing."""
        if not parse_challenges(fields):
            return self._next(authenticator.guess(self._tried))
        answer = authenticator.answer(fields, self._tried, self._uses)
        return self._next(answer) if isinstance(answer, Login) and not self._last else None

    def unanswered(self) -> LoginExchange | None:
        """The device hung up without a word: the next attempt, None if there is none."""
        if self._authenticator is None:
            return None
        return self._next(self._authenticator.guess(self._tried, unanswered=True))

    def _next(self, login: Login | None) -> LoginExchange | None:
        if login is None:
            return None
        return LoginExchange(self._authenticator, self._host, self._tried, login)
