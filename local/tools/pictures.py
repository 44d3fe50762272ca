"""`make pictures`: the screens of the console that the documents show, in `docs/console/`. Run `make demo` before it."""

import contextlib
import io
import logging
import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

from local import postgres
from local.gateway import application

FOLDER = postgres.ROOT / "docs" / "console"
FJORD = "companies/demo-fjellbris/campaigns/demo-fjord-clean-up?month=2025-03"
SCREENS = {
    "companies": ("companies?month=2025-03", "light", 1280),
    "company": ("companies/demo-savanna?month=2025-03", "light", 1280),
    "company-dark": ("companies/demo-altaluz?month=2025-03", "dark", 1280),
    "company-narrow": ("companies/demo-fjellbris?month=2025-03", "light", 390),
    "campaign": ("companies/demo-altaluz/campaigns/demo-neighbourhood-kitchens?month=2025-03", "light", 1280),
    "credits": ("companies/demo-savanna/campaigns/demo-school-water?month=2025-03&line=1", "light", 1280),
    "reason": (f"{FJORD}&line=1", "light", 1280),
    "reason-dark": (f"{FJORD}&line=1", "dark", 1280),
    "reason-narrow": (f"{FJORD}&line=1", "dark", 390),
    "invoices": ("companies/demo-altaluz/invoices?month=2025-03", "light", 1280),
    "records": ("companies/demo-savanna/records?month=2025-03", "light", 1280),
    "operations": ("companies/demo-fjellbris/operations", "light", 1280),
}


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("Chromium is missing; as root: apt-get install chromium")
    FOLDER.mkdir(exist_ok=True)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    quiet = contextlib.redirect_stdout(io.StringIO())  # the handlers' metrics
    with quiet, postgres.running() as os.environ["DATABASE_URL"], tempfile.TemporaryDirectory() as folder:
        server = make_server("127.0.0.1", 0, application, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        with sync_playwright() as playwright, playwright.chromium.launch(executable_path=chromium, args=sandbox) as browser:
            for name, (screen, scheme, width) in SCREENS.items():
                address = f"http://127.0.0.1:{server.server_port}/console/#/{screen}"
                _take(browser, address, scheme, width, Path(folder) / f"{name}.png")
        server.shutdown()
        for picture in Path(folder).iterdir():
            shutil.move(picture, FOLDER / picture.name)


def _take(browser: Browser, address: str, scheme: str, width: int, path: Path) -> None:
    with browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(address)
        page.locator("h1").wait_for()
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(500)
        page.screenshot(path=path)


if __name__ == "__main__":
    try:
        main()
    except postgres.ServerFailed as error:
        sys.exit(str(error))
