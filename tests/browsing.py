"""What tests of the page wait for, and what axe says of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["until", "violations"]


def until(page: Page, true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Let the page go on until that is so; fails if it does not become so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"it was not so within {seconds} s"
        page.wait_for_timeout(20)


def violations(page: Page) -> list[str]:
    """What axe has against the page as it is: the rule and the element."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]
