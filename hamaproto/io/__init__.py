"""Drivers: the protocol on real sockets, for those who do not bring their own.

    blocking   plain sockets: threads, gevent
    asyncio    a `BufferedProtocol` that receives into the parser
    anyio      trio, and asyncio again
    adapters   any HTTP client's body through any parser
    serve      the simulated camera as a server

The three drivers have one class, `Camera`, with the same methods, and share what is no
I/O: which step comes next, timeouts, reconnection, queues.  What a program passes to all of
them stands here.
"""

from hamaproto.session import Disconnected, Reconnected
from hamaproto.settings import Backoff, Policy, Timeouts

__all__ = ["Backoff", "Disconnected", "Policy", "Reconnected", "Timeouts"]
