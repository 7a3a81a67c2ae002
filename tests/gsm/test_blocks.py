"""WAV49 blocks: each frame with its last byte, and what is left at the end."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from fixtures import read_bytes
from hamaproto.events import AudioFrame, EndOfStream, Skipped
from hamaproto.gsm.blocks import BlockReader
from hamaproto.gsm.wav49 import unpack

#: Blocks that libsndfile wrote; `test_wav49.py` holds what the frames of them are.
WAV = read_bytes("gsm", "libsndfile", "wav49.wav")
BLOCKS = WAV[WAV.index(b"data") + 8 :][: 65 * 8]


def read(data: bytes, cuts: list[int]) -> list[object]:
    reader = BlockReader()
    found: list[object] = []
    for start, stop in itertools.pairwise((0, *cuts, len(data))):
        reader.feed(data[start:stop])
        found += reader.events
        reader.events.clear()
    end = reader.end()
    return [*found, *reader.events, end]


@given(st.integers(0, 65 * 8), st.lists(st.integers(0, 65 * 8), max_size=5))
def test_frames_come_in_pairs_and_the_rest_is_cut_off(length: int, cuts: list[int]) -> None:
    data = BLOCKS[:length]
    found = read(data, sorted(min(cut, length) for cut in cuts))
    whole = read(BLOCKS, [])
    blocks, rest = divmod(length, 65)
    frames = 2 * blocks + (rest >= 33)
    assert found[:frames] == whole[:frames]
    offsets = [event.offset for event in found[:frames] if isinstance(event, AudioFrame)]
    assert offsets == [65 * (number // 2) + 33 * (number % 2) for number in range(frames)]
    delivered = 65 * blocks + (33 if rest >= 33 else 0)
    left = [Skipped(delivered, length - delivered, "cut off by the end")]
    # Half a block is no whole stream, even if its first frame is whole.
    end = EndOfStream(rest == 0, length)
    assert found[frames:] == [*left[: length > delivered], end]


def test_the_frames_are_those_of_the_blocks() -> None:
    frames = [event.data for event in read(BLOCKS, []) if isinstance(event, AudioFrame)]
    assert b"".join(frames) == unpack(BLOCKS)


def test_each_frame_comes_with_its_last_byte() -> None:
    reader = BlockReader()
    came = []
    for at in range(len(BLOCKS)):
        reader.feed(BLOCKS[at : at + 1])
        came += [at + 1] * len(reader.events)
        reader.events.clear()
    assert came == [65 * block + byte for block in range(8) for byte in (33, 65)]


def test_nothing_is_looked_for() -> None:
    found = read(bytes(65), [])
    assert [type(event) for event in found] == [AudioFrame, AudioFrame, EndOfStream]
