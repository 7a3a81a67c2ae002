"""HTTP/1.x as cameras speak it: a request out, a response head and its body in.

    bytes_of_request(target, host, headers) -> bytes
    ResponseParser: bytes -> Anomaly*, Response, (Anomaly | Data)*, EndOfStream

The head belongs to a camera whose picture the user wants.  So what is odd but has one
reading is read, and reported under its name in `AnomalyCode`; what would make two readers
disagree about where the body begins or ends, or would hide bytes, is refused with a
`RemoteProtocolError`.  Each leniency can be turned into an error: `refuse={...}` for some,
`strict=True` for all of `LENIENCIES`.

The parts, each of which knows those behind it only:

    response    the contract of a parser; asks the reader at hand, and picks the next one
    head        a head -> Response        by  status_line, fields
    framing     Response -> by what the body ends
    body        readers of a body up to the close, or of a length
    chunked     the reader of a body in chunks
    lines       what heads, sizes and trailers share: lines
    oddities    which oddities are read, and the events that wait
    request     a request -> bytes

The input lies in a `ReceiveBuffer`, which looks at each byte once, so neither the cost nor a
limit depends on how the bytes were cut.
"""

from hamaproto.wire.http.framing import content_type_name
from hamaproto.wire.http.oddities import LENIENCIES
from hamaproto.wire.http.request import bytes_of_request
from hamaproto.wire.http.response import ResponseParser

__all__ = ["LENIENCIES", "ResponseParser", "bytes_of_request", "content_type_name"]
