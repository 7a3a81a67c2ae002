"""What is seen shows neither logins nor payload by itself."""

from __future__ import annotations

from seeing import observed

from fixtures.build.packets import pcap, talk
from hamaproto.captures import Asked, Exchange
from hamaproto.headers import Headers


def test_a_request_shows_neither_its_query_nor_its_fields() -> None:
    asked = Asked("GET", "/x.cgi?password=hush", Headers([("cookie", "hush")]))
    assert asked.path == "/x.cgi"
    assert "hush" not in repr(asked) + repr(Exchange(1, None, asked))


def test_who_asked_and_who_answered() -> None:
    exchange = observed(pcap(talk(b"GET / HTTP/1.0\r\n\r\n", b"")))[0].exchange
    assert (str(exchange.client), str(exchange.server)) == ("10.0.0.2:40000", "10.0.0.1:80")
    assert (Exchange(1).client, Exchange(1).server) == (None, None)
