"""The page for everybody: by keys alone, with a screen reader, on 360 pixels, in two languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browsing import until, violations

from bench.page.seen import VIEW
from bench.page.site import Site

Opened = Callable[..., Any]


@pytest.fixture
def narrow(browser: Any, site: Site) -> Iterator[Any]:
    """A telephone in Germany, in the dark."""
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, locale="de-DE", color_scheme="dark"
    )
    page = context.new_page()
    page.goto(f"{site.url}/{site.token}")
    page.wait_for_url(f"{site.url}/")
    page.goto(f"{site.url}/#/door")
    page.locator(".stage[data-state=live]").wait_for()
    page.locator(".rows select").first.wait_for()
    yield page
    context.close()


def test_axe_finds_nothing_on_either_view(open_page: Opened) -> None:
    page = open_page("/")
    assert violations(page) == []
    page.get_by_role("link", name="Open door").click()
    page.locator(".rows select").first.wait_for()
    for summary in page.locator("summary").all():
        summary.click()
    page.get_by_role("button", name="Listen").click()
    page.get_by_role("button", name="Mute").wait_for()
    assert violations(page) == []


def test_a_telephone_has_all_of_it_in_german_and_in_the_dark(narrow: Any) -> None:
    assert violations(narrow) == []
    assert narrow.evaluate("document.documentElement.scrollWidth") == 360
    assert narrow.evaluate("document.documentElement.lang") == "de"
    assert narrow.get_by_role("heading", name="Einstellungen").count() == 1
    # What a finger has to hit is 24 pixels high and wide at least (WCAG 2.5.8).
    small = narrow.evaluate(
        """() => [...document.querySelectorAll("button, select, input:not([type=radio]), a")]
          .filter((one) => one.checkVisibility())
          .map((one) => [one.outerHTML, one.getBoundingClientRect()])
          .filter(([, { width, height }]) => width < 24 || height < 24)
          .map(([html]) => html)"""
    )
    assert small == []
    narrow.get_by_label("Sprache").select_option("English")
    narrow.get_by_role("heading", name="Settings").wait_for()
    assert narrow.evaluate("document.documentElement.lang") == "en"
    narrow.reload()
    narrow.get_by_role("heading", name="Settings").wait_for()


def test_everything_is_done_by_keyboard_alone(open_page: Opened, site: Site) -> None:
    page = open_page()
    page.locator(".rows select").first.wait_for()
    state = site.cameras["door"].state
    ahead = state.motors.target[1]
    names = []
    describe = """() => {
      const one = document.activeElement;
      const style = getComputedStyle(one);
      const name = one.getAttribute("aria-label") ?? one.labels?.[0]?.innerText ?? one.innerText;
      return [name.trim(), style.outlineStyle !== "none" && style.outlineWidth !== "0px"];
    }"""
    for _ in range(60):
        page.keyboard.press("Tab")
        name, visible = page.evaluate(describe)
        if page.evaluate("document.activeElement === document.body"):
            break
        assert visible, f"the focus is on {name!r} and nobody sees it"
        names.append(name)
        match name:
            case "Listen":
                page.keyboard.press("Enter")
                until(
                    page, lambda: page.evaluate(f"async () => {VIEW}.toolbar.sound.state") == "on"
                )
                page.keyboard.press("Enter")
            case "Down":
                page.keyboard.press("Space")
                until(page, lambda: state.motors.target[1] == ahead - 10.0)
            case "Size":
                page.keyboard.press("ArrowUp")
                until(page, lambda: state.stored["Image.I0.Appearance.Resolution"] == "640x480")
                page.keyboard.press("ArrowDown")
                until(page, lambda: state.stored["Image.I0.Appearance.Resolution"] == "320x240")
            case "Numbers":
                page.keyboard.press("Enter")
                page.get_by_text("Pictures shown").wait_for()
    for name in ("All cameras", "Talk", "Snapshot", "Record", "Home", "Name of this place"):
        assert name in names
    for name in ("Keep this place", "Flip", "Loudspeaker of the camera", "Keys", "Language"):
        assert name in names
    assert any(name.startswith("Picture of door") for name in names)
