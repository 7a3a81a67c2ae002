"""The page's controls, by real clicks and keys: each changes the camera, and tells what it has."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from browsing import until

from bench.page.site import Site
from hamaproto.camera import CameraState
from hamaproto.camera.state import Preset

#: As the page writes sizes.
TIMES = "\N{MULTIPLICATION SIGN}"
Opened = Callable[..., Any]


def answering(answer: Any) -> Callable[[Any], None]:
    """Answers a request of the page in the gateway's place."""
    return lambda route: route.fulfill(json=answer)


def door(site: Site) -> CameraState:
    """The camera, looking straight ahead."""
    camera = site.cameras["door"]
    camera.call(lambda state: state.motors.go_to(0.0, 0.0, camera.now))
    return camera.state


def test_an_arrow_is_one_step_and_a_held_one_goes_on(page: Any, site: Site) -> None:
    state = door(site)
    page.get_by_role("button", name="Right", exact=True).click()
    until(page, lambda: state.motors.target == (10.0, 0.0))
    page.get_by_role("button", name="Up and left").click()
    until(page, lambda: state.motors.target == (0.0, 10.0))
    page.get_by_role("button", name="Down", exact=True).hover()
    page.mouse.down()
    until(page, lambda: state.motors.target[1] <= -10.0)
    # The release counts wherever the pointer is by then.
    page.mouse.move(5, 5)
    page.mouse.up()
    page.get_by_role("button", name="Home").click()
    until(page, lambda: state.motors.target == (0.0, 0.0))
    page.wait_for_timeout(300)
    assert state.motors.target == (0.0, 0.0)


def test_keys_turn_it_while_the_picture_has_the_focus(page: Any, site: Site) -> None:
    state = door(site)
    page.locator(".stage").focus()
    page.keyboard.press("ArrowLeft")
    until(page, lambda: state.motors.target == (-10.0, 0.0))
    page.keyboard.down("ArrowRight")
    page.keyboard.down("ArrowUp")
    # Right at once, and then both until they are let go of.
    until(page, lambda: state.motors.target[1] >= 20.0)
    page.keyboard.up("ArrowUp")
    page.keyboard.up("ArrowRight")
    assert state.motors.target[0] >= 10.0
    page.keyboard.press("Home")
    until(page, lambda: state.motors.target == (0.0, 0.0))
    page.get_by_label("Name of this place").press("ArrowLeft")
    page.wait_for_timeout(200)
    assert state.motors.target == (0.0, 0.0)


def test_one_movement_is_under_way_and_the_newest_wins(page: Any) -> None:
    asked: list[Any] = []
    page.route("**/api/c/door/move", lambda route: asked.append(route))
    for name in ("Left", "Up", "Down", "Right"):
        page.get_by_role("button", name=name, exact=True).click()
    until(page, lambda: len(asked) == 1)
    assert asked[0].request.post_data_json["direction"] == "left"
    asked[0].fulfill(json={"done": True})
    until(page, lambda: len(asked) == 2)
    assert asked[1].request.post_data_json["direction"] == "right"
    asked[1].fulfill(status=503, json={"error": "the camera is away"})
    text = page.get_by_text("It did not turn: the camera can't be reached: the camera is away")
    text.wait_for()
    assert len(asked) == 2


def test_each_setting_is_set_and_read_back(page: Any, site: Site) -> None:
    state = door(site)

    def told(name: str) -> str:
        result = page.locator(f"[data-setting={name}] .result")
        until(page, lambda: result.inner_text() not in ("", "asking …"))
        return str(result.inner_text()).removeprefix("✓ ")

    page.get_by_label("Size").select_option(f"640 {TIMES} 480")
    assert told("resolution") == "stored"
    assert state.stored["Image.I0.Appearance.Resolution"] == "640x480"
    until(page, lambda: page.locator("canvas").get_attribute("width") == "640")
    page.get_by_label("Size").select_option(f"320 {TIMES} 240")
    page.get_by_label("Pictures a second", exact=True).select_option("10")
    assert told("rate") == "stored"
    assert state.stored["Image.I0.Stream.FPS"] == "10"
    page.get_by_label("Compression").select_option("4 (smallest)")
    assert told("compression") == "stored"
    assert state.stored["Image.I0.Appearance.Compression"] == "4"
    page.get_by_label("Flip").select_option("mirrored")
    assert told("flip") == "sent; the camera does not tell what it stored"
    assert state.stored["flip_mode"] == "2"
    page.get_by_label("Microphone of the camera").fill("80")
    assert told("microphone") == "stored"
    assert state.stored["Audio.volume"] == "80"
    page.get_by_label("Loudspeaker of the camera").fill("20")
    told("speaker")
    assert state.stored["output_volume"] == "20"
    page.get_by_role("radio", name="very fast").check()
    until(page, lambda: state.motors.speed == 1)
    assert state.stored["pt_speed"] == "1"


def test_settings_that_could_not_be_read_can_be_asked_for_again(
    open_page: Opened, context: Any
) -> None:
    busy = {"error": "the camera is busy"}
    path = "**/api/c/garden/settings"
    context.route(path, lambda route: route.fulfill(status=503, json=busy))
    page = open_page("/#/garden")
    page.get_by_text("The settings can't be read").wait_for()
    context.unroute(path)
    page.get_by_role("button", name="Try again").click()
    page.get_by_label("Size").wait_for()
    assert page.get_by_text("The settings can't be read").count() == 0


def test_what_the_camera_stored_instead_is_shown(page: Any) -> None:
    answer = {"settings": {"compression": {"wanted": 1, "stored": 4, "confirmed": False}}}
    page.route(
        "**/settings",
        answering(answer),
    )
    page.get_by_label("Compression").select_option("1")
    page.get_by_text("the camera stored 4 (smallest) instead").wait_for()
    assert page.get_by_label("Compression").locator("option:checked").inner_text() == "4 (smallest)"


def test_places_are_kept_gone_to_and_forgotten(page: Any, site: Site) -> None:
    state = door(site)
    page.get_by_role("button", name="Right", exact=True).click()
    until(page, lambda: state.motors.target == (10.0, 0.0))
    page.get_by_label("Name of this place").fill("Müllers Haus")
    page.keyboard.press("Enter")
    page.get_by_text("Muellers Haus is stored.").wait_for()
    assert state.presets[0] == Preset("Muellers_Haus", 10.0, 0.0)
    assert page.get_by_label("Number").input_value() == "1"
    thumbnail = page.locator(".thumb img")
    thumbnail.wait_for()
    assert thumbnail.evaluate("(image) => image.naturalWidth") > 0
    page.get_by_role("button", name="Home").click()
    until(page, lambda: state.motors.target == (0.0, 0.0))
    page.get_by_role("button", name="Go to Muellers Haus").click()
    until(page, lambda: state.motors.target == (10.0, 0.0))
    page.get_by_role("button", name="Home").click()
    until(page, lambda: state.motors.target == (0.0, 0.0))
    page.locator(".stage").focus()
    page.keyboard.press("1")
    until(page, lambda: state.motors.target == (10.0, 0.0))
    forget = page.get_by_role("button", name="Forget Muellers Haus")
    forget.click()
    page.get_by_text("Press again").wait_for()
    assert state.presets
    forget.click()
    page.get_by_text("Muellers Haus is forgotten.").wait_for()
    assert not state.presets


def test_what_the_camera_says_is_text(open_page: Opened, context: Any) -> None:
    hostile = "<img src=x onerror=alert(1)><b>"
    place = {"number": 3, "name": hostile, "thumbnail": False}
    setting = {"value": hostile, "choices": [hostile], "range": None, "writable": True}
    told = {
        "**/api/c/garden": {"name": "garden", "model": hostile, "firmware": hostile},
        "**/api/c/garden/presets": {"presets": [place]},
        "**/api/c/garden/settings": {"settings": {hostile: setting, "flip": setting}},
    }
    for path, answer in told.items():
        context.route(path, answering(answer))
    page = open_page("/#/garden")
    page.locator(".rows select").first.wait_for()
    page.locator(".place-name").wait_for()
    until(page, lambda: page.locator(".model").inner_text() != "")
    text = page.locator("body").inner_text()
    assert text.count(hostile) >= 4
    assert page.locator("b").count() == 0
    assert page.locator("img").count() == 0
    for path in told:
        context.unroute(path)


def test_figures_are_shown_on_demand(page: Any) -> None:
    assert not page.locator(".numbers").is_visible()
    page.locator("summary", has_text="Numbers").click()
    page.get_by_text("From the gateway to the screen").wait_for()
    figures = page.locator(".numbers")
    until(page, lambda: re.search(r"Viewers\n[1-9]", figures.inner_text()) is not None)
    assert re.search(r"\d+ ms, 95 % within \d+ ms", figures.inner_text())
    assert f"Size\n320 {TIMES} 240" in figures.inner_text()
    page.locator("summary", has_text="Numbers").click()


def test_a_key_fills_the_screen_with_the_picture(page: Any) -> None:
    page.locator(".stage").focus()
    page.keyboard.press("f")
    canvas = page.locator("canvas")
    height = "() => [document.fullscreenElement !== null, innerHeight]"
    until(page, lambda: page.evaluate(height)[0])
    until(page, lambda: canvas.bounding_box()["height"] == page.evaluate(height)[1])
    page.keyboard.press("f")
    until(page, lambda: not page.evaluate(height)[0])
