"""Captures of traffic with a camera: from packets, or bytes that were saved, to dated events.

    packets         what a capture file says; `Bounds`
    classic blocks  the formats pcap and pcapng
    pcap            `PcapParser`: a file to its packets
    network         a packet to the piece of TCP in it
    conversation    the two directions of a conversation, each in order
    reassembly      `TcpReassembler`: packets to the streams of all conversations
    streams         what is told of them
    guess           what a stream is that has no head
    body            a body through its parser, across gaps
    direction       what both directions of a conversation keep, and how they tell
    answers         the direction of a server; places, which packet brought which byte
    questions       the direction of a client
    exchanges       requests and answers in pairs
    observed        what is seen: an event, its exchange, when and where it came
    parser          `CaptureParser`: any file to what is seen in it
    reading         `open(path)`
    rows table      a row for each frame; `to_table`
    clock           figures of times: jitter, freezes, delay factor
    statistics      figures of a capture
    summary         what came of each exchange
    analysis        a file as one row, for archives
    secrets         what of it is nobody's business
    writer          `PcapngWriter`: what was received as a capture
    script          what a server sent, and when, to be played again

No socket and no clock: all times are those that stand in the file.
"""

from hamaproto.captures.conversation import Conversation, Endpoint
from hamaproto.captures.observed import Asked, Broken, Exchange, Observed, Place
from hamaproto.captures.packets import Bounds, Interface, Packet, Section
from hamaproto.captures.parser import CaptureParser
from hamaproto.captures.pcap import PcapParser
from hamaproto.captures.reading import Capture, open
from hamaproto.captures.reassembly import TcpReassembler
from hamaproto.captures.streams import Closed, Gap, StreamData
from hamaproto.captures.table import to_table

__all__ = [
    "Asked",
    "Bounds",
    "Broken",
    "Capture",
    "CaptureParser",
    "Closed",
    "Conversation",
    "Endpoint",
    "Exchange",
    "Gap",
    "Interface",
    "Observed",
    "Packet",
    "PcapParser",
    "Place",
    "Section",
    "StreamData",
    "TcpReassembler",
    "open",
    "to_table",
]
