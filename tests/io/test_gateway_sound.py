"""Sound out of the gateway."""

from __future__ import annotations

import io
import struct
import wave

import aiohttp
import numpy as np
from gatewaying import PATIENCE, house, run, until

from hamaproto.camera.time_code import read_time_code, time_code


def test_samples_come_by_websocket_and_tell_the_time_when_they_were_made() -> None:
    async def main() -> None:
        async with (
            house(state={"sound": time_code}) as made,
            made.socket("/c/camera/sound") as listener,
        ):
            head = await listener.receive_json(timeout=PATIENCE)
            assert head == {"rate": 8000, "format": "s16le", "channels": 1}
            heard, states, first = bytearray(), [], 0.0
            while len(heard) < 2 * 8000 * 2.2:
                message = await listener.receive(PATIENCE)
                if message.type is aiohttp.WSMsgType.TEXT:
                    states.append(message.json()["state"])
                else:
                    (wall,) = struct.unpack("!d", message.data[:8])
                    first = first or wall
                    heard += message.data[8:]
            assert states == ["idle", "connecting", "live"]
            marks = read_time_code(np.frombuffer(bytes(heard), "<i2"))
            assert marks

    run(main)


def test_a_wav_says_that_its_length_is_not_known() -> None:
    async def main() -> None:
        async with (
            house() as made,
            made.session.get(f"{made.url}/c/camera/sound.wav") as answer,
        ):
            assert answer.content_type == "audio/wav"
            body = await answer.content.readexactly(44 + 2 * 4000)
            with wave.open(io.BytesIO(body)) as file:
                assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (
                    *(1, 2, 8000),
                )
            assert any(body[44:])
            assert made.served.sounds.counts.connections == 1
            async with made.session.head(f"{made.url}/c/camera/sound.wav") as head:
                assert head.status == 200
            status, told = await made.ask("GET", "/api/c/camera")
            assert (status, told["listeners"], told["viewers"]) == (200, 1, 0)

    run(main)


def test_all_who_listen_share_one_connection() -> None:
    async def main() -> None:
        async with house(keep_warm=0.0) as made:
            path = "/c/camera/sound"
            async with made.socket(path) as one, made.socket(path) as two:
                pieces: list[set[bytes]] = [set(), set()]
                for found, listener in zip(pieces, (one, two), strict=True):
                    while len(found) < 5:
                        message = await listener.receive(PATIENCE)
                        if message.type is aiohttp.WSMsgType.BINARY:
                            found.add(message.data)
                assert pieces[0] & pieces[1]
                assert made.camera.state.streams == 1
            await until(lambda: made.camera.state.streams == 0)

    run(main)


def test_a_camera_without_sound_says_so() -> None:
    async def main() -> None:
        async with house(state={"has_audio": False}) as made:
            status, told = await made.ask("GET", "/c/camera/sound.wav")
            assert status == 503
            assert told["error"]

    run(main)
