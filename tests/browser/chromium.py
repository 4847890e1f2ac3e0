"""A headless Chromium of the system, driven by Playwright: pages at a width, light or dark, and what they lack."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, sync_playwright
from playwright.sync_api import Page as BrowserPage

CANDIDATES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)

PATIENCE_MS = 300_000
"""After so long a page hangs, however slow and busy the machine is."""


def find_chromium() -> str | None:
    """Returns the path of an installed Chromium, or None."""
    return next((found for name in CANDIDATES if (found := shutil.which(name))), None)


class Tab:
    """One page of the browser."""

    def __init__(self, page: BrowserPage) -> None:
        self.page = page
        self._said: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self._said.append(f"error: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._said.append(f"{message.type}: {message.text}")

    def open(self, url: str, *, width: int, dark: bool = False, media: str = "screen") -> None:
        """Shows a URL at a width in CSS pixels and waits until it is loaded."""
        self._said.clear()
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.emulate_media(color_scheme="dark" if dark else "light", media=media)  # type: ignore[arg-type]
        self.page.goto(url, wait_until="load")

    def evaluate(self, expression: str) -> Any:
        """Returns the value of a JavaScript expression in the page; the page's own policy does not bind it."""
        return self.page.evaluate(expression)

    def complaints(self) -> list[str]:
        """Returns what the browser's console said about the page: refused resources, failed requests, errors."""
        self.evaluate("1")
        return list(self._said)

    def find_barriers(self) -> list[str]:
        """Returns what axe-core calls serious or critical for readers with a keyboard, a screen reader or weak eyes.

        Rules: https://github.com/dequelabs/axe-core/blob/develop/doc/rule-descriptions.md
        """
        found = Axe().run(self.page).response["violations"]
        return [
            f"{rule['id']}: {node['html'][:160]} ({node['failureSummary']})"
            for rule in found
            if rule["impact"] in ("serious", "critical")
            for node in rule["nodes"]
        ]

    def save_screenshot(self, path: Path, height: int | None = None) -> None:
        """Writes the page as a PNG, whole or its first ``height`` CSS pixels."""
        if height is not None:
            width = self.evaluate("innerWidth")
            self.page.set_viewport_size({"width": width, "height": height})
        self.page.screenshot(path=path, full_page=height is None)


@contextmanager
def open_browser(binary: str) -> Iterator[Tab]:
    """Yields a tab of a fresh browser that ends with the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=binary, args=list(FLAGS), chromium_sandbox=False, timeout=PATIENCE_MS
        )
        try:
            page = browser.new_page()
            page.set_default_timeout(PATIENCE_MS)
            yield Tab(page)
        finally:
            browser.close()
