"""Talking back, up to the camera's loudspeaker."""

from __future__ import annotations

import json

import aiohttp
import numpy as np
import pytest
from gatewaying import PATIENCE, house, run, until

from hamaproto.gsm import Decoder
from hamaproto.io import gateway_talk


def tone(seconds: float) -> bytes:
    time = np.arange(int(8000 * seconds)) / 8000
    return (9000 * np.sin(2 * np.pi * 440 * time)).astype("<i2").tobytes()


def test_what_is_said_is_heard_by_the_camera() -> None:
    async def main() -> None:
        async with house() as made:
            async with made.socket("/c/camera/talk") as talker:
                told = await talker.receive_json(timeout=PATIENCE)
                assert (told["state"], told["rate"]) == ("talking", 8000)
                data = tone(0.4)
                # In pieces of odd lengths, as they come.
                for start in range(0, len(data), 333):
                    await talker.send_bytes(data[start : start + 333])
                await until(lambda: made.camera.state.talk_frames >= 18)
            heard = Decoder().decode(b"".join(made.camera.state.talk)).astype(float)
            spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
            assert np.argmax(spectrum) * 8000 / len(heard) == pytest.approx(440, abs=15)

    run(main)


def test_one_talks_at_a_time_and_then_the_next() -> None:
    async def main() -> None:
        async with house() as made:
            async with made.socket("/c/camera/talk") as first:
                assert (await first.receive_json(timeout=PATIENCE))["state"] == "talking"
                async with made.socket("/c/camera/talk") as second:
                    told = await second.receive_json(timeout=PATIENCE)
                    assert told == {"state": "refused", "message": "somebody else talks"}
                assert made.served.talked
            await until(lambda: not made.served.talked)
            async with made.socket("/c/camera/talk") as third:
                assert (await third.receive_json(timeout=PATIENCE))["state"] == "talking"

    run(main)


def test_a_camera_that_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with house() as made:
            await made.camera.refuse()
            async with made.socket("/c/camera/talk") as talker:
                told = [json.loads((await talker.receive(PATIENCE)).data) for _ in range(2)]
                assert [one["state"] for one in told] == ["talking", "refused"]
                assert (await talker.receive(PATIENCE)).type is aiohttp.WSMsgType.CLOSE
            await until(lambda: not made.served.talked)

    run(main)


def test_who_says_nothing_for_long_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_talk, "_SILENCE", 0.1)

    async def main() -> None:
        async with house() as made, made.socket("/c/camera/talk") as talker:
            assert (await talker.receive_json(timeout=PATIENCE))["state"] == "talking"
            await until(lambda: not made.served.talked)

    run(main)


def test_what_comes_faster_than_it_is_played_does_not_pile_up() -> None:
    async def main() -> None:
        microphone = gateway_talk._Microphone()
        microphone.put(tone(10.0))
        microphone.close()
        frames = [frame async for frame in microphone.frames()]
        assert len(frames) == 25
        assert all(len(frame) == 33 and frame[0] >> 4 == 0xD for frame in frames)

    run(main)
