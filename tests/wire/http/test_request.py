"""`hamaproto.wire.http.request`: what is sent, and that nothing can be slipped in."""

from __future__ import annotations

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hamaproto.errors import LocalProtocolError
from hamaproto.wire.http import bytes_of_request


def test_a_request() -> None:
    data = bytes_of_request("/jpg/image.jpg", "camera:8080", [("User-Agent", "x"), ("A", "")])
    assert data == (
        b"GET /jpg/image.jpg HTTP/1.1\r\nHost: camera:8080\r\nUser-Agent: x\r\nA: \r\n"
        b"Connection: close\r\n\r\n"
    )


def test_a_request_of_another_method() -> None:
    assert bytes_of_request("/", "c", method="POST").startswith(b"POST / HTTP/1.1\r\nHost: c\r\n")


@pytest.mark.parametrize("target", ["", "x", "/a b", "/a\r\nX: y", "/\t", "/\x7f", "/\xe9", "/\0"])
def test_a_target_can_end_no_line(target: str) -> None:
    with pytest.raises(LocalProtocolError, match="target"):
        bytes_of_request(target, "camera")


@pytest.mark.parametrize("host", ["", "a b", "a\r\nX: y", "a/b", "user@a", "\xe9", "a\0", "a\n"])
def test_a_host_can_end_no_line(host: str) -> None:
    with pytest.raises(LocalProtocolError, match="host"):
        bytes_of_request("/", host)


@pytest.mark.parametrize("method", ["", "G T", "GET\n"])
def test_a_method_is_a_token(method: str) -> None:
    with pytest.raises(LocalProtocolError, match="method"):
        bytes_of_request("/", "camera", method=method)


@given(st.text(max_size=10), st.text(max_size=10), st.text(max_size=10), st.text(max_size=10))
@example("/", "h", "A", "b\r\nX: y")
@example("/", "h", "A:", "b")
@example("/", "h", "A\n", "b")
@example("/", "h", "A", "b\n")
@example("/", "h", "HOST", "")
@example("/", "h", "connection", "keep-alive")
@example("/", "h", "Content-Length", "5")
@example("/", "h", "transfer-encoding", "chunked")
@example("/", "h", "A", "secret\0")
def test_nothing_can_be_injected(target: str, host: str, name: str, value: str) -> None:
    """Whatever is asked for: a refusal without the value, or one request of exactly four lines."""
    try:
        data = bytes_of_request("/" + target, host, [(name, value)])
    except LocalProtocolError as error:
        assert "secret" not in str(error)
        return
    server = h11.Connection(h11.SERVER)
    server.receive_data(data)
    request = server.next_event()
    assert isinstance(request, h11.Request)
    assert isinstance(server.next_event(), h11.EndOfMessage)
    assert data.count(b"\n") == data.count(b"\r") == 5
    assert len(request.headers) == 3
