"""What relays pictures, and who watches: small, and with nobody's figures."""

from __future__ import annotations

from contextlib import closing

import pytest

from bench.measure.child import Child
from bench.traffic.relays import WAYS, Relay
from bench.traffic.sender import Sender
from bench.traffic.watchers import Seen, Watchers
from hamaproto.camera.mosaic import draw_mosaic
from hamaproto.camera.scene import Scene

IMAGE = draw_mosaic(Scene(0, 0.0, 320, 240))


@pytest.mark.parametrize("who", WAYS)
def test_each_relay_gives_each_picture_to_all_who_watch(who: str) -> None:
    with (
        closing(Child(Sender, [IMAGE], core=0)) as camera,
        closing(Child(Relay, who, core=-1)) as relay,
        closing(Child(Watchers, core=0)) as eyes,
    ):
        port = camera.ask("listen")
        camera.begin("stream", 1, 20, 2.0)
        there = relay.ask("serve", f"http://127.0.0.1:{port}")
        seen: Seen = eyes.ask("watch", there, 3, 0.5, 0.5, 0.0)
        share, memory = relay.ask("used", seen.start, seen.end)
        relay.ask("end")
    assert seen.frames >= 3 * 5
    assert seen.late
    assert 0 <= min(seen.late) <= max(seen.late) < 2
    assert seen.slow == []
    assert 0 <= share < 1.5
    assert memory > 1e6
