"""What a person does with the console, and sees of it."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

FJORD = "companies/demo-fjellbris/campaigns/demo-fjord-clean-up"
MARCH = "?month=2025-03"


class Screen:
    """The page, and what its console may say of requests that fail."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.expected: list[str] = []

    def open(self, path: str) -> "Screen":
        """Goes to a screen by its deep link, as a bookmark does, and waits until it is whole."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}/console/#/{path}")
        return self.wait()

    def wait(self) -> "Screen":
        expect(self.page.locator("h1, .failure").first).to_be_visible(timeout=90_000)
        self.page.wait_for_load_state("networkidle")
        return self

    def act_as(self, company: str | None, scopes: str = "all") -> None:
        self.page.get_by_label("Act as").select_option(company or "")
        self.page.get_by_label("Scopes").select_option(scopes)
        self.wait()

    def button(self, name: str, within: Locator | None = None) -> Locator:
        return (within or self.page).get_by_role("button", name=name, exact=True)

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def fill(self, **values: str) -> None:
        """The fields of the form that is open, by their labels."""
        for label, value in values.items():
            field = self.dialog.get_by_label(label.replace("_", " "), exact=False).first
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)

    def review(self) -> str:
        """Continues to what the action will do, and returns its text."""
        self.button("Continue", self.dialog).click()
        expect(self.dialog.locator(".review")).to_be_visible()
        return self.dialog.locator(".review").inner_text()

    def confirm(self, name: str) -> str:
        """Does it, and returns what the console says then."""
        self.button(name, self.dialog).click()
        expect(self.dialog).to_have_count(0)
        note = self.page.locator("#note")
        expect(note).not_to_be_empty()
        return note.inner_text()

    def rows(self, region: str) -> list[str]:
        """The rows of a table, each as a text with its cells apart by single spaces."""
        table = self.page.get_by_role("region", name=region, exact=True).locator("table").first
        return [" ".join(text.split()) for text in table.locator("> tbody > tr").all_inner_texts()]

    def violations(self) -> list[dict[str, Any]]:
        """The accessibility faults that axe finds."""
        found: list[dict[str, Any]] = Axe().run(self.page).response["violations"]
        return [{"rule": each["id"], "nodes": [node["html"][:200] for node in each["nodes"]]} for each in found]
