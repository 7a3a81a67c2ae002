"""`python -m bench NAME [OPTIONS]`: runs one of the measurements below.

Each is a module of this folder with a `main(argv)` that returns the exit status, and is
imported only when it is asked for: none needs what another one needs.
"""

from __future__ import annotations

import importlib
import sys

#: Name on the command line -> (module, what it measures).
SUBJECTS: dict[str, tuple[str, str]] = {
    "mjpeg": ("bench.mjpeg", "the MJPEG parser beside others: speed, right or wrong, floods"),
    "heads": ("bench.heads", "which response heads are read, by us and by others"),
    "load": ("bench.load", "many streams in one asyncio process: lost frames, CPU, memory"),
    "gsm": ("bench.gsm", "the GSM 06.10 codec beside others"),
    "together": ("bench.together", "sound and picture of a recording behind a bad network"),
    "damage": ("bench.damage", "images lost by every kind of damage, of every way of delimiting"),
    "fuzz-gsm": ("bench.fuzz_gsm", "the GSM codec's twins against each other, a million frames"),
    "mutants": ("bench.mutants", "whether a module's own tests notice a token that is wrong"),
    "coverage": ("bench.covered", "which branches a module's own tests reach"),
    "reference": ("bench.reference", "the reference of the public names: no measurement"),
    "fuzz": ("bench.fuzz", "the parsers and their twins on damaged input, for minutes"),
}


def usage() -> str:
    width = max(map(len, SUBJECTS))
    rows = "\n".join(f"    {name:{width}}  {what}" for name, (_, what) in SUBJECTS.items())
    return f"usage: python -m bench NAME [--help | OPTIONS]\n\n{rows}"


def main(argv: list[str]) -> int:
    if not argv or argv[0] in ("-h", "--help"):
        print(usage())
        return 0 if argv else 2
    if argv[0] not in SUBJECTS:
        print(f"python -m bench: there is no {argv[0]!r}\n{usage()}", file=sys.stderr)
        return 2
    status = importlib.import_module(SUBJECTS[argv[0]][0]).main(argv[1:])
    return int(status or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
