"""The counters, read by prometheus-client's own reader."""

from __future__ import annotations

import asyncio

from gatewaying import House, house, picture_of, run, until
from prometheus_client.parser import text_string_to_metric_families

Sample = tuple[str, frozenset[tuple[str, str]]]


async def scraped(made: House) -> dict[Sample, float]:
    status, text = await made.ask("GET", "/metrics")
    assert status == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def labels(**more: str) -> frozenset[tuple[str, str]]:
    return frozenset({"camera": "camera", "stream": "picture", **more}.items())


def test_what_came_and_what_went_is_counted() -> None:
    async def main() -> None:
        async with house() as made:
            before = await scraped(made)
            assert before["hamaproto_frames_total", labels()] == 0
            assert before["hamaproto_state", labels(state="idle")] == 1
            size = 0
            async with made.socket("/c/camera/frames") as viewer:
                for _ in range(4):
                    size += len((await picture_of(viewer))[3])
                there = await scraped(made)
                assert there["hamaproto_viewers", labels()] == 1
                assert there["hamaproto_state", labels(state="live")] == 1
                assert there["hamaproto_state", labels(state="idle")] == 0
            await until(lambda: not made.served.pictures.takers)
            after = await scraped(made)
            assert after["hamaproto_viewers", labels()] == 0
            assert after["hamaproto_connections_total", labels()] == 1
            assert after["hamaproto_dropped_total", labels()] == 0
            for name in ("frames_total", "sent_total"):
                assert after[f"hamaproto_{name}", labels()] >= 4
            assert after["hamaproto_bytes_total", labels()] >= size
            assert after["hamaproto_sent_bytes_total", labels()] >= size + 4 * 16
            # A counter never falls.
            for key, value in there.items():
                if key[0].endswith("_total"):
                    assert after[key] >= value

    run(main)


def test_what_is_wrong_with_the_stream_is_counted_by_its_code() -> None:
    async def main() -> None:
        async with house("truncated", "junk-behind") as made:
            async with made.socket("/c/camera/frames"):
                await until(lambda: made.served.pictures.counts.incomplete > 0)
            await asyncio.sleep(0)
            found = await scraped(made)
            assert found["hamaproto_incomplete_total", labels()] >= 1
            assert found["hamaproto_anomalies_total", labels(code="truncated-image")] >= 1
            assert found["hamaproto_skipped_bytes_total", labels()] > 0

    run(main)
