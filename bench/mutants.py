"""`python -m bench mutants`: does a module's own test file notice when a token is wrong?

A mutant is the module with one token changed: a comparison turned, a number by one, a sign,
a `not` taken away or put before a condition, True for False.  It is noticed if one of the
tests that are the module's own (`bench.own`) fails or takes far longer than it should.  They
run without the compiled twins, in copies of the tree; the tree itself is never touched.

What no test can notice (a bound that another bound hides, a buffer that could be smaller)
stands in a file `unnoticed.toml` beside the tests, with the reason.  A survivor is printed as
an entry of such a file, so that it can be put there, or better be noticed by a new test.

    python -m bench mutants --sample 300 --seed 1 wire session commands outcome
"""

from __future__ import annotations

import argparse
import ast
import concurrent.futures
import contextlib
import io
import itertools
import json
import os
import queue
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tokenize
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.own import ROOT, TESTS, modules, own_tests, source

__all__ = ["Mutant", "Unnoticed", "main", "mutants", "unnoticed"]

#: A comparison is turned into its neighbour and into its opposite.
TURNED = {
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "==": ("!=",),
    "!=": ("==",),
    "in": ("not in",),
    "not in": ("in",),
    "is": ("is not",),
    "is not": ("is",),
}
SIGNS = {"+": "-", "-": "+", "+=": "-=", "-=": "+="}
#: What a mutant's tests may take: a multiple of what they take without, and some seconds.
PATIENCE, GRACE = 4, 15


@dataclass(frozen=True, slots=True)
class Unnoticed:
    """A mutant that no test can notice, and why."""

    module: str
    where: str
    line: str
    becomes: str
    reason: str
    file: Path


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module with one token changed."""

    module: str
    number: int  # of the line, from 1
    where: str  # the class and function around it; empty outside of any
    line: str
    becomes: str
    changed: str  # the line with its indentation and its end

    def text(self, before: str) -> str:
        """The whole module with the change in it."""
        lines = before.splitlines(keepends=True)
        lines[self.number - 1] = self.changed
        return "".join(lines)

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.module, self.where, self.line, self.becomes

    def __str__(self) -> str:
        fields = zip(("module", "where", "line", "becomes"), self.key, strict=True)
        entry = "\n".join(f"{name} = {json.dumps(v, ensure_ascii=False)}" for name, v in fields)
        return f'[[unnoticed]]  # line {self.number}\n{entry}\nreason = ""\n'


class _Finder:
    """Walks over a module and collects the places where a token can be changed."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines(keepends=True)
        self.tokens = [
            token
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type in (tokenize.OP, tokenize.NAME)
        ]
        self.found: list[tuple[int, int, int, str, str]] = []  # line, begin, end, new, where
        #: Class or function -> the names of the functions in it.
        self.written: dict[tuple[str, ...], set[str]] = {}
        self.walk(ast.parse(text), ())

    def place(self, number: int, offset: int) -> tuple[int, int]:
        """Line and character of what `ast` gives as a line and bytes of it."""
        return number, len(self.lines[number - 1].encode()[:offset].decode())

    def begin(self, node: ast.expr) -> tuple[int, int]:
        return self.place(node.lineno, node.col_offset)

    def end(self, node: ast.expr) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.place(node.end_lineno, node.end_col_offset)

    def change(self, begin: tuple[int, int], length: int, new: str, where: tuple[str, ...]) -> None:
        self.found.append((begin[0], begin[1], begin[1] + length, new, ".".join(where)))

    def between(
        self,
        left: tuple[int, int],
        right: tuple[int, int],
        names: Iterable[str],
    ) -> tuple[tuple[int, int], int, str] | None:
        """The operator between two operands: where, how long, which."""
        wanted = {word for name in names for word in name.split()}
        found = [t for t in self.tokens if left <= t.start < right and t.string in wanted]
        if not found or found[0].start[0] != found[-1].end[0]:
            return None
        length = found[-1].end[1] - found[0].start[1]
        return found[0].start, length, " ".join(token.string for token in found)

    def walk(self, node: ast.AST, where: tuple[str, ...]) -> None:
        if isinstance(node, ast.JoinedStr):
            return  # before Python 3.12 their parts have no places of their own
        if isinstance(node, ast.MatchValue) and not isinstance(node.value, ast.Constant):
            return  # of what may stand there, `-1` has a sign that can't be turned
        if isinstance(node, ast.keyword) and where and f"__{node.arg}__" in self.written[where]:
            return  # `@dataclass(repr=...)` says nothing of a class that has a `__repr__`
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            where = (*where, node.name)
            self.written[where] = {getattr(inner, "name", "") for inner in node.body}
        self.look(node, where)
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    self.walk(child, where)

    def look(self, node: ast.AST, where: tuple[str, ...]) -> None:
        match node:
            case ast.Compare():
                operands = [node.left, *node.comparators]
                for left, right in itertools.pairwise(operands):
                    if at := self.between(self.end(left), self.begin(right), TURNED):
                        for new in TURNED[at[2]]:
                            self.change(at[0], at[1], new, where)
            case ast.Constant(value=bool()):
                self.change(self.begin(node), len(str(node.value)), str(not node.value), where)
            case ast.Constant(value=int() | float() as number):
                begin, end = self.begin(node), self.end(node)
                as_hex = self.lines[begin[0] - 1][begin[1] : begin[1] + 2] in ("0x", "0X")
                for value in (number + 1, number - 1):
                    new = f"0x{value:X}" if as_hex and value >= 0 else repr(value)
                    self.change(begin, end[1] - begin[1], new, where)
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                if at := self.between(self.end(node.left), self.begin(node.right), SIGNS):
                    self.change(at[0], at[1], SIGNS[at[2]], where)
            case ast.AugAssign(op=ast.Add() | ast.Sub()):
                if at := self.between(self.end(node.target), self.begin(node.value), SIGNS):
                    self.change(at[0], at[1], SIGNS[at[2]], where)
            case ast.UnaryOp(op=ast.USub()):
                self.change(self.begin(node), 1, "+", where)
            case ast.UnaryOp(op=ast.Not()):
                line, column = self.begin(node)
                spaces = re.match(r"not\s*", self.lines[line - 1][column:])
                assert spaces is not None
                self.change((line, column), spaces.end(), "", where)
            case ast.If() | ast.While() | ast.IfExp():
                if isinstance(node.test, (ast.Name, ast.Attribute, ast.Call, ast.Subscript)):
                    self.change(self.begin(node.test), 0, "not ", where)


def mutants(module: str, text: str | None = None) -> list[Mutant]:
    """Every mutant of a module, or of `text` in its place, in the order of the lines."""
    if text is None:
        text = source(module).read_text(encoding="utf-8")
    finder = _Finder(text)
    made = []
    for number, begin, end, new, where in sorted(finder.found):
        line = finder.lines[number - 1]
        changed = line[:begin] + new + line[end:]
        made.append(Mutant(module, number, where, line.strip(), changed.strip(), changed))
    return made


def unnoticed() -> list[Unnoticed]:
    """What the files `unnoticed.toml` hold."""
    return [
        Unnoticed(**entry, file=path)
        for path in sorted(TESTS.rglob("unnoticed.toml"))
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["unnoticed"]
    ]


def copy_tree(target: Path) -> None:
    """What the tests need, without the compiled twins."""
    built = shutil.ignore_patterns("__pycache__", "*.so", "*.pyd", "_*.c")

    def ignored(folder: str, names: list[str]) -> set[str]:
        mine = {"build", "dist", *(name for name in names if name.startswith("."))}
        return {*built(folder, names), *(mine if Path(folder) == ROOT else ())}

    shutil.copytree(ROOT, target, ignore=ignored)


#: pytest in a process that may not eat up the memory of the machine.
START = """
import sys
if sys.platform == "linux":
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
import pytest
sys.exit(pytest.main(sys.argv[1:]))
"""


def run_tests(tree: Path, files: tuple[str, ...], patience: float | None) -> tuple[int | None, str]:
    """Run test files in a copy of the tree: pytest's exit status, None if it took too long."""
    env = {
        **os.environ,
        "HAMAPROTO_PURE": "1",
        "HAMAPROTO_REQUIRE_COMPILED": "0",
        "PYTHONPATH": str(tree),
    }
    if patience is not None:
        # What was there before the mutant is cached; of the mutant nothing is to be left.
        env["PYTHONDONTWRITEBYTECODE"] = "1"
    # To look for plugins and load them all would take as long as most tests do.
    env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    plugins = ("-p", "_hypothesis_pytestplugin", "-p", "hamaproto.pytest_plugin.plugin")
    # The same examples for each mutant, and no time spent on making a failure small.
    options = ("--hypothesis-profile=noticing", "--hypothesis-seed=1", "-p", "no:cacheprovider")
    with tempfile.TemporaryFile("w+") as output:
        running = subprocess.Popen(
            [sys.executable, "-c", START, "-x", "-q", *plugins, *options, *files],
            cwd=tree,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        status = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = running.wait(patience)
        # What the tests started goes with them.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        output.seek(0)
        return status, output.read()


def judge(sample: list[Mutant], jobs: int, say: Callable[[str], object]) -> list[Mutant]:
    """Run each mutant against its module's own tests; those that nobody noticed."""
    survivors = []
    tests = {
        mutant.module: tuple(str(path.relative_to(ROOT)) for path in own_tests(mutant.module))
        for mutant in sample
    }
    for module, files in tests.items():
        if not files:
            raise SystemExit(f"{module} has no test file of its own")
    with tempfile.TemporaryDirectory(prefix="hamaproto-mutants-") as folder:
        trees: queue.Queue[Path] = queue.Queue()
        for number in range(jobs):
            tree = Path(folder, str(number))
            copy_tree(tree)
            trees.put(tree)

        def plain(files: tuple[str, ...]) -> float:
            tree = trees.get()
            try:
                began = time.monotonic()
                status, output = run_tests(tree, files, None)
                if status != 0:
                    raise SystemExit(f"{output}\nthese fail without a mutant: {files}")
                return time.monotonic() - began
            finally:
                trees.put(tree)

        def run(mutant: Mutant) -> bool:
            files = tests[mutant.module]
            if "slots" in mutant.line:
                files += (f"tests/test_house.py::test_each_dataclass_has_slots[{mutant.module}]",)
            tree = trees.get()
            path = tree / source(mutant.module).relative_to(ROOT)
            # Put aside, so that what is cached of it stays good.
            aside = path.rename(path.with_suffix(".aside"))
            try:
                path.write_text(mutant.text(aside.read_text(encoding="utf-8")), encoding="utf-8")
                patience = GRACE + PATIENCE * took[tests[mutant.module]]
                return run_tests(tree, files, patience)[0] != 0
            finally:
                aside.replace(path)
                trees.put(tree)

        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            different = list(dict.fromkeys(tests.values()))
            took = dict(zip(different, pool.map(plain, different), strict=True))
            for files, seconds in took.items():
                say(f"{seconds:.1f} s without a mutant: {', '.join(files)}")
            for done, (mutant, seen) in enumerate(zip(sample, pool.map(run, sample), strict=True)):
                if not seen:
                    survivors.append(mutant)
                    say(f"\n{done + 1}/{len(sample)}, nobody noticed:\n{mutant}")
    return survivors


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench mutants", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("module", nargs="*", help="wire, wire/params, outcome...; none: all")
    parser.add_argument("--sample", type=int, default=0, help="how many, by chance; 0: all")
    parser.add_argument("--seed", type=int, default=0, help="of the choice")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--least", type=float, default=95.0, metavar="PERCENT")
    parser.add_argument("--list", action="store_true", help="only say which there are")
    options = parser.parse_args(argv)

    everything = [mutant for name in modules(*options.module) for mutant in mutants(name)]
    sample = everything
    if 0 < options.sample < len(everything):
        chosen = random.Random(options.seed).sample(range(len(everything)), options.sample)
        sample = [everything[number] for number in sorted(chosen)]
    explained = {(e.module, e.where, e.line, e.becomes) for e in unnoticed()}
    rest = [mutant for mutant in sample if mutant.key not in explained]
    print(f"{len(everything)} mutants, {len(sample)} chosen, {len(sample) - len(rest)} explained")
    if options.list:
        for mutant in rest:
            print(f"{mutant.module}:{mutant.number}: {mutant.line}  ->  {mutant.becomes}")
        return 0
    survivors = judge(rest, options.jobs, lambda text: print(text, flush=True))
    share = 100 * (1 - len(survivors) / max(1, len(sample)))
    print(
        f"\n{len(sample)} mutants: {len(rest) - len(survivors)} noticed, {len(sample) - len(rest)} "
        f"explained, {len(survivors)} survived: {share:.1f} % are noticed or explained"
    )
    return 0 if share >= options.least else 1
