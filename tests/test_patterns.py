"""No pattern of the package is worse than linear, on any input.

Run as a program this finds every pattern by itself: those that importing the modules compiles
are written down as they are compiled, the others by reading the calls of `re` in the sources.
Each is then run over prefix x repeat x ending, made from the pattern's own parts and from what
hurts other patterns.  The judge is processor time, twice: far too much for the length, and much
more than four times as much for four times the length.  The test runs it as a process of its own
that is bounded, since a bad pattern may take for ever.
"""

from __future__ import annotations

import ast
import importlib
import itertools
import pkgutil
import re
import resource
import subprocess
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from re import _constants as codes  # type: ignore[attr-defined]  # where the field has no other
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

PACKAGE = Path(__file__).resolve().parent.parent / "hamaproto"

#: What is asked of `re` or of a pattern.
METHODS = ("match", "fullmatch", "search", "finditer", "findall", "split", "sub", "subn", "scanner")
#: These try one place after the other; a pattern that is only matched needs not stand that.
SEARCHING = {"search": "search", **dict.fromkeys(METHODS[3:], "finditer")}
#: Patterns that are made later than at import, from what a stream says: how to have one made.
MADE_LATER: dict[str, Callable[[Any], object]] = {
    "hamaproto.cli.recording.naming": lambda module: module.Template(
        "garden-{time}-{n}.mkv", "garden"
    ).number_of("garden.mkv"),
    "hamaproto.wire.mjpeg.delimiter": lambda module: module.DelimiterSet("--a b").search_last(
        b"--a b--\r\n", 0, 9
    ),
}

SIZE = 600
#: Seconds of processor time for `SIZE` bytes.  A linear pattern takes a twentieth, one that is
#: quadratic several times as much.
TOO_MUCH = 0.0003
#: Four times the length may cost so many times as much: 4 is linear, 16 quadratic.
GROWTH = 8

REPEATS = [" ", "\t", "a", '"', "\\", ",", "\r\n", "-", "0", "\xff", "a=", " a", '\\"', "\0", "\n"]
ENDINGS = ["", "\0", "\rx", '"', "\n"]


# Finding them


def called(node: ast.AST) -> str | None:
    """The method of `re` that a call asks for."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in (*METHODS, "compile", "template")
    ):
        return node.func.attr
    return None


class Found:
    """Every pattern with where it stands and what is asked of it."""

    def __init__(self) -> None:
        self.patterns: dict[re.Pattern[Any], str] = {}
        self.methods: dict[re.Pattern[Any], set[str]] = defaultdict(set)
        #: Lines at which something was compiled while the modules were imported.
        self.compiled: set[tuple[str, int]] = set()
        #: Calls of `re` whose pattern could not be had.
        self.escaped: list[str] = []

    def add(self, pattern: re.Pattern[Any], where: str, *methods: str) -> None:
        self.patterns.setdefault(pattern, where)
        self.methods[pattern].update(methods)


def import_all(found: Found) -> None:
    """Import every module, writing down what is compiled by the package's own lines."""
    kept = {name: getattr(re, name) for name in ("compile", *METHODS) if hasattr(re, name)}

    def noting(method: str, pattern: Any, *arguments: Any, **options: Any) -> Any:
        made = kept["compile"](pattern, arguments[0] if method == "compile" and arguments else 0)
        frame = sys._getframe(2)
        name = frame.f_code.co_filename
        if name.startswith(str(PACKAGE)):
            where = str(Path(name).relative_to(PACKAGE))
            found.compiled.add((where, frame.f_lineno))
            found.add(made, f"{where}:{frame.f_lineno}", method)
        return kept[method](pattern, *arguments, **options)

    for method in kept:
        setattr(re, method, lambda *a, method=method, **options: noting(method, *a, **options))
    try:
        # Only now: nothing of the package may be there before.
        import hamaproto

        for module in pkgutil.walk_packages(hamaproto.__path__, "hamaproto."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
        for module_name, make in MADE_LATER.items():
            make(sys.modules[module_name])
    finally:
        for name, method in kept.items():
            setattr(re, name, method)


def read_sources(found: Found) -> None:
    """What the sources ask of `re`, and of the names that a pattern or its method has."""
    asked: dict[str, set[str]] = defaultdict(set)
    for path in sorted(PACKAGE.rglob("*.py")):
        where = str(path.relative_to(PACKAGE))
        module = sys.modules.get(".".join(("hamaproto", *Path(where).with_suffix("").parts)))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in METHODS:
                value = node.value
                name = getattr(value, "id", None) or getattr(value, "attr", None)
                asked[str(name)].add(node.attr)
                if called(value) == "compile":
                    lines = range(value.lineno, (value.end_lineno or 0) + 1)
                    for pattern, place in found.patterns.items():
                        if place in {f"{where}:{line}" for line in lines}:
                            found.methods[pattern].add(node.attr)
            method = called(node)
            if method is None:
                continue
            assert isinstance(node, ast.Call)
            lines = range(node.lineno, (node.end_lineno or 0) + 1)
            if any((where, line) in found.compiled for line in lines):
                continue
            try:
                arguments = [
                    eval(compile(ast.Expression(value), where, "eval"), vars(module))
                    for value in (node.args[:1] if method != "compile" else node.args)
                ]
                found.add(re.compile(*arguments), f"{where}:{node.lineno}", method)
            except Exception as error:
                found.escaped.append(f"{where}:{node.lineno}: {ast.unparse(node)}: {error!r}")
    # Methods that are asked of a name count for every pattern of that name.
    for module_name, module in list(sys.modules.items()):
        if module_name.split(".")[0] != "hamaproto":
            continue
        for name, value in vars(module).items():
            for pattern in (value, *(value if isinstance(value, tuple) else ())):
                if isinstance(pattern, re.Pattern):
                    found.methods[pattern] |= asked[name]


# Running them


def one_of(item: Any) -> list[str]:
    """A few texts that match an item of a parsed pattern."""
    kind, value = item
    if kind is codes.LITERAL:
        return [chr(value)]
    if kind is codes.NOT_LITERAL:
        return [c for c in "a !" if ord(c) != value][:2]
    if kind is codes.ANY:
        return ["a", " "]
    if kind is codes.IN:
        return members(value)
    if kind in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        least, most, inner = value
        return [text * max(1, least) for text in texts(inner)] if most else [""]
    if kind is codes.SUBPATTERN:
        return texts(value[-1])
    if kind is codes.ATOMIC_GROUP:
        return texts(value)
    if kind is codes.BRANCH:
        return [text for branch in value[1] for text in texts(branch)][:6]
    return [""]


def members(items: Any) -> list[str]:
    if items[0][0] is codes.NEGATE:
        no = set(members(items[1:]))
        return [c for c in 'a \t-0="\r\n\xff' if c not in no][:4]
    found = []
    for kind, value in items:
        if kind is codes.LITERAL:
            found.append(chr(value))
        elif kind is codes.RANGE:
            found += [
                chr(value[0]),
                chr(value[1]),
                *(c for c in "a 0" if value[0] <= ord(c) <= value[1]),
            ]
        elif kind is codes.CATEGORY:
            category = str(value)
            found += ["0"] if "DIGIT" in category else [" ", "\n"] if "SPACE" in category else ["a"]
    return found


def texts(sequence: Any) -> list[str]:
    """A few texts that match a parsed sequence, each made the same way throughout."""
    choices = [one_of(item) or [""] for item in sequence]
    width = min(4, max((len(choice) for choice in choices), default=1))
    return ["".join(choice[n % len(choice)] for choice in choices) for n in range(width)]


def parts(sequence: Any, before: str = "", which: int = 0) -> Iterator[tuple[str, list[str]]]:
    """What leads to each repeat of a pattern, and what may be repeated there."""
    for item in sequence:
        kind, value = item
        if kind in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            yield before, texts(value[2])
            yield from parts(value[2], before, which)
        elif kind is codes.SUBPATTERN:
            yield from parts(value[-1], before, which)
        elif kind is codes.ATOMIC_GROUP:
            yield from parts(value, before, which)
        elif kind is codes.BRANCH:
            for branch in value[1]:
                yield from parts(branch, before, which)
        choices = one_of(item) or [""]
        before += choices[which % len(choices)]


def cost(run: Callable[[Any], object], text: Any, tries: int = 1) -> float:
    best = 1e9
    for _ in range(tries):
        start = time.thread_time()
        run(text)
        best = min(best, time.thread_time() - start)
    return best


def is_worse_than_linear(pattern: re.Pattern[Any], method: str) -> tuple[str, str, str] | None:
    """The prefix, the repeat and the ending that cost too much; or None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    own = [*parts(parsed), *parts(parsed, which=1)]
    prefixes = dict.fromkeys(["", *(before for before, _ in own)])
    repeats = dict.fromkeys([*REPEATS, *(text for _, some in own for text in some if text)])
    ask = getattr(pattern, method)
    encode = isinstance(pattern.pattern, bytes)

    def run(text: Any) -> object:
        found = ask(text)
        return sum(1 for _ in found) if method == "finditer" else found

    def made(prefix: str, repeat: str, ending: str, size: int) -> Any:
        text = prefix + repeat * (size // len(repeat)) + ending
        return text.encode("latin-1", "replace") if encode else text

    for prefix, repeat in itertools.product(prefixes, repeats):
        for ending in ENDINGS:
            if cost(run, made(prefix, repeat, ending, SIZE)) < TOO_MUCH:
                continue
            once = cost(run, made(prefix, repeat, ending, SIZE), 3)
            long = cost(run, made(prefix, repeat, ending, 4 * SIZE), 3)
            if once > TOO_MUCH and long > GROWTH * once:
                return prefix, repeat, ending
    return None


def main() -> None:
    found = Found()
    import_all(found)
    read_sources(found)
    for line in found.escaped:
        print("ESCAPED", line)
    for pattern, where in sorted(found.patterns.items(), key=lambda item: item[1]):
        methods = found.methods[pattern]
        for method in sorted(
            {SEARCHING.get(method, "fullmatch") for method in methods | {"match"}}
        ):
            print("RUNNING", where, method, flush=True)
            worse = is_worse_than_linear(pattern, method)
            if worse is not None:
                print("WORSE", where, method, pattern.pattern, worse)
    print("DONE", len(found.patterns))


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, __file__, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (60, 60)),
    )
    return done.stdout


def test_every_pattern_is_linear() -> None:
    said = run().splitlines()
    assert said, "nothing was run"
    assert said[-1].startswith("DONE"), f"it came to no end: {said[-1]}"
    assert not [line for line in said if line.startswith(("WORSE", "ESCAPED"))]
    assert int(said[-1].split()[1]) > 60


if __name__ == "__main__":
    main()
