"""https: what a certificate is held against, and what went wrong, in words that help.

`Tls` is what a program passes in (`verify`, `cafile`); its `context` is made once and serves
all connections of a `Camera`.  `handshake_failed` says what to do about an error of `ssl`,
whose own words name a line of its C source.
"""

from __future__ import annotations

import functools
import os
import ssl
from typing import Final

from hamaproto import _checks
from hamaproto.errors import CertificateError, ConnectError, LocalProtocolError, TransportError

__all__ = ["Tls", "Verify", "handshake_failed"]

#: Whether certificates are checked, or a context that says everything itself.
Verify = bool | ssl.SSLContext


class Tls:
    """How connections by https are made; made before the first of them, to find mistakes."""

    __slots__ = ("_cafile", "_context", "_verify")

    def __init__(self, verify: Verify = True, cafile: str | os.PathLike[str] | None = None) -> None:
        allowed = "True, False (any certificate is accepted), or an ssl.SSLContext"
        _checks.instance("Camera", "verify", verify, (bool, ssl.SSLContext), allowed)
        if isinstance(verify, ssl.SSLContext) and verify.protocol is ssl.PROTOCOL_TLS_SERVER:
            raise LocalProtocolError("Camera(verify=...): an ssl.SSLContext for clients")
        self._verify = verify
        self._cafile: str | None = None
        self._context: ssl.SSLContext | None = None
        if cafile is not None:
            allowed = "the path of a file of certificates (PEM), or None"
            _checks.instance("Camera", "cafile", cafile, (str, os.PathLike), allowed)
            if verify is not True:
                raise LocalProtocolError(
                    "Camera(cafile=...): is for verify=True only; with verify=False nothing is "
                    "checked, and an ssl.SSLContext has its own certificates"
                )
            self._cafile = os.fspath(cafile)
            self._context = _trusting(self._cafile)

    @property
    def context(self) -> ssl.SSLContext:
        """What a connection is made with."""
        if self._context is None:
            self._context = (
                self._verify if isinstance(self._verify, ssl.SSLContext) else _usual(self._verify)
            )
        return self._context

    @property
    def checks(self) -> bool:
        """Whether a certificate is looked at."""
        return self.context.verify_mode is not ssl.CERT_NONE


@functools.cache
def _usual(verify: bool) -> ssl.SSLContext:
    """One for all cameras: to read the system's certificates takes some 20 ms."""
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _trusting(cafile: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=cafile)
    except ssl.SSLError:
        raise LocalProtocolError(
            f"Camera(cafile={cafile!r}): there is no certificate (PEM) in this file"
        ) from None
    except OSError as error:
        raise LocalProtocolError(f"Camera(cafile={cafile!r}): {error.strerror}") from None
    except ValueError:  # a NUL in the name
        raise LocalProtocolError("Camera(cafile=...): this is no path of a file") from None
    # A camera's own certificate is good enough, also if it was issued by another.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


#: `X509_verify_cert`'s codes (openssl-verification-options): what they mean for a camera.
_EXPIRED: Final = 10
_CERTIFICATES: Final = {
    9: "its certificate is not valid yet: is the clock right, here and there?",
    _EXPIRED: "its certificate has expired",
    18: "its certificate is self-signed",
    19: "its certificate is signed by an authority that is not trusted here",
    20: "its certificate is signed by an authority that is not known here",
    21: "its certificate is signed by an authority that is not known here",
    62: "its certificate is for another host",
    64: "its certificate is for another host",
}
_TRUST: Final = "trust it by cafile= (--cafile), or any by verify=False (--insecure)"
_ACCEPT: Final = "verify=False (--insecure) accepts any certificate"
_ADVICE: Final = {18: _TRUST, 19: _TRUST, 20: _TRUST, 21: _TRUST}

#: `SSLError.reason`, of a peer that does not speak TLS at all.
_NO_TLS: Final = frozenset(
    {
        "HTTP_REQUEST",
        "PACKET_LENGTH_TOO_LONG",
        "RECORD_LAYER_FAILURE",
        "UNKNOWN_PROTOCOL",
        "WRONG_VERSION_NUMBER",
    }
)
#: Of one whose TLS is older than what OpenSSL does by itself.
_OLD: Final = frozenset(
    {
        "CA_MD_TOO_WEAK",
        "DH_KEY_TOO_SMALL",
        "EE_KEY_TOO_SMALL",
        "NO_PROTOCOLS_AVAILABLE",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "UNSAFE_LEGACY_RENEGOTIATION_DISABLED",
        "UNSUPPORTED_PROTOCOL",
        "WRONG_SIGNATURE_TYPE",
    }
)


def handshake_failed(endpoint: object, error: OSError) -> TransportError:
    """An error between the connection and the first byte of HTTP, in our words."""
    made: TransportError
    if isinstance(error, ssl.SSLCertVerificationError):
        code = error.verify_code
        what = _CERTIFICATES.get(code, f"its certificate: {error.verify_message}")
        made = CertificateError(f"{endpoint}: {what}; {_ADVICE.get(code, _ACCEPT)}")
    elif isinstance(error, ssl.SSLError) and error.reason in _NO_TLS:
        made = ConnectError(
            f"{endpoint}: it answers, but not in TLS: is it http:// and not https://?"
        )
    elif isinstance(error, ssl.SSLError) and error.reason in _OLD:
        made = ConnectError(
            f"{endpoint}: its TLS is too old for this system ({error.reason}); an ssl.SSLContext "
            "as verify= can allow it"
        )
    elif isinstance(error, ConnectionError | ssl.SSLEOFError):
        made = ConnectError(
            f"{endpoint}: it hung up on the TLS handshake: is it http:// and not https://?"
        )
    else:
        words = getattr(error, "reason", None) or error.strerror or type(error).__name__
        made = ConnectError(f"{endpoint}: the TLS handshake failed: {words}")
    made.__cause__ = error
    return made
