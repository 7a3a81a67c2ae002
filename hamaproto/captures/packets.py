"""What a capture file says: packets, and what stands beside them; and how much is held of it.

Offsets count bytes from the start of the file, times are whole nanoseconds since 1970 (UTC), and
packets are numbered from 1 in the order of the file, as Wireshark numbers them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from hamaproto import _checks

__all__ = ["DEFAULT_BOUNDS", "Bounds", "Interface", "Packet", "PcapItem", "Record", "Section"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of a capture is held at once; every one is a count that must be positive.

    A capture may hold more conversations, and longer holes, than the memory does.  What passes a
    bound is given up in a way that its description says; only a packet or a block that is too long
    is an error, since a length that lies leaves nothing to go on by.
    """

    max_packet: int = 1024 * 1024
    """Bytes of one packet.  Linux puts up to 512 KiB into one; more is a length that lies."""
    max_block: int = 16 * 1024 * 1024
    """Bytes of one pcapng block that has to be read.  Others are passed over."""
    max_interfaces: int = 4096
    """Interfaces of one section of a pcapng file."""
    max_held: int = 64 * 1024 * 1024
    """Bytes of all conversations that wait for what is missing before them.  Past it the hole that
    has been open longest is passed over, and told as a `Gap`.
    """
    max_held_stream: int = 8 * 1024 * 1024
    """The same for one direction of one conversation: more than any receive window in use."""
    max_unbegun: int = 256 * 1024
    """Bytes of a direction whose SYN is not in the capture.  Past it the lowest of them is its
    beginning.
    """
    max_conversations: int = 16_384
    """Conversations at once, of which each costs some 20 kB where streams are read.  Past it those
    that were silent longest are closed.
    """

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            _checks.whole(
                "Bounds", field.name, value, "a bound is a whole number of at least 1", low=1
            )


DEFAULT_BOUNDS = Bounds()


@dataclass(slots=True, repr=False)
class Packet:
    """One packet as it was captured."""

    data: bytes
    """Its bytes, from the header of the link layer on; fewer than `length` if it was cut."""
    time: int | None
    """Nanoseconds since 1970; None where the file has no time for it, or one that can't be."""
    number: int
    """From 1, in the order of the file."""
    link: int
    """The type of the link layer (a LINKTYPE of the pcap registry; 1 is Ethernet)."""
    length: int
    """Its bytes on the wire."""
    offset: int = 0
    """Where its record begins in the file."""
    interface: int = 0
    """The interface of its section, from 0; always 0 in a pcap file."""
    comments: tuple[str, ...] = ()
    """What somebody wrote about it (pcapng)."""

    def __repr__(self) -> str:
        return f"<Packet {self.number}, {len(self.data)} of {self.length} bytes at {self.offset}>"


@dataclass(slots=True)
class Section:
    """The beginning of a file, or of a section of a pcapng file."""

    offset: int
    """Where it begins in the file."""
    format: str
    """`pcap` or `pcapng`."""
    order: str
    """The order of bytes: `little` or `big`."""
    application: str = ""
    """What wrote it, in its own words."""
    comments: tuple[str, ...] = ()
    """What somebody wrote about it."""


@dataclass(slots=True)
class Interface:
    """Where packets were captured; a pcap file has one, without a name."""

    number: int
    """From 0 in each section: a packet's `interface`."""
    link: int
    """The type of its link layer."""
    snap: int
    """Bytes after which its packets were cut; 0 means no bound."""
    offset: int = 0
    """Where it is described in the file."""
    name: str = ""
    """Such as `eth0`."""
    comments: tuple[str, ...] = ()
    """What somebody wrote about it."""


#: A packet before it is made an object of: number, time, link, the bytes that hold it, where it
#: begins and ends in them, length, offset, interface, comments.  A capture has millions.
Record = tuple[int, int | None, int, bytes, int, int, int, int, int, tuple[str, ...]]
PcapItem = Record | Section | Interface
