"""`hamaproto report`: one page without a script, in which what a capture holds is only data."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fixtures.build.packets import pcap, talk
from hamaproto.cli.app import run

pytest.importorskip("matplotlib")
EVIL = b"GET /<script>alert(1)</script>&\x1b[31m HTTP/1.0\r\n\r\n"


class Page(HTMLParser):
    """The tags of a page and its text; complains about what is not closed."""

    VOID = frozenset({"meta", "path", "use", "rect", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag != "meta":
            self.open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            if name in ("href", "src", "xlink:href"):
                assert value is not None
                assert value.startswith("#")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def written(*words: str, code: int = 0) -> str:
    assert run(["report", *words, "-o", "x.html", "--overwrite"]) == code
    return Path("x.html").read_text(encoding="utf-8")


def test_figures_and_plots_in_one_page() -> None:
    text = written("all.pcap")
    page = Page(text)
    assert "script" not in page.tags
    assert page.tags.count("svg") == page.tags.count("figure") >= 5
    shown = "".join(page.words)
    for words in (
        *("between frames", "freezes (webrtc-stats)", "jitter (RFC 3550)", "bytes a frame"),
        *("distribution", "sound clock", "MDI delay factor", "GSM 06.10"),
    ):
        assert words in shown
    assert "hush" not in text
    for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ElementTree.fromstring(svg)
    names = re.findall(r'\bid="([^"]+)"', text)
    assert len(names) == len(set(names))


def test_two_captures_side_by_side_with_their_ratios() -> None:
    text = written("all.pcap", "all.pcapng")
    shown = "".join(Page(text).words)
    assert "Side by side" in shown
    assert re.search(r"frames a second</th>(<td[^>]*>[^<]*</td>){2}<td[^>]*>1</td>", text)


def test_what_stands_in_a_capture_is_data() -> None:
    answer = b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\xff"
    packets = talk(EVIL, answer + Path("all.pcap").read_bytes()[:0])
    packets += talk(EVIL, Path("garden.http").read_bytes(), client=("10.0.0.3", 3))
    Path("evil<b>.pcap").write_bytes(pcap(packets))
    text = written("evil<b>.pcap")
    page = Page(text)
    assert "script" not in page.tags
    assert "b" not in page.tags
    assert "\x1b" not in text
    assert "<script>alert(1)</script>" in "".join(page.words)


def test_files_without_times_and_damaged_ones() -> None:
    assert "none in this file" in written("garden.body")
    assert "damaged" in written("damaged.pcap", code=8)


def test_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "all.pcap", "-o", "x.jpg"]) == 2
    assert run(["report", "all.pcap", "all.pcap", "all.pcap", "-o", "x.html"]) == 2
    assert run(["report", "all.pcap", "-o", "x.html"]) == 0
    assert run(["report", "all.pcap", "-o", "x.html"]) == 2
    assert "is there already" in capsys.readouterr().err
