"""Three browsers that do what they are told: Chromium by playwright, the others by their protocols.

Firefox speaks WebDriver BiDi by itself, and WebKitGTK has WebKitWebDriver; neither needs a
browser to be downloaded.  `Tab` is what all three can do.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from bench.page.site import INSECURE

__all__ = ["BROWSERS", "Tab", "chromium", "chromium_path", "firefox", "launch", "webkit"]

#: Seconds that a browser may take to start, and to answer.
_START = 30.0
_ANSWER = 60.0
#: How WebDriver writes the keys that have no letter.
_KEYS = {"ArrowLeft": "\ue012", "ArrowRight": "\ue014", "Home": "\ue011"}
_MINI_BROWSERS = "/usr/lib/*/webkit2gtk-4.*/MiniBrowser"

_CENTRE = """async (selector) => {
  const one = document.querySelector(selector);
  one.scrollIntoView({ block: "center" });
  const { x, y, width, height } = one.getBoundingClientRect();
  return [Math.round(x + width / 2), Math.round(y + height / 2)];
}"""


class Tab(Protocol):
    """A page in a browser."""

    def goto(self, url: str) -> object:
        """Open an address."""

    def evaluate(self, function: str, argument: Any = None) -> Any:
        """What an async function of the page gives, as JSON has it."""

    def click(self, selector: str) -> object:
        """Press the pointer's button where that element is."""

    def press(self, key: str) -> object:
        """Press a key and let go of it."""


# -- Chromium


def chromium_path() -> str | None:
    """The browser that is there; `HAMAPROTO_CHROMIUM` names another one."""
    named = os.environ.get("HAMAPROTO_CHROMIUM")
    return named or shutil.which("chromium") or shutil.which("google-chrome")


def launch(playwright: Any) -> Any:
    """Chromium, by playwright's synchronous interface."""
    return playwright.chromium.launch(
        executable_path=chromium_path(),
        args=[
            "--no-sandbox",  # as root, in a container
            "--disable-gpu",
            f"--host-resolver-rules=MAP {INSECURE} 127.0.0.1",
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
        ],
    )


class _Chromium:
    def __init__(self, page: Any) -> None:
        self._page = page

    def goto(self, url: str) -> None:
        self._page.goto(url)

    def evaluate(self, function: str, argument: Any = None) -> Any:
        return self._page.evaluate(function, argument)

    def click(self, selector: str) -> None:
        self._page.locator(selector).click()

    def press(self, key: str) -> None:
        self._page.keyboard.press(key)


@contextlib.contextmanager
def chromium() -> Iterator[Tab]:
    """Debian's Chromium without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield _Chromium(browser.new_page(viewport={"width": 1280, "height": 800}))
        browser.close()


# -- Firefox

_PREFERENCES = {
    "network.dns.localDomains": INSECURE,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "remote.active-protocols": 1,
}


class _Firefox:
    """WebDriver BiDi over one WebSocket."""

    def __init__(self, address: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._number = 0
        self._session, self._socket = self._loop.run_until_complete(self._connect(address))
        self._ask("session.new", capabilities={})
        [context, *_] = self._ask("browsingContext.getTree")["contexts"]
        self._context = context["context"]

    @staticmethod
    async def _connect(address: str) -> tuple[Any, Any]:
        session = aiohttp.ClientSession()
        return session, await session.ws_connect(f"{address}/session", max_msg_size=0)

    def close(self) -> None:
        self._loop.run_until_complete(self._session.close())
        self._loop.close()

    def _ask(self, method: str, **parameters: Any) -> Any:
        return self._loop.run_until_complete(self._answer(method, parameters))

    async def _answer(self, method: str, parameters: dict[str, Any]) -> Any:
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            answer = await self._socket.receive_json(timeout=_ANSWER)
            if answer.get("id") == self._number:
                break
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['message']}")
        return answer["result"]

    def goto(self, url: str) -> None:
        self._ask("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def evaluate(self, function: str, argument: Any = None) -> Any:
        call = f"(async () => JSON.stringify(await ({function})({json.dumps(argument)})))()"
        found = self._ask(
            "script.evaluate",
            expression=call,
            target={"context": self._context},
            awaitPromise=True,
        )
        if found["type"] == "exception":
            raise RuntimeError(found["exceptionDetails"]["text"])
        return json.loads(found["result"].get("value", "null"))

    def _act(self, kind: str, actions: list[dict[str, Any]]) -> None:
        source = {"type": kind, "id": kind, "actions": actions}
        self._ask("input.performActions", context=self._context, actions=[source])

    def click(self, selector: str) -> None:
        self._act("pointer", _clicked(*self.evaluate(_CENTRE, selector)))

    def press(self, key: str) -> None:
        self._act("key", _pressed(key))


def _clicked(x: int, y: int) -> list[dict[str, Any]]:
    return [
        {"type": "pointerMove", "x": x, "y": y},
        {"type": "pointerDown", "button": 0},
        {"type": "pointerUp", "button": 0},
    ]


def _pressed(key: str) -> list[dict[str, Any]]:
    value = _KEYS.get(key, key)
    return [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]


@contextlib.contextmanager
def firefox() -> Iterator[Tab]:
    """Debian's Firefox ESR without a window."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in _PREFERENCES.items()]
        Path(folder, "user.js").write_text("\n".join(lines), encoding="utf-8")
        program = subprocess.Popen(
            [
                *(shutil.which("firefox-esr") or "firefox", "--headless", "--no-remote"),
                *("--profile", folder, "--remote-debugging-port", "0", "about:blank"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "MOZ_HEADLESS_WIDTH": "1280", "MOZ_HEADLESS_HEIGHT": "900"},
        )
        stack.callback(program.communicate)
        stack.callback(program.terminate)
        assert program.stderr is not None
        for line in program.stderr:
            if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", line):
                break
        else:
            raise RuntimeError("Firefox has ended without listening")
        tab = _Firefox(found[1])
        stack.callback(tab.close)
        yield tab


# -- WebKit


class _WebKit:
    """WebDriver over HTTP."""

    def __init__(self, address: str, binary: str) -> None:
        self._at = address
        options = {"binary": binary, "args": ["--automation"]}
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        session = self._ask("POST", "/session", capabilities=wanted)["sessionId"]
        self._at = f"{address}/session/{session}"
        self._ask("POST", "/timeouts", script=int(_ANSWER * 1000))
        self._ask("POST", "/window/rect", width=1280, height=900)

    def close(self) -> None:
        self._ask("DELETE", "")

    def _ask(self, method: str, path: str, **body: Any) -> Any:
        data = json.dumps(body).encode() if method == "POST" else None
        request = urllib.request.Request(self._at + path, data, method=method)
        with urllib.request.urlopen(request, timeout=_ANSWER) as answer:
            return json.load(answer)["value"]

    def goto(self, url: str) -> None:
        self._ask("POST", "/url", url=url)

    def evaluate(self, function: str, argument: Any = None) -> Any:
        script = f"""const done = arguments[arguments.length - 1];
            ({function})({json.dumps(argument)}).then(
              (value) => done([value ?? null, null]), (error) => done([null, String(error)]));"""
        value, error = self._ask("POST", "/execute/async", script=script, args=[])
        if error is not None:
            raise RuntimeError(error)
        return value

    def _act(self, kind: str, actions: list[dict[str, Any]]) -> None:
        source = {"type": kind, "id": kind, "actions": actions}
        self._ask("POST", "/actions", actions=[source])

    def click(self, selector: str) -> None:
        self._act("pointer", _clicked(*self.evaluate(_CENTRE, selector)))

    def press(self, key: str) -> None:
        self._act("key", _pressed(key))


@contextlib.contextmanager
def webkit() -> Iterator[Tab]:
    """WebKitGTK's MiniBrowser, on a screen that nobody sees."""
    binary = next(iter(sorted(map(str, Path("/").glob(_MINI_BROWSERS[1:])), reverse=True)), None)
    if binary is None:
        raise RuntimeError(f"there is no {_MINI_BROWSERS}: apt-get install webkit2gtk-driver xvfb")
    with contextlib.ExitStack() as stack:
        screen = _started(stack, "Xvfb", "-displayfd", "1", "-screen", "0", "1400x1000x24")
        assert screen.stdout is not None
        display = screen.stdout.readline().decode().strip()
        port = 20_000 + os.getpid() % 20_000
        environment = {**os.environ, "DISPLAY": f":{display}", "WEBKIT_FORCE_SANDBOX": "0"}
        _started(stack, "WebKitWebDriver", f"--port={port}", env=environment)
        tab = _patiently(f"http://127.0.0.1:{port}", binary)
        stack.callback(tab.close)
        yield tab


def _started(stack: contextlib.ExitStack, *command: str, **options: Any) -> Any:
    program = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **options
    )
    stack.callback(program.communicate)
    stack.callback(program.terminate)
    return program


def _patiently(address: str, binary: str) -> _WebKit:
    end = time.monotonic() + _START
    while True:
        try:
            return _WebKit(address, binary)
        except ConnectionRefusedError:
            raise
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


#: Name -> how it is started, and what has to be installed.
BROWSERS = {
    "chromium": (chromium, "apt-get install chromium; pip install playwright"),
    "firefox": (firefox, "apt-get install firefox-esr"),
    "webkit": (webkit, "apt-get install webkit2gtk-driver xvfb"),
}
