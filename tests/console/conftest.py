"""A browser before the console, on the local API and a real database with the demo's March 2025."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from local.postgres import ROOT
from tests.console.screen import Screen
from tests.signals import march
from tests.world import World

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# Chromium's own services are of no use here, and a sandbox needs a user that is not root.
ARGUMENTS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing, which `make test` installs where it may.")
        pytest.skip("Chromium is not installed; as root, make test installs it: apt-get install chromium")
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        with playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS + sandbox) as chromium:
            yield chromium


@pytest.fixture(scope="session")
def address(database_url: str) -> Iterator[str]:
    """Where `make serve` has the API and the console, in a process of its own: handlers take one request at a time."""
    environment = os.environ | {"DATABASE_URL": database_url, "PORT": "0"}
    command = [sys.executable, "-m", "local.serve"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stderr
        first = next(line for line in server.stderr if "http://" in line)
        threading.Thread(target=server.stderr.read, daemon=True).start()
        yield first.split()[-1]
        server.terminate()


@pytest.fixture
def demo(world: World) -> World:
    """The demo's March 2025."""
    march.load(world)
    return world


@pytest.fixture(params=["light"])
def screen(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Screen]:
    """A page of the console. Whatever the browser complains of fails the test, except failed requests that it names."""
    with browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=request.param) as context:
        page = context.new_page()
        page.set_default_timeout(20_000)
        complaints = _listen(page)
        screen = Screen(page, address)
        yield screen
        assert [text for text in complaints if not any(expected in text for expected in screen.expected)] == []


def _listen(page: Page) -> list[str]:
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints
