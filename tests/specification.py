"""What the specification prints, how a camera reads a query, and how HTTP libraries send it."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from fixtures import read_json

#: The rows of the specification by their numbers, as its text has them.
SPECIFICATION = {
    row["number"]: row for row in read_json("params", "specification", "commands.json")
}

#: The values that the specification prints for each argument, copied by hand.
PRINTED = {
    ("2.2.1", "resolution"): "1280x1024 640x480 320x240",
    ("2.2.2", "resolution"): "1024x768 640x480 320x240",
    ("2.2.3", "compression"): "0 1 2 3 4",
    ("2.2.4", "rate_control"): "1 0",
    ("2.2.5", "bitrate"): "2000000 1500000 1000000 800000 500000 400000 300000 250000 200000",
    ("2.2.6", "compression"): "13 11 9 7 5",
    ("2.2.7", "fps"): "1 3 5 10 15 30",
    ("2.2.8", "fps"): "3 5 10 15",
    ("2.2.9", "video_format"): "0 1",
    ("2.2.10", "flip_mode"): "0 1 2 3",
    ("3.3", "enable"): "No Yes",
    ("3.3", "microphone_volume"): "0 10 20 30 40 50 60 70 80 90 100",
    ("3.3", "output_volume"): "0 10 20 30 40 50 60 70 80 90 100",
    ("4.1", "direction"): "left right up down upleft upright downleft downright center",
    ("4.2", "index"): "0 1 2 3 4 5 6 7 8",
    ("4.3", "index"): "0 1 2 3 4 5 6 7 8",
    ("4.4", "index"): "0 1 2 3 4 5 6 7 8",
    ("4.6", "speed"): "1 3 5 7 9",
}

#: The characters of RFC 3986 for a query, without those that part or escape its pairs.
CARRIED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$'()*+,;:@/?"

#: Texts that reach a camera as they are.
carried_texts = st.text(CARRIED, min_size=1, max_size=126)


def searched(target: str, name: str) -> str | None:
    """What a camera takes for a parameter: the first hit of the name in the query."""
    query = target.partition("?")[2]
    at = query.find(name)
    if at < 0:
        return None
    return query[at + len(name) :].removeprefix("=").partition("&")[0]


def seen_by(library: str, url: str) -> str:
    """The target that an HTTP library would send for a URL."""
    if library == "httpx":
        httpx = pytest.importorskip("httpx")
        return httpx.URL(url).raw_path.decode("ascii")  # type: ignore[no-any-return]
    if library == "requests":
        requests = pytest.importorskip("requests")
        return requests.Request("GET", url).prepare().path_url  # type: ignore[no-any-return]
    if library == "aiohttp":
        yarl = pytest.importorskip("yarl")
        return yarl.URL(url).raw_path_qs  # type: ignore[no-any-return]
    urllib3 = pytest.importorskip("urllib3")
    return urllib3.util.parse_url(url).request_uri  # type: ignore[no-any-return]
