"""The login in a URL: `user:password@` (RFC 3986 3.2.1), and what is written there by mistake.

`/`, `?` and `#` end the host, so in a password they stand as %2F, %3F and %23.  Written raw they
make `http://admin:12/34@camera` an address of the host `admin`, to which nobody wants to
talk, and least of all with half a password.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from hamaproto.errors import LocalProtocolError

__all__ = ["credentials_of", "refuse_raw_password"]

_PORT = re.compile(r"(?:[^:]*|\[[^\]]*\])(?::[0-9]{0,5})?")


def refuse_raw_password(authority: str, rest: str) -> None:
    """Raises LocalProtocolError if `rest`, which begins at `/`, `?` or `#`, holds a login.

    It does if it has an `@`, and what stands before it is no host and port, or its first part
    has it: `http://camera:8080/ask?mail=a@b` is an address like any other.
    """
    if "@" not in rest:
        return
    address = authority.rpartition("@")[2]
    if _PORT.fullmatch(address) and "@" not in re.split("[/=&]", rest[1:], maxsplit=1)[0]:
        return
    mark = rest[0]
    raise LocalProtocolError(
        f"the password in the URL has a raw {mark!r}, which ends the host there: write "
        f"%{ord(mark):02X} for it, or give the login apart from the URL"
    )


def credentials_of(userinfo: str) -> tuple[str, str]:
    """User and password, without their percent-encoding.  Raises LocalProtocolError."""
    user, _, password = userinfo.partition(":")
    try:
        return unquote(user, errors="strict"), unquote(password, errors="strict")
    except UnicodeDecodeError:
        pass
    # Outside of the handler: the error that was caught has the bytes of the password.
    raise LocalProtocolError(
        "the login in the URL: its percent-encoding is not UTF-8; give the login apart from the URL"
    )
