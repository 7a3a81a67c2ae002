"""`python -m bench reference`: the reference of all public names, out of their docstrings.

    python -m bench reference [--output DIR]

pdoc writes the pages (`pip install -e '.[docs]'`); nothing of them is committed.  It reads the
pure twins, whose signatures have their types, and would miss the names of the package that are
imported when they are first asked for: so all of them are asked for here.

Exit status 1 if pdoc warns of anything.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

__all__ = ["MODULES", "main"]

#: What a program may import from, in the order of the pages.
MODULES = (
    "hamaproto",
    "hamaproto.io",
    "hamaproto.io.blocking",
    "hamaproto.io.asyncio",
    "hamaproto.io.anyio",
    "hamaproto.io.adapters",
    "hamaproto.io.serve",
    "hamaproto.gsm",
    "hamaproto.gsm.files",
    "hamaproto.camera",
    "hamaproto.camera.clock",
    "hamaproto.captures",
    "hamaproto.gateway",
    "hamaproto.io.gateway",
    "hamaproto.io.gateway_camera",
    "hamaproto.pytest_plugin",
    "hamaproto.client",
    "hamaproto.timing",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the pages; 1 if something was wrong with them."""
    parser = argparse.ArgumentParser(prog="python -m bench reference", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--output", type=Path, default=Path("api"), help="the folder (api)")
    options = parser.parse_args(argv)
    os.environ["HAMAPROTO_PURE"] = "1"
    for name in MODULES:
        module = import_module(name)
        for public in module.__all__:
            getattr(module, public)
    import pdoc

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        pdoc.pdoc(*MODULES, output_directory=options.output)
    for warning in said:
        print(f"python -m bench reference: {warning.message}", file=sys.stderr)
    print(f"{len(list(options.output.rglob('*.html')))} pages, {options.output / 'index.html'}")
    return int(bool(said))


if __name__ == "__main__":
    raise SystemExit(main())
