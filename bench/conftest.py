"""`python -m pytest bench`: the suites driven by pytest-benchmark, with all of its options.

python -m pytest bench -k "params or heads" --benchmark-autosave
python -m pytest bench --benchmark-compare --benchmark-columns=median,iqr
python -m pytest bench --benchmark-disable          runs each once, as the gate does
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.measure.lock import BusyMachineError, alone
from bench.run import WAIT


def pytest_configure(config: pytest.Config) -> None:
    if not config.pluginmanager.hasplugin("benchmark"):
        raise pytest.UsageError("bench needs pytest-benchmark: pip install -e '.[bench]'")


@pytest.fixture(scope="session", autouse=True)
def _alone(request: pytest.FixtureRequest) -> Iterator[None]:
    """What is measured here has the machine for itself; what is only run once need not."""
    if request.config.getoption("benchmark_disable"):
        yield
        return
    try:
        with alone(WAIT, "python -m pytest bench"):
            yield
    except BusyMachineError as error:
        pytest.exit(str(error), returncode=1)
