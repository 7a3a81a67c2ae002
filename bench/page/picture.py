"""The picture of the page that the README shows."""

from __future__ import annotations

from pathlib import Path

from bench.page.browsers import launch
from bench.page.site import site
from hamaproto.camera import Pictures
from hamaproto.camera.panorama import draw_panorama

__all__ = ["MOST_BYTES", "draw"]

#: What a picture in the README may weigh.
MOST_BYTES = 150_000
#: Places that are kept: the name, and the arrows that lead there from the one before.
_PLACES = (("Gate", "Left", 5), ("Houses", "Right", 5), ("Hills", "Up", 1), ("Trees", "Right", 4))
_QUALITY = (88, 82, 76, 70, 60)


def draw(path: Path) -> None:
    """Turn a simulated camera about, keep some places, and write what is seen then as JPEG."""
    from playwright.sync_api import sync_playwright

    looks = {"pictures": Pictures(draw_panorama), "camera_id": None, "size": "640x480"}
    with sync_playwright() as playwright, site("garden", **looks) as here:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB")
        page.goto(f"{here.url}/{here.token}")
        page.wait_for_url(f"{here.url}/")
        page.locator(".stage[data-state=live]").wait_for()
        motors = here.cameras["garden"].state.motors
        page.get_by_role("radio", name="very fast").check()
        for name, arrow, times in _PLACES:
            for _ in range(times):
                before = motors.target
                page.get_by_role("button", name=arrow, exact=True).click()
                while motors.target == before:
                    page.wait_for_timeout(20)
            page.wait_for_timeout(1000)
            page.get_by_label("Name of this place").fill(name)
            page.get_by_role("button", name="Keep this place").click()
            page.get_by_text(f"{name} is stored.").wait_for()
        page.get_by_role("button", name="Go to Houses").click()
        page.get_by_role("button", name="Listen").click()
        page.get_by_role("button", name="Mute").wait_for()
        page.evaluate("scrollTo(0, 0)")
        page.wait_for_timeout(4000)
        path.parent.mkdir(parents=True, exist_ok=True)
        for quality in _QUALITY:
            image = page.screenshot(type="jpeg", quality=quality)
            if len(image) <= MOST_BYTES:
                break
        path.write_bytes(image)
        browser.close()
