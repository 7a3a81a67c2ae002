"""What the page has to do in every browser, and whether it did."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from bench.page.browsers import BROWSERS, Tab
from bench.page.seen import VIEW, listen, watch
from bench.page.site import Site, site

__all__ = ["tried"]

#: Milliseconds from the gateway to the canvas, of 95 in 100 pictures.
AGE = 10.0
#: Seconds from the camera to the loudspeaker.
HEARD = 0.1
_PATIENCE = 15.0
_WINDOWS = 6
_WINDOW = 50
#: Seconds that a browser may draw the rest of the page first.
_SETTLED = 2.0

_ADDRESS = "async () => location.href"
_STATE = "async () => document.querySelector('.camera .stage')?.dataset.state ?? ''"
_TITLE = "async () => document.querySelector('.veil-title').innerText"
_MARGIN = f"async () => {VIEW}.toolbar.sound.player.delay"
_LISTEN = ".tool-row button:first-child"
#: A row of the report: what was looked at, what was found, and whether it is as it has to be.
Row = tuple[str, str, bool]


def tried(name: str) -> bool:
    """Whether all went well in that browser; a line for each thing is printed."""
    start, needs = BROWSERS[name]
    good = True
    try:
        with site("door", "garden") as served, start() as tab:
            # Without a graphics processor WebKit draws no more.
            served.cameras["door"].set("Image.I0.Stream.FPS", 10)
            for about, found, right in _rows(tab, served):
                print(f"{name:9} {about:42} {found}{'' if right else '   NOT AS IT HAS TO BE'}")
                good = good and right
    except (ImportError, FileNotFoundError) as error:
        print(f"{name:9} is not there ({error}): {needs}")
        return False
    return good


def _until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return False


def _address(tab: Tab) -> str | None:
    """Where it is; None on the way from one page to another, where each driver fails in its way."""
    try:
        return str(tab.evaluate(_ADDRESS))
    except Exception:
        return None


def _rows(tab: Tab, served: Site) -> Iterator[Row]:
    tab.goto(f"{served.url}/{served.token}")
    _until(lambda: _address(tab) == f"{served.url}/")
    tab.goto(f"{served.url}/#/door")
    live = _until(lambda: tab.evaluate(_STATE) == "live")
    yield "the page is live", tab.evaluate("async () => navigator.userAgent")[-40:], live
    time.sleep(_SETTLED)
    yield _pictures(tab)
    yield from _sound(tab, served)
    yield from _steering(tab, served)
    yield from _troubles(tab, served)


def _pictures(tab: Tab) -> Row:
    best, right, lost, seen = (np.inf, np.inf), True, 0, 0
    # Other work on the machine makes pictures late: a quiet while has to be found.
    for _ in range(_WINDOWS):
        shown = watch(tab, _WINDOW)
        numbers = [one.code.number for one in shown if one.code is not None]
        right = right and len(numbers) == len(shown) and all(a < b for a, b in pairwise(numbers))
        lost += numbers[-1] - numbers[0] + 1 - len(numbers) if numbers else _WINDOW
        seen += len(shown)
        p95, p50 = (float(np.quantile([one.age for one in shown], q)) for q in (0.95, 0.5))
        best = min(best, (p95, p50))
        if p95 <= AGE:
            break
    found = f"age {best[1]:.1f} ms, p95 {best[0]:.1f} ms; {lost} of {seen} left out"
    return "pictures, fresh and in their order", found, right and best[0] <= AGE


def _sound(tab: Tab, served: Site) -> Iterator[Row]:
    tab.click(_LISTEN)
    playing = f"async () => {VIEW}.toolbar.sound.state"
    if not _until(lambda: tab.evaluate(playing) == "on"):
        yield "sound", f"is {tab.evaluate(playing)}", False
        return
    time.sleep(3)
    epoch = served.cameras["door"].state.epoch
    delays = [at - epoch - mark.second for at, mark in listen(tab, 5.0)]
    if delays:
        found = f"{np.median(delays) * 1000:.0f} ms from the camera, {len(delays)} marks"
    else:
        found = "no mark was heard"
    own = tab.evaluate(_MARGIN)
    right = bool(delays) and 0 < float(np.median(delays)) <= HEARD
    yield "sound, from the camera to the ear", f"{found}; the page says {own:.0f} ms", right
    tab.click(_LISTEN)


def _steering(tab: Tab, served: Site) -> Iterator[Row]:
    motors = served.cameras["door"].state.motors
    tab.click(".arrow:nth-child(6)")
    turned = _until(lambda: motors.target == (10.0, 0.0))
    yield "a click on an arrow turns the camera", str(motors.target), turned
    tab.click(".stage")
    tab.press("ArrowLeft")
    turned = _until(lambda: motors.target == (0.0, 0.0))
    yield "so does a key", str(motors.target), turned


def _troubles(tab: Tab, served: Site) -> Iterator[Row]:
    camera = served.cameras["door"]
    with camera.stalled():
        shown = _until(lambda: tab.evaluate(_STATE) == "stalled")
        yield "a stall is drawn over the picture", tab.evaluate(_TITLE), shown
    back = _until(lambda: tab.evaluate(_STATE) == "live")
    yield "and its end is seen", tab.evaluate(_STATE), back
    camera.reboot(2.0)
    shown = _until(lambda: tab.evaluate(_STATE) not in ("live", ""))
    yield "a restart of the camera is shown", tab.evaluate(_TITLE), shown
    back = _until(lambda: tab.evaluate(_STATE) == "live")
    yield "and survived", tab.evaluate(_STATE), back
