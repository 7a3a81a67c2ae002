"""A capture with pictures, sound and a list with a password, and the files that tests read."""

from __future__ import annotations

from pathlib import Path

from fixtures import read_bytes, recordings
from fixtures.build.packets import Tcp, pcap, pcapng, talk

__all__ = ["HASHES", "LIST", "RECORDING", "SOUND", "all_kinds", "write_captures"]

RECORDING = next(r for r in recordings() if r.name == "motion_320x240_http10")
SOUND = read_bytes("gsm", "libgsm", "speech_espeak.gsm")[: 33 * 100]
HASHES = list(RECORDING.frames)
LIST = b"User1=hush,Password=hush\nBrand.Brand=\x1b[31mHama\n"
HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: %b\r\n\r\n"
GET = b"GET %b HTTP/1.0\r\nAuthorization: Basic aHVzaA==\r\n\r\n"


def all_kinds() -> list[Tcp]:
    """Pictures, sound and a list with a password, each in a conversation of its own."""
    packets = talk(GET % b"/mjpg/video.mjpg?pwd=hush", RECORDING.wire)
    packets += talk(
        GET % b"/camera-cgi/audio/receive.cgi", HEAD % b"audio/gsm" + SOUND, 99,
        client=("10.0.0.3", 3), step=20_000_000,
    )  # fmt: skip
    packets += talk(
        GET % b"/camera-cgi/admin/param.cgi?action=list&group=listuser",
        HEAD % b"text/plain" + LIST, client=("10.0.0.3", 4),
    )  # fmt: skip
    return sorted(packets, key=lambda packet: packet.time)


def write_captures(folder: Path) -> None:
    """The files, by names that say what they are."""
    packets = all_kinds()
    whole = pcap(packets)
    files = {
        "all.pcap": whole,
        "all.pcapng": pcapng(packets, comment="\x1b[31mred\x1b[0m"),
        "damaged.pcap": whole + b"\xff" * 40,
        "cut.pcap": whole[:-7],
        "garden.body": RECORDING.body,
        "garden.http": RECORDING.wire,
        "speech.gsm": SOUND,
        "list.txt": LIST,
        "empty": b"",
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
