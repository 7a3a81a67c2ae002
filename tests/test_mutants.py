"""`python -m bench mutants`: what it changes, and whether its list of the unnoticed is true."""

from __future__ import annotations

import ast
from collections import Counter

import pytest

from bench.mutants import main, mutants, unnoticed
from bench.own import TESTS, source


def changes(text: str) -> list[str]:
    return [mutant.becomes for mutant in mutants("made/up", text + "\n")]


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("a < b", ["a <= b", "a >= b"]),
        ("a <= b", ["a < b", "a > b"]),
        ("a > (b)", ["a >= (b)", "a <= (b)"]),
        ("(a) >= b", ["(a) > b", "(a) < b"]),
        ("a == b != c", ["a != b != c", "a == b == c"]),
        ("a in b", ["a not in b"]),
        ("a is not  b", ["a is  b"]),
        ("é = 'ü' + a - b", ["é = 'ü' - a - b", "é = 'ü' + a + b"]),
        ("a += b", ["a -= b"]),
        ("a = -b", ["a = +b"]),
        ("a = 7", ["a = 6", "a = 8"]),
        ("a = 0xFF", ["a = 0x100", "a = 0xFE"]),
        ("a = 1.5", ["a = 0.5", "a = 2.5"]),
        ("a = not  b", ["a = b"]),
        ("if a: b", ["if not a: b"]),
        ("a = b if c() else d", ["a = b if not c() else d"]),
        ("@a(repr=False)\nclass B: ...", ["@a(repr=True)"]),
        ("@a(repr=False)\nclass B:\n    def __repr__(self): ...", []),
        ("match a:\n    case -1: b", []),
        ("a = True", ["a = False"]),
        ("a: Literal[3] = b", []),
        ("def a(b: Literal[3]) -> Literal[4]: ...", []),
        ("'a < 3'", []),
        ("f'{a < 3}'", []),
    ],
)
def test_each_kind_of_change(line: str, becomes: list[str]) -> None:
    assert sorted(changes(line)) == sorted(becomes)


def test_a_mutant_says_where_it_is() -> None:
    text = (
        "class A:\n    def b(self):\n        return (\n            x\n            is y\n        )\n"
    )
    (mutant,) = mutants("made/up", text)
    assert (mutant.number, mutant.where, mutant.line) == (5, "A.b", "is y")
    assert mutant.text(text) == text.replace("is y", "is not y")


def test_each_mutant_is_a_program_and_another_one() -> None:
    text = source("outcome").read_text(encoding="utf-8")
    before = ast.dump(ast.parse(text))
    made = mutants("outcome")
    assert len(made) > 100
    for mutant in made[::9]:
        assert ast.dump(ast.parse(mutant.text(text))) != before


def test_what_nobody_can_notice_is_in_the_source_and_has_a_reason() -> None:
    listed = unnoticed()
    there = {mutant.key for name in {entry.module for entry in listed} for mutant in mutants(name)}
    for entry in listed:
        key = (entry.module, entry.where, entry.line, entry.becomes)
        assert key in there, f"{entry.file}: the module has no such line any more: {key}"
        assert len(entry.reason.split()) >= 4, f"{entry.file}: why does nobody notice {key}?"
        assert (TESTS / entry.module).is_relative_to(entry.file.parent), entry
    assert Counter((e.module, e.where, e.line, e.becomes) for e in listed).total() == len(
        {(e.module, e.where, e.line, e.becomes) for e in listed}
    )


def test_the_sample_is_the_same_for_the_same_seed(capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for seed in ("1", "1", "2"):
        assert main(["--list", "--sample", "20", "--seed", seed, "wire/params"]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] != said[2]
    with pytest.raises(SystemExit, match="no module 'no/such'"):
        main(["--list", "no/such"])
