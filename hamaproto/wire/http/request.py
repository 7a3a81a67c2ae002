"""A request, as bytes: `bytes_of_request(target, host, headers) -> bytes`.

What is checked here is what would let a caller's text end a line early and begin another one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from hamaproto.errors import LocalProtocolError

__all__ = ["bytes_of_request"]

# RFC 3986 allows fewer characters in a request target; these devices are sent what their
# specification prints, so what is kept out is only what would end the request line.
_TARGET = re.compile(r"/[!-~]*")
# RFC 9110 5.1: a field name is a token.
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# RFC 9110 5.5: visible characters, blanks and obs-text; no CR, LF, NUL or other control.
_VALUE = re.compile(r"[\t -~\x80-\xff]*")
# RFC 9110 7.2: a name or address and a port; whatever it is, it has no blank and no path.
_HOST = re.compile(r"[A-Za-z0-9._~%!$&'()*+,;=:\[\]-]+")

_OURS = frozenset({"host", "connection", "content-length", "transfer-encoding"})


def bytes_of_request(
    target: str, host: str, headers: Iterable[tuple[str, str]] = (), *, method: str = "GET"
) -> bytes:
    """One request, ready to be sent; the answer will end with the connection.

    `target` is the path and query exactly as they go over the wire, `host` the value of
    `Host`.  It is HTTP/1.1 with `Connection: close`: the family's GoAhead needs no more,
    and answers one request a connection anyway.

    Raises `LocalProtocolError` for anything that could end a line early or begin another
    header (RFC 9112 11.1): a target with a blank or a control character, a name that is no
    token, a value with CR, LF or NUL.  Values are not repeated in the message.  Nor may
    `headers` say what the request says itself, or that it has a body: a second `Host` is
    answered with 400 (RFC 9112 3.2), a length without a body with nothing at all.
    """
    if not _TOKEN.fullmatch(method):
        raise LocalProtocolError(f"method {method!r}: a method is a token (RFC 9110 9.1)")
    if not _TARGET.fullmatch(target):
        raise LocalProtocolError(
            f"target {target!r}: begins with '/' and holds visible ASCII characters only "
            "(RFC 9112 3.2)"
        )
    if not _HOST.fullmatch(host):
        raise LocalProtocolError(
            f"host {host!r}: a name or an address and maybe a port, as in 'camera:8080' or "
            "'[fe80::1]' (RFC 9110 7.2)"
        )
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    for name, value in headers:
        if not _TOKEN.fullmatch(name):
            raise LocalProtocolError(f"header {name!r}: a name is a token (RFC 9110 5.1)")
        if name.lower() in _OURS:
            raise LocalProtocolError(
                f"header {name!r}: the request says its own Host and Connection, and has no body"
            )
        if not _VALUE.fullmatch(value):
            raise LocalProtocolError(
                f"header {name!r}: its value has a line end, a control character or one outside "
                "latin-1 (RFC 9110 5.5)"
            )
        lines.append(f"{name}: {value}")
    lines += ["Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1")
