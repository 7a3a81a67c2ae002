"""`python -m bench page`: the gateway's page in each browser, by real clicks and keys.

    python -m bench page [chromium] [firefox] [webkit]
    python -m bench page --picture fixtures/page/chromium/page.jpg

Without a name all three are tried.  Two simulated cameras and `hamaproto serve` run for it; what is
seen and heard is read from the canvas, whose pictures have a code in them, and from the sound,
which tells the time.  Exit status 1 if something is not as it has to be.  `tests/page` has more,
for Chromium alone.  `--picture` writes what the README shows.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.page.browsers import BROWSERS

__all__ = ["main"]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench page", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("browsers", nargs="*", metavar="BROWSER", help=", ".join(BROWSERS))
    parser.add_argument("--picture", type=Path, metavar="FILE", help="write a picture of the page")
    options = parser.parse_args(argv)
    unknown = set(options.browsers) - set(BROWSERS)
    if unknown:
        parser.error(f"there is no {unknown.pop()!r}: {', '.join(BROWSERS)}")
    if options.picture is not None:
        from bench.page.picture import draw

        draw(options.picture)
        return 0
    from bench.page.scenario import tried

    results = [tried(name) for name in options.browsers or BROWSERS]
    return 0 if all(results) else 1
