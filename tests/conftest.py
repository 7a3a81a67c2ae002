"""Fixtures that several test files share.

`twin` runs a test once for each twin: the pure-Python modules and the compiled ones, both
imported in this process.  A compiled twin that is missing skips its half, or fails it if
`HAMAPROTO_REQUIRE_COMPILED=1` says that there has to be one (CI says so).
"""

from __future__ import annotations

import importlib
import os
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, Phase, settings

from hamaproto._accel import PURE_REQUESTED

REQUIRED = os.environ.get("HAMAPROTO_REQUIRE_COMPILED", "0") not in ("", "0")

#: What a twin offers: name -> (module, attribute) for the pure and the compiled one.
CLASSES: dict[str, dict[str, tuple[str, str]]] = {
    "pure": {
        "MjpegParser": ("hamaproto.wire.multipart", "MjpegParser"),
    },
    "compiled": {
        "MjpegParser": ("hamaproto.wire._multipart", "MjpegParser"),
    },
}

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
    """The classes of one twin, imported when first asked for; `name` says which one."""

    def __getattr__(self, attribute: str) -> object:
        row = CLASSES[self.name].get(attribute)
        if row is None:
            raise AttributeError(attribute)
        try:
            value = getattr(importlib.import_module(row[0]), row[1])
        except ImportError:
            if self.name == "pure" or REQUIRED:
                raise
            pytest.skip(f"{row[0]} is not built")
        setattr(self, attribute, value)
        return value

    def __repr__(self) -> str:
        return f"<{self.name} twin>"


@pytest.fixture(scope="session", params=["pure", "compiled"])
def twin(request: pytest.FixtureRequest) -> Twin:
    if request.param == "compiled" and PURE_REQUESTED:
        pytest.skip("HAMAPROTO_PURE is set")
    return Twin(name=request.param)
