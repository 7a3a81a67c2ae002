"""Pictures out of the gateway, by WebSocket and as multipart."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from typing import Any

import aiohttp
import pytest
from gatewaying import PATIENCE, House, house, picture_of, run, until

from hamaproto import MjpegParser
from hamaproto.camera.part_faults import PART_FAULTS
from hamaproto.events import Anomaly, Frame, Skipped
from hamaproto.gateway.shot import HEAD, Shot
from hamaproto.io import gateway_streams as streams
from hamaproto.wire.jpeg import JpegInfo


async def parts(made: House, query: str, count: int) -> list[tuple[dict[str, str], bytes]]:
    """Parts of the stream as aiohttp's reader of multipart has them."""
    found = []
    async with made.session.get(f"{made.url}/c/camera/stream.mjpg{query}") as answer:
        assert answer.status == 200
        reader = aiohttp.MultipartReader.from_response(answer)
        while len(found) < count:
            part = await reader.next()
            assert isinstance(part, aiohttp.BodyPartReader)
            found.append((dict(part.headers), bytes(await part.read())))
    return found


def test_pictures_states_and_counts_come_by_websocket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "COUNTS_SECONDS", 0.2)

    async def main() -> None:
        async with house() as made, made.socket("/c/camera/frames") as viewer:
            texts: list[dict[str, Any]] = []
            numbers: list[int] = []
            while len(numbers) < 8 or not any("rate" in text for text in texts):
                message = await viewer.receive(PATIENCE)
                if message.type is aiohttp.WSMsgType.TEXT:
                    texts.append(message.json())
                else:
                    number, skipped, wall = HEAD.unpack(message.data[:16])
                    assert (skipped, message.data[16:18]) == (0, b"\xff\xd8")
                    assert abs(time.time() - wall) < PATIENCE
                    numbers.append(number)
            assert numbers == list(range(1, len(numbers) + 1))
            states = [text["state"] for text in texts if "state" in text]
            assert states == ["idle", "connecting", "live"]
            counts = next(text for text in texts if "rate" in text)
            assert counts["lost"] == counts["skipped"] == 0
            assert counts["frames"] >= counts["sent"] > 0

    run(main)


def test_a_viewer_asks_for_a_rate_and_for_the_time() -> None:
    async def main() -> None:
        async with house() as made, made.socket("/c/camera/frames?fps=240&plain=1") as viewer:
            for text in ('{"fps": 0}', "nonsense", "[1]", '{"fps": 2, "ping": 7}', '{"fps": null}'):
                await viewer.send_str(text)
            errors, pong = [], None
            while pong is None or len(errors) < 3:
                message = await viewer.receive(PATIENCE)
                if message.type is aiohttp.WSMsgType.BINARY:
                    assert message.data[:2] == b"\xff\xd8"
                    continue
                told = message.json()
                errors += [told["error"]] if "error" in told else []
                pong = told if "pong" in told else pong
            assert pong["pong"] == 7
            assert abs(pong["time"] - time.time()) < PATIENCE
            assert errors[0].startswith("fps: a number over 0")
            await viewer.send_bytes(b"no text")
            while (message := await viewer.receive(PATIENCE)).type in (
                aiohttp.WSMsgType.BINARY,
                aiohttp.WSMsgType.TEXT,
            ):
                pass
            assert viewer.close_code == 1003

    run(main)


def test_many_share_one_connection_to_the_camera_which_ends_with_the_last() -> None:
    async def main() -> None:
        async with house(keep_warm=0.0) as made:
            async with (
                made.socket("/c/camera/frames") as one,
                made.socket("/c/camera/frames") as two,
            ):
                first = {await picture_of(one) for _ in range(5)}
                second = {await picture_of(two) for _ in range(5)}
                # The same pictures, to the bit.
                assert first & second
                assert made.camera.state.streams == 1
                assert len(made.served.pictures.takers) == 2
            await until(lambda: made.camera.state.streams == 0)
            status, told = await made.ask("GET", "/api/c/camera")
            assert (status, told["state"], told["viewers"]) == (200, "idle", 0)
            # And again, for the next one.
            async with made.socket("/c/camera/frames") as one:
                await picture_of(one)
            assert made.served.pictures.counts.connections == 2

    run(main)


def test_parts_have_lengths_and_times_and_no_chunks() -> None:
    async def main() -> None:
        async with house() as made:
            began = time.time()
            found = await parts(made, "", 4)
            for fields, data in found:
                assert int(fields["Content-Length"]) == len(data)
                assert data[:2] + data[-2:] == b"\xff\xd8\xff\xd9"
                assert began - 5 < float(fields["X-Timestamp"]) < time.time() + 5
            early = await parts(made, "?advance=1", 3)
            assert all("Content-Length" not in fields for fields, _ in early)
            async with made.session.head(f"{made.url}/c/camera/stream.mjpg") as answer:
                assert answer.status == 200
                assert "Transfer-Encoding" not in answer.headers
                assert answer.headers["Connection"] == "close"

    run(main)


@pytest.mark.parametrize("query", ["fps=0", "fps=-1", "fps=nan", "fps=x", "fps=1e9", "fps="])
def test_a_rate_that_is_none_is_refused(query: str) -> None:
    async def main() -> None:
        async with house() as made:
            for path in ("stream.mjpg", "frames"):
                status, told = await made.ask("GET", f"/c/camera/{path}?{query}")
                assert (status, told["argument"]) == (400, "fps")

    run(main)


#: Faults in how pictures are sent, of which the pictures themselves take no harm.
HARMLESS = [
    name
    for name, row in PART_FAULTS.items()
    if row.reaction.on == "video" and row.reaction.frames == "all" and not row.reaction.error
]


def test_what_the_camera_sends_oddly_goes_out_clean() -> None:
    """A parser reads it that says what is odd: there is nothing."""

    async def clean(fault: str) -> None:
        async with (
            house(fault) as made,
            made.session.get(f"{made.url}/c/camera/stream.mjpg") as answer,
        ):
            parser = MjpegParser(answer.headers["Content-Type"])
            frames: list[Frame] = []
            while len(frames) < 4:
                parser.receive_data(await answer.content.readany())
                events = list(parser.events())
                assert not any(isinstance(one, Anomaly | Skipped) for one in events), (
                    fault,
                    events,
                )
                frames += [one for one in events if isinstance(one, Frame)]
            assert all(one.end == "length" for one in frames)
            # One behind the other, as they came.
            numbers = [read_number(one.data) for one in frames]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), fault

    async def main() -> None:
        # In few at a time, so that none is late for itself.
        room = asyncio.Semaphore(8)

        async def one(fault: str) -> None:
            async with room:
                await clean(fault)

        await asyncio.gather(*map(one, HARMLESS))

    assert len(HARMLESS) > 25
    run(main)


def read_number(image: bytes) -> int:
    """The number that the simulated camera writes into each picture."""
    comments = JpegInfo.parse(image).comments
    told = next(one for one in comments if one.startswith(b"hamaproto "))
    return int(json.loads(told.partition(b" ")[2])["number"])


def test_a_slow_viewer_skips_pictures_and_delays_nobody() -> None:
    async def main() -> None:
        async with house() as made:
            with await silent(made):
                outlet = await taken(made)
                async with made.socket("/c/camera/frames") as other:
                    before = outlet.viewer.sent
                    image = b"\xff\xd8" + bytes(200_000) + b"\xff\xd9"
                    for number in range(100):
                        outlet.offer(Shot(number, image, float(number), 0.0))
                    assert outlet.viewer.busy
                    assert outlet.viewer.dropped > 50
                    assert outlet.viewer.sent - before < 50
                    for _ in range(3):
                        await picture_of(other)
            await until(lambda: not made.served.pictures.takers)

    run(main)


async def silent(made: House) -> socket.socket:
    """Somebody who asks for the stream and then reads nothing."""
    sock = socket.create_connection((made.gateway.host, made.gateway.port))
    request = f"GET /c/camera/stream.mjpg HTTP/1.1\r\nHost: 127.0.0.1:{made.gateway.port}\r\n\r\n"
    sock.sendall(request.encode())
    return sock


async def taken(made: House) -> streams.Outlet:
    """The outlet of the one who watches."""
    takers = made.served.pictures.takers
    await until(lambda: any(isinstance(taker, streams.Outlet) for taker in takers))
    return next(taker for taker in takers if isinstance(taker, streams.Outlet))


def test_a_slow_viewer_that_answers_has_no_old_pictures_on_their_way() -> None:
    async def main() -> None:
        async with house() as made, made.socket("/c/camera/frames") as viewer:
            outlet = await taken(made)
            await picture_of(viewer)
            # The camera's own pictures are in nobody's way here.
            made.camera.stall()
            for number in range(10_000, 10_020):
                outlet.offer(Shot(number, bytes(3_000_000), float(number), 0.0))
            assert outlet.viewer.busy
            await asyncio.sleep(0.2)
            # It reads a picture, and the newest of that moment is next.
            for number in range(10_020, 10_024):
                while (await picture_of(viewer))[0] < 10_000:
                    pass
                await asyncio.sleep(0.02)
                outlet.offer(Shot(number, bytes(3_000_000), float(number), 0.0))
            found = 0
            while found < 10_023:
                found = (await picture_of(viewer))[0]
            assert outlet.viewer.sent < 12

    run(main)


def test_who_takes_nothing_for_long_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_STUCK_SECONDS", 0.2)

    async def main() -> None:
        async with house() as made:
            with await silent(made):
                outlet = await taken(made)
                for number in range(200):
                    outlet.offer(Shot(number, bytes(200_000), float(number), 0.0))
                await until(lambda: outlet not in made.served.pictures.takers)

    run(main)


def test_a_camera_that_refuses_is_said_so_to_programs() -> None:
    async def main() -> None:
        async with house(auth=("admin", "wrong")) as made:
            status, told = await made.ask("GET", "/c/camera/stream.mjpg")
            assert status == 503
            assert told["error"] == "the camera refuses the login: wrong user or password"

    run(main)


def test_what_needs_a_websocket_says_so() -> None:
    async def main() -> None:
        async with house() as made:
            for path in ("frames", "sound", "talk"):
                status, told = await made.ask("GET", f"/c/camera/{path}")
                assert (status, told["argument"]) == (426, "Upgrade")

    run(main)
