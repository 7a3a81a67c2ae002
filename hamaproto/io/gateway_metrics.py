"""The gateway's counters, in the words of Prometheus: read when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hamaproto.gateway.feed import Feed
from hamaproto.gateway.status import State
from hamaproto.io.gateway_camera import GatewayCamera

__all__ = ["METRICS_TYPE", "metrics"]

#: The media type of what `metrics` gives.
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: Name of a counter -> its text, and what is counted.
_COUNTERS = {
    "frames": ("Pictures, or pieces of sound, that came from the camera", "frames"),
    "bytes": ("Bytes of them", "received"),
    "skipped_bytes": ("Bytes from the camera that belonged to nothing", "skipped"),
    "incomplete": ("Pictures that were cut off on the way", "incomplete"),
    "refused": ("Pictures of a size that none can have", "refused"),
    "connections": ("How often the camera was asked for the stream", "connections"),
    "sent": ("Pictures, or pieces of sound, that were sent", "sent"),
    "sent_bytes": ("Bytes of what was sent", "sent_bytes"),
    "dropped": ("What was replaced by something newer, or left out, for a slow one", "dropped"),
}


class _Cameras(Collector):
    """Reads the counts of all cameras."""

    def __init__(self, cameras: Iterable[GatewayCamera]) -> None:
        self._cameras = list(cameras)

    def _feeds(self) -> Iterator[tuple[tuple[str, str], Feed[Any]]]:
        for camera in self._cameras:
            yield (camera.name, "picture"), camera.pictures
            yield (camera.name, "sound"), camera.sounds

    def collect(self) -> Iterator[Metric]:
        """The metrics, with labels `camera` and `stream`."""
        names = ("camera", "stream")
        for name, (about, field) in _COUNTERS.items():
            counter = CounterMetricFamily(f"hamaproto_{name}", about, labels=names)
            for labels, feed in self._feeds():
                counter.add_metric(labels, getattr(feed.total(), field))
            yield counter
        anomalies = CounterMetricFamily(
            "hamaproto_anomalies",
            "What should not be as it is, by its code",
            labels=(*names, "code"),
        )
        viewers = GaugeMetricFamily("hamaproto_viewers", "Who takes the stream now", labels=names)
        states = GaugeMetricFamily(
            "hamaproto_state",
            "1 for the state of the stream, 0 for others",
            labels=(*names, "state"),
        )
        for labels, feed in self._feeds():
            for code, count in feed.counts.anomalies.items():
                anomalies.add_metric((*labels, code), count)
            viewers.add_metric(labels, len(feed.takers))
            for state in State:
                states.add_metric((*labels, state.value), float(feed.status.state is state))
        yield from (anomalies, viewers, states)


def metrics(cameras: Iterable[GatewayCamera]) -> bytes:
    """All of them as text (version 0.0.4 of its format)."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Cameras(cameras))
    return generate_latest(registry)
