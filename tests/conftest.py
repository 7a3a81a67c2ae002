"""Fixtures that several test files share.

`twin` runs a test once for each twin: the pure-Python modules and the compiled ones, both
imported into this process.  A compiled twin that is missing skips its half, or fails it if
`HAMAPROTO_REQUIRE_COMPILED=1` says that there has to be one (CI says so).
"""

from __future__ import annotations

import importlib
import os
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from hamaproto._accel import PURE_REQUESTED

REQUIRED = os.environ.get("HAMAPROTO_REQUIRE_COMPILED", "0") not in ("", "0")

#: The package of each twin.
PACKAGES = {"pure": "hamaproto.wire.mjpeg", "compiled": "hamaproto.wire._mjpeg"}

settings.register_profile(
    "hamaproto",
    deadline=None,  # other work on the machine must not fail a test
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,  # `twin` holds no state
    ],
)
# For `python -m bench mutants`, which asks only whether there is a failure.
settings.register_profile(
    "noticing",
    settings.get_profile("hamaproto"),
    phases=[Phase.explicit, Phase.generate],
    database=None,
)
settings.load_profile("hamaproto")


class Twin(SimpleNamespace):
    """The modules of one twin, imported when first asked for; `name` says which one."""

    def module(self, name: str) -> Any:
        """Its module of this name, such as `scans`."""
        try:
            return importlib.import_module(f"{PACKAGES[self.name]}.{name}")
        except ImportError:
            if self.name == "pure" or REQUIRED:
                raise
            pytest.skip(f"{PACKAGES[self.name]}.{name} is not built")

    @property
    def MjpegParser(self) -> Any:
        return self.module("parser").MjpegParser

    def __repr__(self) -> str:
        return f"<{self.name} twin>"


@pytest.fixture(scope="session", params=["pure", "compiled"])
def twin(request: pytest.FixtureRequest) -> Twin:
    if request.param == "compiled" and PURE_REQUESTED:
        pytest.skip("HAMAPROTO_PURE is set")
    return Twin(name=request.param)
