"""Certificates for 127.0.0.1, made for this run, and what serves with them."""

from __future__ import annotations

import datetime
import functools
import ssl

import trustme

__all__ = ["authority", "expired", "server_context"]


class Authority:
    """A certificate authority of our own; trusted by who is told to."""

    def __init__(self) -> None:
        self.ca = trustme.CA()

    @functools.cached_property
    def pem(self) -> str:
        """Its certificate, as it stands in a `cafile`."""
        return self.ca.cert_pem.bytes().decode()

    @functools.cached_property
    def client_context(self) -> ssl.SSLContext:
        """A client's context that trusts it."""
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        return context


authority = Authority()


@functools.cache
def server_context(*names: str) -> ssl.SSLContext:
    """What a server has that is known by these names; 127.0.0.1 if none are given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.ca.issue_cert(*(names or ("127.0.0.1", "localhost"))).configure_cert(context)
    return context


@functools.cache
def expired() -> ssl.SSLContext:
    """What a server has whose certificate was good for 127.0.0.1 in 2019."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.ca.issue_cert(
        "127.0.0.1",
        not_before=datetime.datetime(2019, 1, 1, tzinfo=datetime.UTC),
        not_after=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
    ).configure_cert(context)
    return context
