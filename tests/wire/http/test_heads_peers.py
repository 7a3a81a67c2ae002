"""The table of heads in the hands of other HTTP libraries, in the same run as in ours.

Their scores stand in the README, made by `python -m bench heads`; here it is held that the
comparison is a fair one (each of them reads what is clean, through its own front door) and
that ours reads every row.
"""

from __future__ import annotations

import pytest

from bench.heads import READERS, Score, main, score, table
from fixtures.build.heads import CUTS, HEADS

#: Rows in which nothing is odd: whoever speaks HTTP reads them.
CLEAN = [
    head
    for head in HEADS
    if (head.rule, head.name)
    in {
        ("status line", "HTTP/1.1"),
        ("status line", "HTTP/1.0"),
        ("status line", "404"),
        ("headers", "upper case"),
        ("Content-Length elsewhere", "plain"),
        ("Content-Length elsewhere", "none: until the end"),
        ("Transfer-Encoding", "chunked"),
        ("Transfer-Encoding", "on a multipart"),
        ("chunks", "of one byte each"),
        ("chunks", "trailers"),
    }
]


@pytest.mark.parametrize("reader", READERS)
def test_clean_heads_are_read_by_everyone(reader: str) -> None:
    assert len(CLEAN) == 10
    assert score(reader, CLEAN, CUTS).wrong == []


def test_ours_reads_the_whole_table() -> None:
    assert score("hamaproto", cuts=(0,)).wrong == []


@pytest.mark.parametrize("reader", [name for name in READERS if name != "hamaproto"])
def test_no_other_library_reads_the_whole_table(reader: str) -> None:
    result = score(reader, cuts=(0,))
    assert 100 < result.right < len(HEADS)


def test_the_scores_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cuts", "0", "--only", "hamaproto"]) == 0
    assert f"| {len(HEADS)} |" in capsys.readouterr().out
    assert "| x | 1 | 2 | 3 |" in table([Score("x", 1, 2)])
