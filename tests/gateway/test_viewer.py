"""The newest picture for each viewer, whatever it takes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hamaproto.gateway.shot import Shot
from hamaproto.gateway.viewer import Viewer


class Way:
    """Takes what is sent, if it is open."""

    def __init__(self) -> None:
        self.free = True
        self.sent: list[tuple[int, int]] = []

    def form(self, shot: Shot, skipped: int) -> bytes:
        self.sent.append((shot.number, skipped))
        return shot.data

    def send(self, data: bytes) -> bool:
        return self.free


def shot(number: int, at: float = 0.0) -> Shot:
    return Shot(number, b"12345", at, 0.0)


def test_each_picture_goes_out_at_once_while_the_way_is_free() -> None:
    way = Way()
    viewer = Viewer(way.form, way.send)
    for number in range(3):
        viewer.offer(shot(number))
    assert way.sent == [(0, 0), (1, 0), (2, 0)]
    assert (viewer.sent, viewer.sent_bytes, viewer.dropped) == (3, 15, 0)
    assert repr(viewer) == "<Viewer, 3 sent, 0 skipped>"


@given(st.lists(st.sampled_from(["picture", "stuck", "free"]), max_size=60))
def test_a_slow_one_gets_the_newest_and_all_are_accounted_for(steps: list[str]) -> None:
    way, number, newest = Way(), 0, -1
    viewer = Viewer(way.form, way.send)
    for step in steps:
        if step == "picture":
            viewer.offer(shot(number))
            newest, number = number, number + 1
        elif step == "stuck":
            way.free = False
        else:
            way.free = True
            if viewer.busy:
                viewer.freed()
            # Nothing older is left behind it.
            assert newest < 0 or way.sent[-1][0] == newest
    numbers = [sent for sent, _ in way.sent]
    assert numbers == sorted(set(numbers))
    waiting = number - viewer.sent - viewer.dropped
    assert waiting in ((0, 1) if viewer.busy else (0,))
    # What a viewer is told was skipped is what it did not get.
    assert all(sent - place == skipped for place, (sent, skipped) in enumerate(way.sent))


@given(
    st.floats(1, 60),
    st.floats(0.5, 60),
    st.lists(st.floats(-0.2, 0.2), min_size=80, max_size=80),
)
def test_a_rate_is_kept(camera: float, asked: float, jitter: list[float]) -> None:
    way = Way()
    viewer = Viewer(way.form, way.send, fps=asked)
    for number, early in enumerate(jitter):
        viewer.offer(shot(number, (number + early) / camera))
    expected = min(camera, asked) * len(jitter) / camera
    assert expected * 0.6 - 2 <= viewer.sent <= expected * 1.1 + 2
    assert viewer.dropped == 0


def test_a_rate_may_be_changed_and_lifted() -> None:
    way = Way()
    viewer = Viewer(way.form, way.send, fps=1)
    viewer.offer(shot(0, 10.0))
    viewer.offer(shot(1, 10.1))
    viewer.limit(None)
    viewer.offer(shot(2, 10.2))
    viewer.offer(shot(3, 10.3))
    assert [number for number, _ in way.sent] == [0, 2, 3]
