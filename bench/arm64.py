"""The compiled twins on 64-bit ARM, by a machine that is none: built across, tested under qemu.

    python -m bench arm64 [--folder DIR] [PYTEST ARGUMENTS...]

Needs Debian's qemu-user-static, gcc-aarch64-linux-gnu and mmdebstrap.  The first run makes a
root of Debian's packages with Python 3.11 in `build/arm64` (or DIR) and downloads the wheels of
numpy, pytest and hypothesis for it; later ones use them again.  Then the extensions are built
from the C that Cython has written, and the tests of the kernels run: both banks, decoder and
encoder with each instruction set (portable and NEON), the scans of the MJPEG parser, the walk.

What else stands on the command line goes to pytest: options, or other tests in the place of
these.  It says that results are right, and nothing of speed: an emulator's is none.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from bench.own import ROOT

__all__ = ["main"]

SUITE, PYTHON, TAG = "bookworm", "python3.11", "cpython-311-aarch64-linux-gnu"
TOOLS = {
    "qemu-aarch64-static": "qemu-user-static",
    "aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu",
    "mmdebstrap": "mmdebstrap",
}
WHEELS = ("numpy", "pytest", "hypothesis")
TESTS = (
    "tests/gsm/test_bank.py",
    "tests/gsm/test_bank_encoder.py",
    "tests/gsm/test_codec.py",
    "tests/gsm/test_decoder.py",
    "tests/gsm/test_encoder.py",
    "tests/wire/mjpeg/test_scans.py",
    "tests/wire/mjpeg/test_walk.py",
)
#: The pure twins are the same everywhere; the other starts an interpreter, by a path that is no
#: program of this machine.
LEFT_OUT = ("pure", "an_hour_takes_no_more_memory")


def run(*command: str | Path, **more: str) -> int:
    return subprocess.run(command, check=False, env={**os.environ, **more}, cwd=ROOT).returncode


def make_root(folder: Path) -> Path:
    """A root with Python, its headers and what it links to; not one to log in to."""
    root = folder / "root"
    if not (root / "usr/bin" / PYTHON).exists():
        shutil.rmtree(root, ignore_errors=True)
        packages = f"{PYTHON},lib{PYTHON}-dev,libstdc++6"
        options = ("--arch=arm64", "--variant=extract", f"--include={packages}")
        if run("mmdebstrap", "--quiet", *options, SUITE, root):
            shutil.rmtree(root, ignore_errors=True)
            raise SystemExit("python -m bench arm64: mmdebstrap could not make the root")
    return root


def make_site(folder: Path) -> Path:
    """What the tests import, for ARM."""
    site, wheels = folder / "site", folder / "wheels"
    if not site.exists():
        wheels.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(wheels)]
        for name in ("manylinux2014_aarch64", "manylinux_2_28_aarch64", "any"):
            command += ["--platform", name]
        command += ["--python-version", "3.11", "--only-binary=:all:", *WHEELS]
        if run(*command):
            raise SystemExit("python -m bench arm64: the wheels could not be downloaded")
        for wheel in wheels.glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(site)
    return site


def build(folder: Path, root: Path) -> Path:
    """A copy of this tree with the extensions built for ARM."""
    tree = folder / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    for name in ("hamaproto", "tests", "fixtures", "bench"):
        ignore = shutil.ignore_patterns("*.so", "__pycache__")
        shutil.copytree(ROOT / name, tree / name, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tree)
    # Cython writes its C where setup.py says, as for this machine.
    os.environ["HAMAPROTO_BUILD"] = "require"
    os.chdir(ROOT)
    importlib.import_module("setuptools")  # with it comes a distutils
    run_setup = importlib.import_module("distutils.core").run_setup
    for extension in run_setup("setup.py", stop_after="init").ext_modules:
        target = tree / f"{extension.name.replace('.', '/')}.{TAG}.so"
        target.parent.mkdir(exist_ok=True)
        include = [f"-I{root}/usr/include/{PYTHON}", f"-idirafter{root}/usr/include"]
        include += [f"-I{name}" for name in extension.include_dirs]
        flags = ["-shared", "-fPIC", "-fwrapv", *extension.extra_compile_args]
        command = ["aarch64-linux-gnu-gcc", *flags, *include, *extension.sources]
        if run(*command, "-o", target):
            raise SystemExit(f"python -m bench arm64: {extension.name} was not built")
    return tree


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench arm64", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "arm64")
    options, arguments = parser.parse_known_args(argv)
    if platform.machine() == "aarch64":
        parser.error("this machine is one: run the tests themselves")
    missing = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
    if missing:
        parser.error(f"not installed: {', '.join(missing)} (apt-get install)")
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    root, site = make_root(folder), make_site(folder)
    tree = build(folder, root)
    if not any((ROOT / name.partition("::")[0]).exists() for name in arguments):
        without = " and ".join(f"not {name}" for name in LEFT_OUT)
        arguments = [*TESTS, "-k", without, *arguments]
    python = ["qemu-aarch64-static", "-L", str(root), str(root / "usr/bin" / PYTHON)]
    return subprocess.run(
        [*python, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        check=False,
        cwd=tree,
        env={
            **os.environ,
            "PYTHONPATH": str(site),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HAMAPROTO_REQUIRE_COMPILED": "1",
        },
    ).returncode
