"""`codec` runs a test once for each twin of the codec, and each instruction set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from gsm_codecs import PURE, TWINS, compiled


@pytest.fixture(params=TWINS)
def codec(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "pure":
        yield PURE
        return
    assert compiled is not None
    name = request.param.removeprefix("compiled-")
    best = compiled.instruction_set()
    assert compiled.use_instruction_set(name) == name
    yield compiled
    compiled.use_instruction_set(best)
