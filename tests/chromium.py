"""A real Chromium for tests of pages: found on this machine, without a screen, with a file for a microphone."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = "playwright is not installed (extra dev)"
REASON = "no Chromium on this machine (Debian: apt-get install chromium)"


def program() -> str | None:
    """Where the browser is."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def browser(microphone: Path, *, required: bool = False) -> Iterator[object]:
    """A browser whose microphone plays a file again and again; without one the test is skipped, or fails where it is required.

    Playwright holds an event loop in this thread as long as the block lasts, so no test inside may run one of its own.
    """
    where = program()
    if where is None:
        (pytest.fail if required else pytest.skip)(REASON)
    sync_api = import_module("playwright.sync_api") if required else pytest.importorskip("playwright.sync_api", reason=MISSING)
    flags = [
        "--disable-background-networking", "--disable-component-update", "--no-first-run", "--autoplay-policy=no-user-gesture-required",
        "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", f"--use-file-for-fake-audio-capture={microphone}",
    ]  # fmt: skip
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("--no-sandbox")  # which does not start for root
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=where, args=flags)
        try:
            yield started
        finally:
            started.close()
