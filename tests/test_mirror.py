"""Each module of the package has test files of its own, where it is; `bench.own` says which.

So who changes a module knows what to run, and what a module's own tests reach and notice can
be measured (`python -m bench coverage`, `python -m bench mutants`).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bench.own import ALSO, ELSEWHERE, ROOT, TESTS, by_name, modules, own_tests

#: Test files below the top that belong to no module.
OVER_SEVERAL = {
    # Whole captures, beside other programs and against who wants to harm.
    "captures/test_hostile.py",
    "captures/test_other_readers.py",
    "cli/test_json.py",  # an option of many commands
    "commands/test_commands.py",  # what the package hands on
    # The page of the gateway, which is no Python, in a browser.
    "page/test_page.py",
    "page/test_page_access.py",
    "page/test_page_controls.py",
    "page/test_page_parts.py",
    # All parts of the MJPEG parser together, on many streams; each part has tests of its own.
    "wire/mjpeg/test_damage.py",
    "wire/mjpeg/test_quirks.py",
    "wire/mjpeg/test_recordings.py",
    "wire/mjpeg/test_recovery.py",
}


@pytest.mark.parametrize("module", modules())
def test_each_module_has_tests_of_its_own(module: str) -> None:
    files = own_tests(module)
    assert files, f"hamaproto/{module}.py has no test file tests/{Path(module).parent}/test_..."
    for path in files:
        assert path.is_file(), f"{module}: {path} is gone"


def test_the_exceptions_are_exceptions() -> None:
    for module, elsewhere in ELSEWHERE.items():
        assert module in modules(), f"{module} is gone"
        assert not by_name(module), f"{module} has a test file of its name: no exception any more"
        assert len(elsewhere.reason.split()) >= 4, f"{module}: why has it no test file?"
    for module, files in ALSO.items():
        assert module in modules(), f"{module} is gone"
        assert not Counter(own_tests(module)) - Counter(set(own_tests(module))), files


def test_each_test_file_in_a_folder_belongs_to_a_module() -> None:
    """At the top there may be others: those over the whole."""
    owned = {path for module in modules() for path in own_tests(module)}
    for path in sorted(set(TESTS.glob("*/**/test_*.py")) - owned):
        name = path.relative_to(TESTS).as_posix()
        if name.startswith("bench/"):
            # The measurements are no part of the package, and stand beside it.
            subject = (ROOT / name).with_name(path.name.removeprefix("test_"))
            assert subject.is_file(), f"tests/{name} is of no module: {subject} is gone"
            continue
        assert name in OVER_SEVERAL, f"tests/{name} is of no module: see bench/own.py"
