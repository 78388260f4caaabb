# SPDX-License-Identifier: Apache-2.0
"""Debian's Chromium without a window, driven over a pair of pipes by the DevTools protocol."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import select
import subprocess
import time
from typing import Any

LIMIT_SEC = 60.0
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-extensions"),
    *("--disable-sync", "--hide-scrollbars", "--remote-debugging-pipe"),
)


class Chromium:
    """A browser with one page open.

    Parameters
    ----------
    executable : str
    profile : pathlib.Path
        An empty directory for what it keeps.

    Attributes
    ----------
    complaints : list of str
        What the page's console and log said, and each address that was asked for beside the page.
    """

    def __init__(self, executable: str, profile: pathlib.Path):
        commands_out, self._write = os.pipe()
        self._read, answers_in = os.pipe()
        self.complaints: list[str] = []
        self._buffer = b""
        self._turn = 0

        def place() -> None:  # the protocol's descriptors are 3 and 4
            os.dup2(os.dup(commands_out), 13)
            os.dup2(os.dup(answers_in), 14)
            os.dup2(13, 3)
            os.dup2(14, 4)

        self._process = subprocess.Popen(
            [executable, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(3, 4),
            preexec_fn=place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(profile)},
        )
        os.close(commands_out)
        os.close(answers_in)
        self._session: str | None = None
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._ask(f"{domain}.enable")

    def show(
        self, page: pathlib.Path, width: int, height: int = 900, scheme: str = "light"
    ) -> None:
        """Open a page in a window of that width, for a reader who likes it light or dark."""
        self._ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._ask("Emulation.setEmulatedMedia", features=[feature])
        self._page = page.as_uri()
        self._ask("Page.navigate", url=self._page)
        self.evaluate("new Promise(f => document.readyState == 'complete' ? f() : (onload = f))")

    def evaluate(self, expression: str) -> Any:
        """Give an expression's value on the page."""
        told = self._ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def screenshot(self, path: pathlib.Path, whole: bool = False) -> None:
        """Keep a picture of the window, or of the whole page."""
        told = self._ask("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(told["data"]))

    def pdf(self) -> bytes:
        """Print the page."""
        return base64.b64decode(self._ask("Page.printToPDF", printBackground=False)["data"])

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        os.close(self._write)
        os.close(self._read)

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        self._turn += 1
        asked: dict[str, Any] = {"id": self._turn, "method": method, "params": params}
        if self._session is not None:
            asked["sessionId"] = self._session
        os.write(self._write, json.dumps(asked).encode() + b"\0")
        end = time.monotonic() + LIMIT_SEC
        while True:
            told = self._next(end)
            if told.get("id") == self._turn:
                assert "error" not in told, f"{method}: {told['error']}"
                return told["result"]
            self._hear(told)

    def _hear(self, told: dict[str, Any]) -> None:
        method, params = told.get("method"), told.get("params", {})
        if method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            self.complaints.append(json.dumps(params))
        elif method == "Network.requestWillBeSent":
            address = params["request"]["url"]
            if address != self._page:
                self.complaints.append(f"asked for {address}")

    def _next(self, end: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0, end - time.monotonic()))
            assert ready, f"Chromium did not answer within {LIMIT_SEC:g} s"
            got = os.read(self._read, 1 << 20)
            assert got, "Chromium has ended"
            self._buffer += got
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)
