"""Captures of traffic with a camera: from packets, or bytes that were saved, to dated events.

    packets         what a capture file says; `Bounds`
    classic blocks  the formats pcap and pcapng
    pcap            `PcapParser`: a file to its packets
    network         a packet to the piece of TCP in it
    conversation    the two directions of a conversation, each in order
    reassembly      `TcpReassembler`: packets to the streams of all conversations
    streams         what is told of them

No socket and no clock: all times are those that stand in the file.
"""

from hamaproto.captures.conversation import Conversation, Endpoint
from hamaproto.captures.packets import Bounds, Interface, Packet, Section
from hamaproto.captures.pcap import PcapParser
from hamaproto.captures.reassembly import TcpReassembler
from hamaproto.captures.streams import Closed, Gap, StreamData

__all__ = [
    "Bounds",
    "Closed",
    "Conversation",
    "Endpoint",
    "Gap",
    "Interface",
    "Packet",
    "PcapParser",
    "Section",
    "StreamData",
    "TcpReassembler",
]
