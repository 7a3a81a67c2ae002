"""Both twins of a parser against each other, on streams that nobody would send.

    python -m bench fuzz mjpeg|heads|params|gsm|all [--minutes N] [--seed N] [--once SEED]
    python -m bench fuzz mjpeg --against TREE [--minutes N] [--seed N]

`heads`, `params` and `gsm` are described in `bench.fuzz_answers`; `all` takes turns.

Each case of `mjpeg` comes from one seed: an odd stream, a recording, a trap or a soup, damaged
or not, for a parser with default or tiny limits, strict or not.  It is fed byte by byte, whole,
cut at random, through the parser's own buffers and by an iterator, to the pure and to the
compiled twin.  All must give the same events, errors, offsets and accounts, each event at the
same byte; the account must balance after each chunk; where no damage was done, all that was
built in must come out; and nothing but the declared errors may be raised.

With `--against` the same streams go, byte by byte, whole and cut at random, to the parser and to
the parser of the package in another tree, such as a clone of an older version that was built
there (`bench.other`): the same events, errors and offsets, each at the same byte.

At the first difference the case is written to a file in the system's temporary folder, what
is wrong is printed with the seed that gives it again (`--once`), and the exit status is 1.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

from bench.fuzz_answers import SUBJECTS as ANSWERS
from bench.other import OtherTree, played
from fixtures import recordings
from fixtures.build.catalogue import streams
from fixtures.build.damage import TOKENS, random_damage
from fixtures.build.streams import Stream, compose, cut, join, judge
from fixtures.build.traps import no_right_reading, traps
from fixtures.feeding import Log, first_difference, pieces, pull, random_pieces, record
from hamaproto import HamaError, Limits

__all__ = ["main"]

#: Longer streams than this are cut down: what they repeat says nothing new.
LONGEST = 9_000
#: Limits that these streams come to, and some of them exactly.
TINY = {
    "max_frame": (200, 300, 900, 1100),
    "max_part": (5, 20, 120),
    "max_junk": (100, 300, 2000),
    "max_part_line": (20, 80, 16384),
    "max_part_head": (48, 50, 52, 100, 150),
    "max_part_headers": (1, 2, 4),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One stream and how the parser is set up; `known` if what must come out is known."""

    stream: Stream
    limits: Limits | None
    strict: bool
    known: bool


@cache
def _built() -> tuple[Stream, ...]:
    return (*streams(), *traps(), *no_right_reading())


def _recording(rng: random.Random) -> Stream:
    recording = rng.choice([r for r in recordings() if len(r.body) < 300_000])
    size = rng.randrange(4000, LONGEST)
    return Stream(recording.name, recording.content_type, recording.body[:size], ())


def _soup(rng: random.Random) -> Stream:
    body = b"".join(
        rng.choice(TOKENS) if rng.random() < 0.8 else rng.randbytes(rng.randrange(9))
        for _ in range(rng.randrange(120))
    )
    content_type = rng.choice(("multipart/x-mixed-replace; boundary=frame", None, ""))
    return Stream("soup", content_type, body, ())


def case(seed: int) -> Case:
    rng = random.Random(seed)
    kind = rng.choices(("composed", "built", "recording", "soup"), (5, 3, 1, 2))[0]
    known = kind in ("composed", "built")
    if kind == "composed":
        stream = compose(rng.randrange(1 << 40))
    elif kind == "built":
        stream = rng.choice(_built())
    else:
        stream = _recording(rng) if kind == "recording" else _soup(rng)
    if len(stream.body) > LONGEST:
        stream = cut(stream, LONGEST)
        known = False
    change = rng.choice(("none", "damage", "damage", "damage", "join", "cut"))
    if change == "damage" and stream.body:
        stream = random_damage(stream, rng, count=rng.choice((1, 1, 2, 3, 8)))
        # What an odd stream's parts owe to each other the damage may take away.
        known = False
    elif change == "join" and stream.body:
        stream = join(stream, rng.randrange(len(stream.body)))
        known = False
    elif change == "cut" and stream.body:
        # A delimiter inside an image counts once the image has no end.
        stream = cut(stream, rng.randrange(len(stream.body)))
        known = False
    limits = None
    if rng.random() < 0.2:
        limits = Limits(**{name: rng.choice(values) for name, values in TINY.items()})
    strict = rng.random() < 0.1
    return Case(stream, limits, strict, known and limits is None and not strict)


def _account(parser: Any) -> tuple[int, ...]:
    a = parser.accounting
    return (a.fed, a.delivered, a.framing, a.skipped, a.pending)


def _run(twin: Any, this: Case, chunks: list[bytes], **options: Any) -> tuple[Log, list[Any]]:
    accounts: list[tuple[int, ...]] = []

    def check(parser: Any, log: Log, fed: int) -> None:
        now = _account(parser)
        if now[0] != fed or fed != sum(now[1:]) or min(now) < 0:
            raise AssertionError(f"after {fed} bytes the account is {now}")
        accounts.append(now)

    parser = twin(this.stream.content_type, limits=this.limits, strict=this.strict)
    # Byte by byte the accounts would take longer than the rest.
    checked = None if len(chunks) == len(this.stream.body) else check
    log = record(parser, chunks, errors=(HamaError,), check=checked, **options)
    return log, accounts


def problem(twins: Sequence[Any], this: Case, seed: int) -> str:
    """What is wrong; empty if nothing is."""
    body = this.stream.body
    rng = random.Random(seed)
    cuts = random_pieces(body, rng)
    hints = [rng.choice((-1, 0, 1, 64, 65536)) for _ in range(5)]
    ways: dict[str, tuple[list[bytes], dict[str, Any]]] = {
        "byte by byte": (pieces(body, 1), {}),
        "whole": ([body], {}),
        "cut at random": (cuts, {}),
        "through its buffer": (cuts, {"through_buffer": hints}),
    }
    first: Log | None = None
    for way, (chunks, options) in ways.items():
        logs = []
        for twin in twins:
            name = f"{twin.__module__}, {way}"
            try:
                log, accounts = _run(twin, this, chunks, **options)
            except Exception as error:
                return f"{name}: {type(error).__name__}: {error}"
            first = first or log
            if difference := first_difference(first, log):
                return f"{name}: {difference}"
            logs.append((log.after, accounts))
        if any(other != logs[0] for other in logs):
            return f"{way}: the twins differ in when, or in their accounts"
    for twin in twins:
        parser = twin(this.stream.content_type, limits=this.limits, strict=this.strict)
        try:
            log = pull(parser, cuts, errors=(HamaError,))
        except Exception as error:
            return f"{twin.__module__}, by an iterator: {type(error).__name__}: {error}"
        assert first is not None
        if difference := first_difference(first, log):
            return f"{twin.__module__}, by an iterator: {difference}"
    assert first is not None
    if this.known:
        return "; ".join(judge(this.stream, first.frames, first.parts)[:3])
    return ""


def _twins() -> list[Any]:
    found = [importlib.import_module("hamaproto.wire.mjpeg.parser").MjpegParser]
    try:
        found.append(importlib.import_module("hamaproto.wire._mjpeg.parser").MjpegParser)
    except ImportError:
        print("the compiled twin is not built: the pure one is checked alone")
    return found


def _mjpeg(twins: Sequence[Any], seed: int) -> tuple[bytes, str]:
    this = case(seed)
    wrong = problem(twins, this, seed)
    if wrong:
        wrong += (
            f"\n{this.stream.name}, content type {this.stream.content_type!r}, "
            f"{this.limits}, strict {this.strict}\n{this.stream.note}"
        )
    return this.stream.body, wrong


def _against(other: OtherTree, twins: Sequence[Any], seed: int) -> tuple[bytes, str]:
    this = case(seed)
    body = this.stream.body
    limits = None if this.limits is None else asdict(this.limits)
    for chunks in (
        pieces(body, 1),
        [body] if body else [],
        random_pieces(body, random.Random(seed)),
    ):
        expected = other.played((this.stream.content_type, limits, this.strict, chunks))
        for twin in twins:
            parser = twin(this.stream.content_type, limits=this.limits, strict=this.strict)
            said = played(parser, HamaError, chunks)
            for one, two in zip_longest(expected, said):
                if one != two:
                    return body, f"{other.name}: {one}\n{twin.__module__}: {two}"
    return body, ""


def run(
    subjects: Sequence[str], minutes: float, seed: int, once: bool, tree: Path | None = None
) -> int:
    known: dict[str, Callable[[int], tuple[bytes, str]]] = {
        **ANSWERS,
        "mjpeg": partial(_mjpeg, _twins() if "mjpeg" in subjects else []),
    }
    if tree is not None:
        other = OtherTree(tree)
        print(f"against {other.name}")
        known["mjpeg"] = partial(_against, other, _twins()[-1:])
    start = time.monotonic()
    count = 0
    while True:
        subject = subjects[count % len(subjects)]
        data, wrong = known[subject](seed + count)
        if wrong:
            folder = Path(tempfile.mkdtemp(prefix="hamaproto-fuzz-"))
            (folder / "body").write_bytes(data)
            (folder / "case.txt").write_text(f"{subject}, seed {seed + count}: {wrong}\n")
            print(f"{subject}, seed {seed + count}: {wrong}\nwritten to {folder}")
            return 1
        count += 1
        passed = time.monotonic() - start
        if once or passed > minutes * 60:
            break
        if count % 1000 == 0:
            print(f"{count} cases, {passed:.0f} s, next seed {seed + count}", flush=True)
    print(f"{count} cases from seed {seed} on, {passed:.0f} s: no difference")
    return 0


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("subject", choices=["mjpeg", *ANSWERS, "all"])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, help="of the first case; the clock's if left out")
    parser.add_argument("--once", type=int, metavar="SEED", help="only the case of this seed")
    parser.add_argument("--against", type=Path, metavar="TREE", help="mjpeg: another version")
    options = parser.parse_args(argv)
    if options.against is not None and options.subject != "mjpeg":
        parser.error("--against is for mjpeg")
    subjects = ["mjpeg", *ANSWERS] if options.subject == "all" else [options.subject]
    if options.once is not None:
        return run(subjects, 0, options.once, True, options.against)
    seed = options.seed
    if seed is None:
        seed = int.from_bytes(os.urandom(4), "big") << 16
    print(f"seeds from {seed} on")
    return run(subjects, options.minutes, seed, False, options.against)
