"""`python -m bench`: what was measured stands in bench/README.md, and this is what measures it.

    python -m bench                          the suites, and the other commands
    python -m bench run SUITE...             measures, and prints a table
    python -m bench compare A.json B.json    is B better than A?
    python -m bench --readme                 bench/README.md, with each table measured anew

Each command is a module of this folder with a `main(argv)` that returns the exit status, and is
imported only when it is asked for: none needs what another one needs.
"""

from __future__ import annotations

import importlib
import sys

__all__ = ["COMMANDS", "main", "usage"]

#: Name on the command line -> (module, what it does).
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("bench.run", "measures suites, beside others, and prints one table"),
    "compare": ("bench.compare", "two files of `run --json`: the ratios, with intervals"),
    "aims": ("bench.aims", "what the speed of this library is to be, and what it is"),
    "scaling": ("bench.scaling", "time and memory of longer streams, larger frames, more streams"),
    "together": ("bench.together", "sound and picture of a recording behind a bad network"),
    "damage": ("bench.damage", "images lost by every kind of damage, of every way of delimiting"),
    "fuzz": ("bench.fuzz", "the parsers and their twins on damaged input, for minutes"),
    "arm64": ("bench.arm64", "the compiled twins for 64-bit ARM: built and tested under qemu"),
    "fuzz-gsm": ("bench.fuzz_gsm", "the GSM codec's twins against each other, a million frames"),
    "mutants": ("bench.mutants", "whether a module's own tests notice a token that is wrong"),
    "coverage": ("bench.covered", "which branches a module's own tests reach"),
    "page": ("bench.page", "the gateway's page, in Chromium, Firefox and WebKit"),
    "reference": ("bench.reference", "the reference of the public names: no measurement"),
}


def usage() -> str:
    """The suites and the commands, a line each."""
    from bench.measure.catalogue import suites

    known = suites()
    width = max(len(name) for name in (*COMMANDS, *(suite.name for suite in known)))
    lines = ["usage: python -m bench COMMAND [--help | OPTIONS]", ""]
    lines += [f"    {name:{width}}  {what}" for name, (_, what) in COMMANDS.items()]
    lines += ["", "suites, for `python -m bench run SUITE...`:", ""]
    lines += [f"    {suite.name:{width}}  {suite.about}" for suite in known]
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    if not argv or argv[0] in ("-h", "--help"):
        print(usage())
        return 0
    if argv[0] == "--readme":
        from bench.readme import main as readme

        return readme(argv[1:])
    if argv[0] not in COMMANDS:
        print(f"python -m bench: there is no {argv[0]!r}\n{usage()}", file=sys.stderr)
        return 2
    try:
        status = importlib.import_module(COMMANDS[argv[0]][0]).main(argv[1:])
    except KeyboardInterrupt:
        print(f"python -m bench {argv[0]}: interrupted", file=sys.stderr)
        return 130
    return int(status or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
