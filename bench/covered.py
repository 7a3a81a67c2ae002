"""`python -m bench coverage`: which branches of a module its own test files reach.

One run of the tests, without the compiled twins, in which each line is noted together with
the test that reached it.  A module's share is what its own tests (`bench.own`) and the import
reached; the last line is the whole package, by all tests.  With names of modules only their
own tests run, and the lines that these do not reach are printed.

    python -m bench coverage                        # everything: as long as the whole suite
    python -m bench coverage wire/params outcome    # these, by their own tests
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.own import ROOT, modules, own_tests, source

__all__ = ["main"]


def measure(data: Path, files: list[str]) -> int:
    """Run these test files (none: all); pytest's exit status, the measurement in `data`."""
    arguments = ["--cov=hamaproto", "--cov-branch", "--cov-context=test", "--cov-report="]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, *files],
        cwd=ROOT,
        env={**os.environ, "HAMAPROTO_PURE": "1", "COVERAGE_FILE": str(data)},
        check=False,
    ).returncode


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench coverage", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("module", nargs="*", help="wire, wire/params, outcome...; none: all")
    parser.add_argument("--least", type=float, default=98.0, metavar="PERCENT")
    options = parser.parse_args(argv)
    chosen = modules(*options.module)

    import coverage  # of the extra `test`, as pytest is

    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "coverage")
        files = [str(path) for module in chosen for path in own_tests(module)]
        status = measure(data, sorted(set(files)) if options.module else [])
        measured = coverage.Coverage(data_file=str(data), config_file=str(ROOT / "pyproject.toml"))
        measured.load()

        def report(include: list[str] | None, contexts: list[str] | None) -> dict[str, object]:
            """A report over the files to include, by the tests of these contexts."""
            out = Path(folder, "report.json")
            measured.json_report(outfile=str(out), include=include, contexts=contexts)
            return json.loads(out.read_text(encoding="utf-8"))

        print(f"\n{'module':32}  own tests reach")
        for module in chosen:
            own = [f"^{re.escape(p.relative_to(ROOT).as_posix())}::" for p in own_tests(module)]
            found = report([str(source(module))], ["^$", *own])
            totals = found["totals"]
            print(f"{module:32}  {totals['percent_covered']:5.1f} %")
            if options.module:
                for file in found["files"].values():
                    print(
                        f"    lines {file['missing_lines']}\n    jumps {file['missing_branches']}"
                    )
        if options.module:
            return status
        share = report(None, None)["totals"]["percent_covered"]
        print(f"{'the whole package, by all tests':32}  {share:5.1f} %")
    return status or int(share < options.least)
