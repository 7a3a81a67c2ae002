"""The table of heads in the hands of other HTTP libraries, in the same run as in ours.

Their scores stand in `bench/README.md`, made by `python -m bench run heads`; here it is held that
the comparison is a fair one (each of them reads what is clean, through its own front door) and
that ours reads every row.
"""

from __future__ import annotations

import pytest

from bench.peers.heads import CLEAN, READERS, clean, main, score
from fixtures.build.heads import CUTS, HEADS


@pytest.mark.parametrize("reader", READERS)
def test_clean_heads_are_read_by_everyone(reader: str) -> None:
    assert len(clean()) == len(CLEAN) == 10
    assert score(reader, clean(), CUTS).wrong == []


def test_ours_reads_the_whole_table() -> None:
    assert score("hamaproto", cuts=(0,)).wrong == []


@pytest.mark.parametrize("reader", [name for name in READERS if name != "hamaproto"])
def test_no_other_library_reads_the_whole_table(reader: str) -> None:
    result = score(reader, cuts=(0,))
    assert 100 < result.right < len(HEADS)


def test_what_is_read_wrong_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hamaproto"]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith(" 0 wrong")
