"""One browser and one gateway for all tests of the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bench.page import browsers
from bench.page import site as sites
from bench.page.site import Site

# Where there is no browser, the page is not tested, and the report says so.
playwright = pytest.importorskip(
    "playwright.sync_api", reason="the page is tested with playwright: pip install playwright"
)

pytest.importorskip(
    "axe_playwright_python", reason="and with axe: pip install axe-playwright-python"
)

NAMES = ("door", "garden")


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    if browsers.chromium_path() is None:
        pytest.skip("the page is tested with Chromium: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        started = browsers.launch(driver)
        yield started
        started.close()


@pytest.fixture(scope="package")
def site(browser: Any) -> Iterator[Site]:
    with sites.site(*NAMES) as served:
        yield served


def sign_in(page: Any, url: str, site: Site) -> None:
    page.goto(f"{url}/{site.token}")
    page.wait_for_url(f"{url}/")


@pytest.fixture(scope="package")
def context(browser: Any, site: Site) -> Iterator[Any]:
    """A browser that was signed in, by both names of the gateway."""
    made = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    made.set_default_timeout(10_000)
    # This page stays: when its last page is closed, Chromium may end and not say so.
    first = made.new_page()
    for url in (site.url, site.insecure):
        sign_in(first, url, site)
    first.goto("about:blank")
    yield made
    made.close()


class Pages:
    """Opens pages of the gateway, and keeps what their scripts complain of."""

    def __init__(self, context: Any, site: Site) -> None:
        self.context = context
        self.site = site
        self.complaints: list[str] = []
        self.pages: list[Any] = []

    def __call__(self, path: str = "/#/door", *, url: str | None = None) -> Any:
        page = self.context.new_page()
        self.pages.append(page)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._note)
        page.goto((url or self.site.url) + path)
        page.locator(".stage[data-state=live]").first.wait_for()
        return page

    def _note(self, line: Any) -> None:
        if line.type == "error" and not any(text in line.text for text in _EXPECTED):
            self.complaints.append(line.text)

    def close(self) -> None:
        while self.pages:
            self.pages.pop().close()


#: What a browser writes down that is no fault of the page: it tells of failed requests itself,
#: and the fields of the answers are the same wherever they are read.
_EXPECTED = ("Failed to load resource", "Cross-Origin-Opener-Policy")


@pytest.fixture
def open_page(context: Any, site: Site) -> Iterator[Pages]:
    """Opens a page; what its script complains of fails the test."""
    pages = Pages(context, site)
    yield pages
    pages.close()
    assert pages.complaints == []


@pytest.fixture(scope="package")
def _kept(context: Any, site: Site) -> Iterator[tuple[Pages, Any]]:
    pages = Pages(context, site)
    yield pages, pages()
    pages.close()


@pytest.fixture
def page(_kept: tuple[Pages, Any]) -> Iterator[Any]:
    """The page of the first camera, which all tests share that leave it as it was."""
    pages, page = _kept
    page.locator(".stage[data-state=live]").wait_for()
    yield page
    page.unroute_all()
    assert pages.complaints == []
