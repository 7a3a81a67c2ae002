"""HTTP/1.x as cameras speak it: a request out, a response head and its body in."""

from hamaproto.wire.http.response import (
    LENIENCIES,
    ResponseParser,
    bytes_of_request,
    content_type_name,
)

__all__ = ["LENIENCIES", "ResponseParser", "bytes_of_request", "content_type_name"]
