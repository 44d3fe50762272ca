"""Every screen, on the demo's March 2025: the figures are the API's, and the reason of each is a click away (design §17)."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.callers import track, usage_event
from tests.console.screen import FJORD, MARCH, Screen
from tests.operations.invoicing import post_invoices, put_profile, put_seller
from tests.world import World, request

SCREENS = {
    "companies": f"companies{MARCH}",
    "company": f"companies/demo-fjellbris{MARCH}",
    "campaign of seats, its reason open": f"{FJORD}{MARCH}&line=1",
    "campaign of credits": f"companies/demo-savanna/campaigns/demo-skills-evenings{MARCH}&line=0",
    "campaign of a bundle": f"companies/demo-fjellbris/campaigns/demo-code-clubs{MARCH}&line=0",
    "campaign of its own": f"companies/demo-savanna/campaigns/demo-mangrove-nursery{MARCH}&line=1",
    "invoices": f"companies/demo-fjellbris/invoices{MARCH}",
    "records": f"companies/demo-savanna/records{MARCH}",
    "operations": "companies/demo-fjellbris/operations",
}


def change_terms(campaign: str, **terms: str) -> None:
    """From 15 March on."""
    body = {"id": "amendment-1", "effectiveFrom": "2025-03-15", "terms": terms, "reason": "More seats"}
    assert request("set_terms", "PUT", f"/v1/campaigns/{campaign}/terms", body).status == 200


@pytest.fixture
def issued(demo: World) -> str:
    """The demo's March of Fjellbris is issued; the number of its invoice."""
    put_seller()
    put_profile("demo-fjellbris", invoiceFrom="2025-03")
    (invoice,) = post_invoices("demo-fjellbris", "2025-03").body["invoices"]
    return str(invoice["number"])


@pytest.mark.parametrize("screen", ["light", "dark"], indirect=True)
def test_no_screen_keeps_anybody_out(issued: str, screen: Screen) -> None:
    for name, path in {**SCREENS, "invoice": f"companies/demo-fjellbris/invoices/{issued}"}.items():
        screen.open(path)

        assert screen.violations() == [], name


@pytest.mark.parametrize("path", [*SCREENS.values(), "companies/demo-fjellbris/invoices/CB-2026-000001"])
def test_no_screen_is_wider_than_a_telephone(issued: str, screen: Screen, path: str) -> None:
    screen.page.set_viewport_size({"width": 390, "height": 800})

    screen.open(path)

    assert screen.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_companies_are_listed_with_what_they_are_charged(demo: World, screen: Screen) -> None:
    screen.open(SCREENS["companies"])

    fjellbris = next(row for row in screen.rows("Companies") if "Fjellbris" in row)
    assert "open 4,763.13 EUR 2,119.59 EUR 2,643.54 EUR" in fjellbris
    screen.page.get_by_role("link", name="Fjellbris Energi").click()
    expect(screen.page.get_by_role("heading", level=1)).to_have_text("Fjellbris Energi")
    assert screen.page.url.endswith("#/companies/demo-fjellbris?month=2025-03")


def test_a_company_shows_its_campaigns_with_charges_and_load(demo: World, screen: Screen) -> None:
    screen.open(SCREENS["company"])

    rows = screen.rows("Campaigns")
    fjord = next(row for row in rows if "demo-fjord-clean-up" in row)
    mentoring = next(row for row in rows if "demo-first-job-mentoring" in row)
    assert "107.63 % over its limit 1,561.06 1,561.06 EUR" in fjord
    assert "84.48 % near its limit 1,082.48 1,082.48 EUR" in mentoring
    assert screen.page.locator(".spark polyline").count() == len(rows)


def test_a_company_shows_what_is_left_of_its_credits(demo: World, screen: Screen) -> None:
    track(usage_event("demo-school-water", eventType="credit_usage", quantity="60.5", timestamp="2025-03-03T09:00:00Z"))

    screen.open(f"companies/demo-savanna{MARCH}")

    assert "139.5 credits left" in next(row for row in screen.rows("Campaigns") if "demo-school-water" in row)


def test_a_company_shows_its_months_with_their_state(issued: str, screen: Screen) -> None:
    screen.open("companies/demo-fjellbris?month=2025-04")

    screen.page.get_by_text("The 6 months before").click()

    march = screen.page.get_by_role("region", name="Months").locator("tbody tr").first
    expect(march).to_contain_text("closed")
    assert " ".join(march.inner_text().split()) == "March 2025 closed 4,763.13 EUR 2,643.54 EUR"
    expect(screen.page.get_by_role("region", name="Months").locator("tbody tr")).to_have_count(6)


def test_an_amount_is_explained_in_one_click(demo: World, screen: Screen) -> None:
    screen.open(f"{FJORD}{MARCH}")

    screen.page.get_by_role("button", name="Why 161.06").click()

    expect(screen.page.locator(".why-panel")).to_contain_text("add up to")
    panel = screen.page.locator(".why-panel").inner_text()
    assert "Seats above the commitment" in panel
    assert "3,419 seat-hours above 40 ÷ 743 × 35.00 = 161.06 EUR" in panel
    assert "add up to 3,419 seat-hours, which is the line's quantity" in panel
    assert re.search(r"committed seats\s+40\s+seat price per month\s+35", panel)
    assert screen.page.url.endswith("&line=1")


@pytest.mark.parametrize(
    ("company", "campaign", "line", "adds_up"),
    [
        ("demo-savanna", "demo-school-water", 0, "3 records add up to 200 credits, which is the line's quantity"),
        ("demo-savanna", "demo-school-water", 1, "One record adds up to 36.5 credits, which is the line's quantity"),
        ("demo-savanna", "demo-adult-literacy", 0, "add up to 124 learners, which is the line's quantity"),
        ("demo-savanna", "demo-mangrove-nursery", 2, "add up to 4 sessions, which is the line's quantity"),
        ("demo-fjellbris", "demo-first-job-mentoring", 1, "add up to 252 seat-hours, which is the line's quantity"),
        ("demo-altaluz", "demo-neighbourhood-kitchens", 1, "add up to 7,082 seat-hours, which is the line's quantity"),
        ("demo-altaluz", "demo-neighbourhood-kitchens", 3, "add up to 1,933 seat-hours, which is the line's quantity"),
    ],
)
def test_the_records_of_a_line_add_up_to_its_quantity(
    demo: World, screen: Screen, company: str, campaign: str, line: int, adds_up: str
) -> None:
    change_terms("demo-neighbourhood-kitchens", committedSeats="20", seatPricePerMonth="20.00")
    for day, credits in ((3, "100"), (4, "60.25"), (5, "76.25")):
        timestamp = f"2025-03-0{day}T09:00:00Z"
        track(usage_event("demo-school-water", eventType="credit_usage", quantity=credits, timestamp=timestamp))

    screen.open(f"companies/{company}/campaigns/{campaign}{MARCH}&line={line}")

    expect(screen.page.locator(".why-panel")).to_contain_text(adds_up)


def test_an_hour_of_seats_that_two_months_share_counts_where_it_begins(world: World, screen: Screen) -> None:
    """Months begin at half past in India."""
    company = world.company(time_zone="Asia/Kolkata")
    campaign = world.campaign(company, committed_seats=10, start_date="2025-01-01")
    hours = {"2025-02-28T18:45:00Z": "50", "2025-02-28T19:05:00Z": "15", "2025-03-31T18:45:00Z": "17"}
    assert track(*(usage_event(campaign, timestamp=at, quantity=seats) for at, seats in hours.items())).status == 200

    screen.open(f"companies/{company}/campaigns/{campaign}{MARCH}")
    screen.button("Additional seats").click()

    panel = screen.page.locator(".why-panel")
    expect(panel).to_contain_text("2 records add up to 12 seat-hours, which is the line's quantity. agrees")


def test_records_beyond_the_first_are_shown_on_request(demo: World, screen: Screen) -> None:
    screen.open(f"{FJORD}{MARCH}&line=1")
    rows = screen.page.locator(".why-panel tbody tr")
    expect(rows).to_have_count(20)

    screen.page.locator(".why-panel").get_by_role("button", name=re.compile("^Show")).click()

    expect(rows).to_have_count(70)


def test_a_chart_has_its_figures_as_a_table(demo: World, screen: Screen) -> None:
    screen.open(f"{FJORD}{MARCH}")
    expect(screen.page.locator(".chart .agreed-line")).to_have_count(1)

    screen.page.get_by_text("The figures as a table").first.click()

    assert screen.rows("Figures of the chart")[0] == "1 Mar 2025, 00:00 58"
    screen.button("by hour").click()
    expect(screen.page.locator(".figures tbody tr")).to_have_count(743)


def test_credits_that_have_run_out_have_no_chart(demo: World, screen: Screen) -> None:
    campaign = demo.campaign("demo-savanna", "credits", currency="USD", credit_allocation=100, credit_price=5)
    days = [(datetime.now(UTC) - timedelta(days=n)).strftime("%Y-%m-%dT10:00:00Z") for n in range(3, 12)]
    events = [usage_event(campaign, eventType="credit_usage", quantity="20", timestamp=day) for day in days]
    assert track(*events).status == 200

    screen.open(f"companies/demo-savanna/campaigns/{campaign}")

    expect(screen.page.get_by_text("No credits are left.")).to_be_visible()
    assert "NaN" not in screen.page.content()


def test_the_timeline_has_each_change_of_terms(demo: World, screen: Screen) -> None:
    change_terms("demo-fjord-clean-up", committedSeats="55", seatPricePerMonth="33.50")

    screen.open(f"{FJORD}{MARCH}")

    changes = [" ".join(text.split()) for text in screen.page.locator(".timeline li").all_inner_texts()]
    assert changes[0].startswith("From the beginning")
    assert changes[1].startswith("15 Mar 2025, 00:00 committed seats 55 seat price per month 33.5 “More seats”")
    expect(screen.page.locator(".chart .agreed-line")).to_have_count(2)


def test_a_document_is_shown_as_it_was_issued_and_comes_in_three_files(issued: str, screen: Screen) -> None:
    screen.open(f"companies/demo-fjellbris/invoices{MARCH}")
    screen.page.get_by_role("link", name=issued).click()
    expect(screen.page.get_by_role("heading", level=1)).to_contain_text(issued)

    text = " ".join(screen.page.locator(".document").inner_text().split())
    assert "Net 2,643.54" in text and "Total in EUR" in text
    for form, start in (("PDF", b"%PDF"), ("CSV", b"number,"), ("UBL", b"<?xml")):
        with screen.page.expect_download() as download:
            screen.button(form).click()
        assert download.value.path().read_bytes().startswith(start), form
        assert download.value.suggested_filename.startswith(issued)


def test_a_statement_prints_without_buttons(demo: World, screen: Screen) -> None:
    screen.open(f"{FJORD}{MARCH}")

    screen.page.emulate_media(media="print")

    assert screen.page.get_by_role("button", name="Print").count() == 0
    expect(screen.page.get_by_role("table").first).to_be_visible()
    assert screen.page.locator("header.top").is_visible() is False


def test_records_are_found_by_campaign_kind_and_key(demo: World, screen: Screen) -> None:
    screen.open(SCREENS["records"])

    screen.page.get_by_label("Campaign", exact=True).fill("adult")
    screen.page.get_by_label("What").select_option("learner_served")

    rows = screen.rows("Records")
    assert rows and all("demo-adult-literacy" in row and "learners" in row for row in rows)


def test_the_books_are_shown_to_agree(demo: World, screen: Screen) -> None:
    screen.open("companies/demo-savanna/operations")

    expect(screen.page.locator(".detail")).to_contain_text("the books agree")
    assert [row.split()[0] for row in screen.rows("Checks")] == [
        "balances",
        "coverage",
        "activities",
        "keys",
        "corrections",
        "bundles",
        "invoices",
        "outbox",
        "protection",
    ]


def test_a_difference_in_the_books_is_named(demo: World, screen: Screen) -> None:
    # The seats of this world were recorded with keys that are not those of their content.
    screen.open("companies/demo-fjellbris/operations")

    expect(screen.page.locator(".detail")).to_contain_text("the books differ")
    expect(screen.page.get_by_role("region", name="Checks")).to_contain_text("demo-fjord-clean-up-seat_usage-20250228230000-")
