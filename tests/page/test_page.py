"""The page: pictures that move, sound, what is shown of a stall, and the files that it saves."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from browsing import until, violations

from bench.page.seen import VIEW, listen, watch
from bench.page.site import Site
from hamaproto.camera import PictureCode, read_code, read_stamp

Opened = Callable[..., Any]

#: Milliseconds: 95 of 100 pictures are on the canvas so soon after they came to the gateway.
AGE = 10.0
#: Seconds from the camera's making it until sound leaves the loudspeaker.
HEARD = 0.1


def quantile(numbers: list[float], share: float) -> float:
    return float(np.quantile(numbers, share, method="inverted_cdf"))


def test_pictures_move_in_their_order_and_are_fresh(page: Any) -> None:
    ages = []
    before = -1
    # Other work on the machine makes pictures late: one quiet second in four has to be found.
    for _ in range(4):
        shown = watch(page, 30)
        codes = [one.code for one in shown if one.code is not None]
        assert len(codes) == 30
        assert {code.camera for code in codes} == {0}
        numbers = [before, *(code.number for code in codes)]
        assert all(one < other for one, other in pairwise(numbers))
        before = numbers[-1]
        ages.append(quantile([one.age for one in shown], 0.95))
        if ages[-1] <= AGE:
            break
    assert min(ages) <= AGE, ages


def test_sound_is_heard_soon_where_a_page_is_in_no_secure_context(
    open_page: Opened, site: Site
) -> None:
    page = open_page(url=site.insecure)
    assert page.evaluate("isSecureContext") is False
    assert "https or as localhost" in page.locator(".tools").inner_text()
    assert page.get_by_role("button", name="Talk").count() == 0
    page.get_by_role("button", name="Listen").click()
    page.get_by_role("button", name="Mute").wait_for()
    epoch = site.cameras["door"].state.epoch
    delays: list[float] = []
    for _ in range(3):
        marks = listen(page, 2.1)
        delays += [at - epoch - mark.second for at, mark in marks]
        if delays and min(delays) <= HEARD:
            break
    assert delays, "no second of the time code was heard"
    assert 0 < min(delays) <= HEARD, delays
    page.get_by_role("button", name="Mute").click()
    assert page.evaluate(f"async () => {VIEW}.toolbar.sound.context") is None


#: The brightest of the lower half of the canvas, below whatever is written on it.
_BRIGHTEST = f"""async () => {{
  const {{ canvas, context }} = {VIEW}.stage.picture;
  const {{ width, height }} = canvas;
  return context.getImageData(0, height * 0.6, width, height * 0.4).data
    .reduce((most, value, at) => (at % 4 === 3 ? most : Math.max(most, value)), 0);
}}"""


def test_a_stall_is_drawn_over_the_picture_and_its_end_is_told(page: Any, site: Site) -> None:
    stage, veil = page.locator(".stage"), page.locator(".veil-title")
    assert not veil.is_visible()
    # As while a film is made of the canvas.
    page.evaluate(f"async () => {{ {VIEW}.stage.picture.needed = true; }}")
    bright = page.evaluate(_BRIGHTEST)
    with site.cameras["door"].stalled():
        page.locator(".stage[data-state=stalled]").wait_for()
        assert re.fullmatch(r"No picture for [2-4] s, trying again", veil.inner_text())
        assert page.locator(".badge").inner_text() == ""
        assert "No picture" in page.locator(".unseen").inner_text()
        assert violations(page) == []
        assert 0 < page.evaluate(_BRIGHTEST) < bright * 0.5
        assert "grayscale" in stage.locator("canvas").evaluate(
            "one => getComputedStyle(one).filter"
        )
    page.locator(".stage[data-state=live]").wait_for()
    assert page.locator(".unseen").inner_text() == "The picture is live."
    page.evaluate(f"async () => {{ {VIEW}.stage.picture.needed = false; }}")
    assert len(watch(page, 3)) == 3


def test_a_restart_of_the_camera_is_shown_and_survived(page: Any, site: Site) -> None:
    [before] = watch(page, 1)
    site.cameras["door"].reboot(0.5)
    page.locator(".stage:not([data-state=live])").wait_for()
    assert page.locator(".veil-title").inner_text() != ""
    page.locator(".stage[data-state=live]").wait_for()
    [after] = watch(page, 1)
    assert before.code is not None
    assert after.code is not None
    assert after.code.time > before.code.time


def test_a_snapshot_is_what_the_camera_sent(page: Any) -> None:
    with page.expect_download() as saved:
        page.get_by_role("button", name="Snapshot").click()
    assert re.fullmatch(r"door [\d-]{10} [\d.]{8}\.jpg", saved.value.suggested_filename)
    image = Path(saved.value.path()).read_bytes()
    stamp = read_stamp(image)
    assert stamp is not None
    code = read_code(_gray(image))
    assert code is not None
    assert code.number == stamp.number


def test_a_film_has_the_pictures_and_the_sound(page: Any) -> None:
    page.get_by_role("button", name="Listen").click()
    page.get_by_role("button", name="Mute").wait_for()
    page.get_by_role("button", name="Record").click()
    watch(page, 25)
    with page.expect_download() as saved:
        page.get_by_role("button", name="Stop").click()
    with av.open(str(saved.value.path())) as film:
        assert {stream.type for stream in film.streams} == {"video", "audio"}
        codes = [
            read_code(frame.to_ndarray(format="gray")[:240, :320]) for frame in film.decode(video=0)
        ]
    numbers = [code.number for code in codes if code is not None]
    assert len(set(numbers)) >= 10
    assert numbers == sorted(numbers)
    assert "Saved door" in page.locator(".tools .status").inner_text()
    page.get_by_role("button", name="Mute").click()


def test_who_talks_is_heard_at_the_camera(page: Any, site: Site) -> None:
    state = site.cameras["door"].state
    before = state.talk_frames
    page.get_by_role("button", name="Talk").click()
    page.get_by_text("You are heard at the camera.").wait_for()
    # Half a second of the browser's fake microphone.
    until(page, lambda: state.talk_frames - before >= 25)
    page.get_by_role("button", name="Stop talking").click()
    page.get_by_role("button", name="Talk", exact=True).wait_for()
    assert page.evaluate(f"async () => {VIEW}.toolbar.talk.sent") >= 25 * 160


def test_a_grid_shows_all_cameras_and_leaves_no_connection_behind(open_page: Opened) -> None:
    page = open_page("/")
    tiles = page.locator(".grid .stage[data-state=live]")
    tiles.nth(1).wait_for()
    sockets: list[Any] = []
    page.on("websocket", lambda socket: sockets.append(socket))
    page.get_by_role("link", name="Open garden").click()
    page.locator(".camera .stage[data-state=live]").wait_for()
    assert {one.code.camera for one in watch(page, 3) if one.code is not None} == {1}
    page.get_by_role("link", name="All cameras").click()
    tiles.nth(1).wait_for()
    [garden, *_] = sockets
    assert garden.url.endswith("/c/garden/frames")
    assert garden.is_closed()


def test_a_page_that_is_hidden_for_long_lets_go_and_comes_back(
    browser: Any, context: Any, site: Site
) -> None:
    # The clock of a page is that of all pages of its context.
    own = browser.new_context(storage_state=context.storage_state())
    page = own.new_page()
    page.goto(f"{site.url}/#/door")
    page.locator(".stage[data-state=live]").wait_for()
    page.clock.install()
    hide = """(hidden) => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    state = f"async () => {VIEW}.stage.picture.line.state"
    page.evaluate(hide, True)
    page.clock.fast_forward(29_000)
    assert page.evaluate(state) in ("open", "opening", "waiting")
    page.clock.fast_forward(2_000)
    assert page.evaluate(state) == "asleep"
    assert page.locator(".stage").get_attribute("data-state") != "live"
    page.evaluate(hide, False)
    page.locator(".stage[data-state=live]").wait_for()
    own.close()


def test_a_page_that_is_signed_out_says_so(browser: Any, context: Any, site: Site) -> None:
    own = browser.new_context(storage_state=context.storage_state())
    page = own.new_page()
    page.goto(f"{site.url}/#/door")
    page.locator(".stage[data-state=live]").wait_for()
    own.clear_cookies()
    page.evaluate(f"async () => {VIEW}.stage.picture.line.failed()")
    page.locator(".stage[data-state=signIn]").wait_for()
    assert page.locator(".veil-title").inner_text() == "This page needs its link"
    own.close()


def test_a_gateway_that_is_away_is_told_and_asked_again(open_page: Opened, context: Any) -> None:
    held: list[Any] = []
    context.route_web_socket(re.compile("/c/garden/frames"), lambda line: _pass_on(line, held))
    page = open_page("/#/garden")
    held[0].close()
    page.locator(".stage[data-state=away]").wait_for()
    assert page.locator(".veil-title").inner_text() == "The gateway doesn't answer"
    page.locator(".stage[data-state=live]").wait_for()
    assert len(held) == 2


def _pass_on(line: Any, held: list[Any]) -> None:
    line.connect_to_server()
    held.append(line)


def test_without_a_script_there_are_pictures(browser: Any, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}/{site.token}", wait_until="commit")
    image = page.locator("img").first
    image.wait_for()
    assert image.get_attribute("src") == "/c/door/stream.mjpg"
    codes: list[PictureCode | None] = []
    until(page, lambda: codes.append(read_code(_gray(image.screenshot()))) or codes[-1] is not None)
    context.close()


def _gray(image: bytes) -> np.ndarray[Any, Any]:
    with av.open(io.BytesIO(image)) as file:
        return next(file.decode(video=0)).to_ndarray(format="gray")


def test_nothing_on_the_page_makes_addresses_of_pictures(open_page: Opened) -> None:
    """Object URLs would leak, and an image that is hidden never closes its stream."""
    page = open_page("/")
    page.evaluate("() => { URL.createObjectURL = () => { throw new Error('an object URL'); }; }")
    shown = f"async () => ({VIEW}.stage ?? [...{VIEW}.stages.values()][0]).picture.shown"
    until(page, lambda: page.evaluate(shown) > 5)
    page.get_by_role("link", name="Open door").click()
    page.locator(".camera .stage[data-state=live]").wait_for()
    until(page, lambda: page.evaluate(shown) > 5)
    assert page.locator("img").count() == 0
