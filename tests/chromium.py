"""A headless Chromium for tests: opens one page, does what a reader would, and notes its requests.

It speaks the browser's own protocol (https://chromedevtools.github.io/devtools-protocol) over a
pair of pipes, so that no driver is needed beside Debian's package chromium.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

EXECUTABLE = shutil.which("chromium")
PATIENCE = 60.0
"""Seconds that a page has to show something."""


class Page:
    """One page of a running browser.

    Attributes:
        requests: addresses that the page and its frames asked for, in order.
    """

    def __init__(self, sending: int, receiving: int) -> None:
        self._sending, self._receiving = sending, receiving
        self._received, self._last, self._session = b"", 0, None
        self._contexts: list[int] = []
        self.requests: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self._call("Network.enable")
        self._call("Page.enable")
        self._call("Runtime.enable")

    def open(self, path: Path) -> None:
        """Load a file."""
        self._call("Page.navigate", url=path.resolve().as_uri())
        self.wait("document.readyState === 'complete'")

    def evaluate(self, script: str, in_frame: bool = False) -> Any:
        """Value of an expression of JavaScript in the page, or in the frame that it made last."""
        context = {}
        if in_frame:
            self._call("Runtime.evaluate", expression="0")  # hears of frames made meanwhile
            context = {"contextId": self._contexts[-1]}
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True, **context)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, condition: str, in_frame: bool = False) -> None:
        """Until an expression of JavaScript is true."""
        end = time.monotonic() + PATIENCE
        while not self._holds(condition, in_frame):
            if time.monotonic() > end:
                raise AssertionError(f"not true within {PATIENCE:g} s: {condition}")
            time.sleep(0.05)

    def _holds(self, condition: str, in_frame: bool) -> bool:
        try:
            return bool(self.evaluate(condition, in_frame))
        except LookupError:  # the frame is about to be there, or to be another
            return False

    def text(self) -> str:
        """What the page shows, as text."""
        return self.evaluate("document.body.innerText")

    def screenshot(self, path: Path) -> None:
        """Save what is in the window."""
        path.write_bytes(base64.b64decode(self._call("Page.captureScreenshot")["data"]))

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._sending, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("method") == "Network.requestWillBeSent":
                self.requests.append(answer["params"]["request"]["url"])
            if answer.get("method") == "Runtime.executionContextCreated":
                self._contexts.append(answer["params"]["context"]["id"])
            if answer.get("id") == self._last:
                if "error" in answer:
                    raise LookupError(f"{method}: {answer['error']}")
                return answer["result"]

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._received:
            piece = os.read(self._receiving, 1 << 20)
            assert piece, "the browser has ended"
            self._received += piece
        message, self._received = self._received.split(b"\0", 1)
        return json.loads(message)


@contextmanager
def page(profile: Path, size: tuple[int, int] = (1600, 1000)) -> Iterator[Page]:
    """A page of a browser that lives in the block, with its profile in an empty folder."""
    browser_in, sending = os.pipe()
    receiving, browser_out = os.pipe()
    arguments = [
        "--headless",
        "--no-sandbox",  # root, as in containers, has none
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        f"--user-data-dir={profile}",
        f"--window-size={size[0]},{size[1]}",
        "--remote-debugging-pipe",
    ]
    # the browser reads from 3 and writes to 4
    command = f'exec "$0" "$@" 3<&{browser_in} 4>&{browser_out}'
    with subprocess.Popen(
        ["bash", "-c", command, EXECUTABLE, *arguments],
        pass_fds=(browser_in, browser_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as browser:
        os.close(browser_in)
        os.close(browser_out)
        try:
            yield Page(sending, receiving)
        finally:
            os.close(sending)
            os.close(receiving)
            browser.terminate()
