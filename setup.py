"""Builds the compiled twins; everything else about the package is in pyproject.toml.

`HAMAPROTO_BUILD` says how much they matter:

    try      (default) a missing compiler gives a working pure-Python package and says so
    skip     do not even try
    require  fail if one can't be built (CI and release builds)

Whatever Cython reads or writes stands in a copy of the tree under `build/`, so that the
source tree holds no generated file.  The twin of `hamaproto.wire.mjpeg` is built from the
same files in a package of another name, so that one process can hold both.
"""

from __future__ import annotations

import os
import re
import runpy
import shutil
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

ROOT = Path(__file__).parent.resolve()
STAGE = Path("build") / "cython"

#: The package that is compiled a second time under another name, from the same files.
PURE, COMPILED = "hamaproto.wire.mjpeg", "hamaproto.wire._mjpeg"
#: Its modules that are compiled: each has a .pxd with the types of its .py or .pyx.  The others
#: serve both twins.
TWINS = sorted(path.stem for path in (ROOT / Path(*PURE.split("."))).glob("*.pxd"))

#: Compiled module -> C files linked into it.
MODULES: dict[str, list[str]] = {
    **{f"{COMPILED}.{name}": [] for name in TWINS},
    f"{COMPILED}.scans": ["hamaproto/wire/_mjpeg/kernel_scan.c"],
    "hamaproto.gsm._codec": [
        "hamaproto/gsm/kernel_gsm.c",
        "hamaproto/gsm/kernel_gsm_bank.c",
        "hamaproto/gsm/kernel_gsm_eight.c",
        "hamaproto/gsm/kernel_gsm_encode.c",
        "hamaproto/gsm/kernel_gsm_sixteen.c",
        "hamaproto/gsm/kernel_gsm_thirty_two.c",
    ],
}

#: Python's own flags ask for debug information, which is two thirds of a wheel, and those of
#: some distributions for -O2, with which the GSM kernels take a third longer.  What
#: HAMAPROTO_CFLAGS says comes behind this and wins: a build for a debugger says -g.
FLAGS = [] if sys.platform == "win32" else ["-g0", "-O3"]

MODE = os.environ.get("HAMAPROTO_BUILD", "try")
if MODE not in ("try", "skip", "require"):
    sys.exit(f"HAMAPROTO_BUILD={MODE!r}: allowed are try, skip, require")


def stage() -> dict[str, Path]:
    """Copy what Cython needs to the staging tree; module name -> its staged source."""
    shutil.rmtree(ROOT / STAGE, ignore_errors=True)
    (ROOT / STAGE).mkdir(parents=True)
    names = "|".join(TWINS)
    for folder, target in (
        ("hamaproto", "hamaproto"),
        ("hamaproto/wire", "hamaproto/wire"),
        ("hamaproto/wire/mjpeg", "hamaproto/wire/_mjpeg"),
        ("hamaproto/gsm", "hamaproto/gsm"),
    ):
        to = ROOT / STAGE / target
        to.mkdir()
        (to / "__init__.py").write_text("")
        for file in (ROOT / folder).iterdir():
            if file.name.startswith("kernel_"):
                shutil.copy2(file, to / file.name)
            elif file.suffix in (".pxd", ".pyx") or (
                # Where there is a .pyx, the .py is the same for who has no compiler.
                target != folder and file.stem in TWINS and not file.with_suffix(".pyx").exists()
            ):
                text = file.read_text(encoding="utf-8")
                text = re.sub(rf"\b{re.escape(PURE)}\.({names})\b", rf"{COMPILED}.\1", text)
                (to / file.name).write_text(text, encoding="utf-8")
    staged = {}
    for module in MODULES:
        source = STAGE / Path(*module.split("."))
        pyx = source.with_suffix(".pyx")
        staged[module] = pyx if (ROOT / pyx).exists() else source.with_suffix(".py")
    write_gsm_tables()
    return staged


def write_gsm_tables() -> None:
    """Give C the numbers of gsm/tables.py: each name in capitals, with `GSM_` before it.

    The rows of a table are filled up with 0 to the longest of them.
    """
    lines = ["/* Written by setup.py from gsm/tables.py. */", "#include <stdint.h>"]
    for name, value in runpy.run_path(str(ROOT / "hamaproto/gsm/tables.py")).items():
        if name.isupper() and isinstance(value, int):
            lines.append(f"enum {{ GSM_{name} = {value} }};")
        elif name.isupper():
            rows = value if isinstance(value[0], tuple) else (value,)
            width = max(map(len, rows))
            body = [
                "{" + ", ".join(map(str, (*row, *[0] * (width - len(row))))) + "}" for row in rows
            ]
            size = f"[{len(rows)}][{width}]" if rows is value else f"[{width}]"
            kind = "uint8_t" if isinstance(value, bytes) else "int16_t"
            text = "{" + ",\n".join(body) + "}" if rows is value else body[0]
            lines.append(f"static const {kind} GSM_{name}{size} = {text};")
    target = ROOT / STAGE / "hamaproto/gsm/kernel_gsm_tables.h"
    target.write_text("\n".join([*lines, ""]), encoding="utf-8")


def extensions() -> list[Extension]:
    if MODE == "skip":
        return []
    try:
        from Cython.Build import cythonize
    except ImportError:
        if MODE == "require":
            raise
        print("hamaproto: no Cython, so the package is pure Python", file=sys.stderr)
        return []
    staged = stage()
    modules = [
        Extension(
            module,
            [str(staged[module]), *(str(STAGE / c) for c in MODULES[module])],
            include_dirs=[str(STAGE / Path(*module.split(".")[:-1]))],
            extra_compile_args=[*FLAGS, *os.environ.get("HAMAPROTO_CFLAGS", "").split()],
            extra_link_args=os.environ.get("HAMAPROTO_LDFLAGS", "").split(),
        )
        for module in MODULES
    ]
    built: list[Extension] = cythonize(
        modules,
        include_path=[str(STAGE)],
        # The annotations are for readers and type checkers; C types stand in the .pxd files.
        # Methods that show `inspect` what those in Python do.
        compiler_directives={
            "language_level": 3,
            "annotation_typing": False,
            "binding": True,
            # Of those that do not bind: `inspect` finds their signatures in their docstrings.
            "embedsignature": True,
            "embedsignature.format": "clinic",
            # Each object guards itself (see wire/contract.py), and modules hold no state.
            "freethreading_compatible": True,
            # A copy of what points into C would be one too many.
            "auto_pickle": False,
        },
    )
    for extension in built:
        # cythonize() makes new Extension objects and loses the flag.
        extension.optional = MODE == "try"
    return built


class BuildExt(build_ext):
    def run(self) -> None:
        super().run()
        missing = [
            extension.name
            for extension in self.extensions
            if not Path(self.get_ext_fullpath(extension.name)).exists()
        ]
        if missing:
            print(
                f"hamaproto: could not compile {', '.join(missing)}: the package works in pure "
                "Python; HAMAPROTO_BUILD=require shows why",
                file=sys.stderr,
            )


class Sdist(sdist):
    """With the tests, what they read and the measurements: a distributor runs them too."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        more = [
            str(path.relative_to(ROOT))
            for folder in ("tests", "fixtures", "bench")
            for path in sorted((ROOT / folder).rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        ]
        super().make_release_tree(base_dir, [*files, "CHANGELOG.md", *more])


setup(ext_modules=extensions(), cmdclass={"build_ext": BuildExt, "sdist": Sdist})
