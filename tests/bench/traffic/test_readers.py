"""Whoever reads many streams gets all that was sent, and says what it took."""

from __future__ import annotations

import importlib.util
import shutil
import sys

import pytest

from bench.streams import vga_frames
from bench.traffic.readers import FLOOR, READERS, Received, Receiver, raise_descriptor_limit
from bench.traffic.sender import Sender, Sent, stamped

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no sendmsg there")

IMAGE = vga_frames(1)[0]
EACH = stamped(IMAGE).size
STREAMS, RATE = 3, 30


def reads(way: str, *, look: bool) -> tuple[Sent, Received]:
    """In this process, and not as a measurement does: the sender is a thread here."""
    import threading

    sender = Sender([IMAGE])
    port = sender("listen")
    sent: list[Sent] = []
    thread = threading.Thread(target=lambda: sent.append(sender("stream", STREAMS, RATE, 0.2)))  # type: ignore[arg-type]
    thread.start()
    received = Receiver(way)("read", port, STREAMS, 0.1, EACH, look)  # type: ignore[arg-type]
    thread.join(30)
    sender.close()
    return sent[0], received


@pytest.mark.parametrize("way", READERS)
def test_each_reader_gets_what_was_sent(way: str) -> None:
    if importlib.util.find_spec(READERS[way].needs) is None:
        pytest.skip(f"{READERS[way].needs} is not installed")
    if way == FLOOR and (shutil.which("gcc") is None or sys.platform != "linux"):
        pytest.skip("no gcc, or no epoll")
    looks = READERS[way].opener is None or "discards" not in way
    sent, received = reads(way, look=looks and way != FLOOR)
    assert sent.frames == received.frames > 0
    # On a busy machine all may be over before the time that is measured.
    assert 0 <= received.measured <= received.frames
    assert received.wrong == 0
    assert received.cpu > 0
    assert received.start > 0
    assert len(received.memory) == 3
    assert len(received.late) <= received.frames
    assert all(late > 0 for late in received.late)


def test_more_descriptors_than_are_allowed_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, 200))
    with pytest.raises(RuntimeError, match=r"300 descriptors are needed, 200 are allowed"):
        raise_descriptor_limit(300)


def test_a_reader_whose_camera_is_gone_says_so() -> None:
    with pytest.raises(RuntimeError, match="Error"):
        Receiver("hamaproto.io.asyncio")("read", 1, 1, 0.1, EACH, False)
