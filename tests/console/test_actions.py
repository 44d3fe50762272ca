"""What is done in the console: each says first what it will do in money, is done once, and shows what it did (design §17)."""

import json
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.callers import track, usage_event
from tests.console.screen import FJORD, MARCH, Screen
from tests.operations.invoicing import invoices, post_invoices, preview, put_profile, put_seller
from tests.world import World, request

WATER = "companies/demo-savanna/campaigns/demo-school-water"


def terms(campaign: str) -> dict[str, Any]:
    return dict(request("get_terms", "GET", f"/v1/campaigns/{campaign}/terms").body)


def test_a_change_of_terms_shows_what_it_does_to_each_month_before_it_is_made(demo: World, screen: Screen) -> None:
    screen.open(f"{FJORD}{MARCH}")
    screen.button("Change the terms").click()
    screen.fill(From="2025-03-15", Committed_seats="55", Seat_price_per_month="33.50", Reason="More seats")

    review = screen.review()

    assert "15 Mar 2025, 00:00" in review
    assert "committed seats: 40 → 55" in review
    assert "March 2025 1,561.06 1,706.31 145.25 EUR" in " ".join(review.split())
    assert len(terms("demo-fjord-clean-up")["changes"]) == 1
    assert screen.confirm("Change the terms") == "The terms have been changed."
    expect(screen.page.locator(".totals")).to_contain_text("1,706.31")
    (change,) = terms("demo-fjord-clean-up")["changes"][1:]
    assert change["terms"] == {"committedSeats": "55", "seatPricePerMonth": "33.5"}


@pytest.mark.parametrize("screen", ["light", "dark"], indirect=True)
def test_no_form_keeps_anybody_out(demo: World, screen: Screen) -> None:
    screen.expected = ["422"]
    screen.open(f"{FJORD}{MARCH}")
    screen.button("Change the terms").click()
    empty = screen.violations()
    screen.fill(From="2025-03-15", Seat_price_per_month="-1", Reason="A slip")
    screen.button("Continue", screen.dialog).click()
    expect(screen.dialog.locator("#field-seatPricePerMonth-error")).to_be_visible()
    wrong = screen.violations()
    screen.fill(Seat_price_per_month="36.00")
    screen.review()

    assert (empty, wrong, screen.violations()) == ([], [], [])


def test_a_mistake_is_told_at_the_field_that_it_is_in(demo: World, screen: Screen) -> None:
    screen.expected = ["422"]
    screen.open(f"{FJORD}{MARCH}")
    screen.button("Change the terms").click()
    screen.fill(From="2025-03-15", Seat_price_per_month="-1", Reason="A slip")
    screen.button("Continue", screen.dialog).click()

    field = screen.dialog.get_by_label("Seat price per month")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(screen.dialog.locator("#field-seatPricePerMonth-error")).to_contain_text("at least 0")
    expect(field).to_be_focused()
    field.fill("36.00")
    assert "1,586.31" in screen.review()


def continued(screen: Screen) -> list[Route]:
    """A change of terms to 55 seats, and the request that its review waits for."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    screen.page.route("**/terms?dryRun=true", hold)
    screen.open(f"{FJORD}{MARCH}")
    screen.button("Change the terms").click()
    screen.fill(From="2025-03-15", Committed_seats="55", Reason="More seats")
    with screen.page.expect_request("**/terms?dryRun=true"):
        screen.button("Continue", screen.dialog).click()
    return held


def test_what_was_reviewed_is_what_is_sent(demo: World, screen: Screen) -> None:
    """A value that is typed while the review is worked out waits until the next one."""
    held = continued(screen)
    screen.fill(Committed_seats="99")
    held[0].continue_()

    expect(screen.dialog.locator(".review")).to_contain_text("committed seats: 40 → 55")
    screen.confirm("Change the terms")
    assert terms("demo-fjord-clean-up")["changes"][1]["terms"] == {"committedSeats": "55"}


@pytest.mark.parametrize("how", ["Cancel", "another screen"])
def test_a_form_that_was_left_does_not_come_back(demo: World, screen: Screen, how: str) -> None:
    held = continued(screen)
    if how == "Cancel":
        screen.button("Cancel", screen.dialog).click()
    else:
        screen.page.evaluate("location.hash = '#/companies'")
    expect(screen.dialog).to_have_count(0)
    with screen.page.expect_response("**/terms?dryRun=true"):
        held[0].continue_()
    screen.page.wait_for_load_state("networkidle")

    expect(screen.dialog).to_have_count(0)


def test_a_top_up_says_the_balance_after_it_and_is_made_once(demo: World, screen: Screen) -> None:
    screen.open(f"{WATER}{MARCH}")
    screen.button("Top up credits").click()
    screen.fill(Credits="400", Paid_for_them="2400.00", Expires="2027-06-30", Note="PO-2025-0318")

    review = " ".join(screen.review().split())

    assert "400 credits for 2,400.00 USD, until 30 Jun 2027." in review
    assert "from 200 to 600 credits" in review
    screen.button("Top up", screen.dialog).dblclick()
    expect(screen.page.locator("#note")).to_have_text("600 credits are left now.")
    grants = demo.rows("SELECT credits, amount FROM credit_grants WHERE source = 'purchase'")
    assert grants == [{"credits": Decimal(400), "amount": Decimal(2400)}]


def test_what_is_sent_again_after_a_lost_response_is_made_once(demo: World, screen: Screen) -> None:
    """The request arrives, its response does not; the page is loaded anew, and the same is done again."""
    screen.expected = ["net::ERR_FAILED"]

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    def top_up() -> None:
        screen.open(f"{WATER}{MARCH}")
        screen.button("Top up credits").click()
        screen.fill(Credits="400")
        screen.review()
        screen.button("Top up", screen.dialog).click()

    screen.page.route("**/credits", lose)
    top_up()
    expect(screen.dialog.get_by_role("alert")).to_contain_text("The connection was lost")
    screen.page.unroute("**/credits")
    top_up()

    expect(screen.page.locator("#note")).to_have_text("600 credits are left now.")
    assert demo.value("SELECT count(*) FROM credit_grants WHERE source = 'purchase'") == 1


def test_a_priority_that_is_no_number_is_not_left_out(demo: World, screen: Screen) -> None:
    screen.expected = ["422"]
    screen.open(f"{WATER}{MARCH}")
    screen.button("Top up credits").click()
    screen.fill(Credits="400", Priority="first")
    screen.review()
    screen.button("Top up", screen.dialog).click()

    expect(screen.dialog.get_by_label("Priority")).to_have_attribute("aria-invalid", "true")
    assert demo.value("SELECT count(*) FROM credit_grants WHERE source = 'purchase'") == 0


def test_two_purchases_of_the_same_are_two(demo: World, screen: Screen) -> None:
    screen.open(f"{WATER}{MARCH}")
    for balance in ("600", "1,000"):
        screen.button("Top up credits").click()
        screen.fill(Credits="400")
        screen.review()
        screen.button("Top up", screen.dialog).click()
        expect(screen.page.locator("#note")).to_have_text(f"{balance} credits are left now.")
        screen.wait()

    assert demo.value("SELECT count(*) FROM credit_grants WHERE source = 'purchase'") == 2


def test_a_link_says_what_it_is_worth_a_year(demo: World, screen: Screen) -> None:
    screen.open(f"companies/demo-fjellbris/campaigns/demo-code-clubs{MARCH}")
    screen.button("Link to a bundle").click()
    screen.fill(Share="20")

    review = " ".join(screen.review().split())

    assert "20 % of demo-fjellbris-2025: about 4,998.00 EUR of 24,990.00 EUR a year" in review
    assert "take up 100 % today" in review
    assert screen.confirm("Link") == "The campaign is linked."
    assert terms("demo-code-clubs")["terms"]["bundleAllocationPercentage"] == "0.2000"
    screen.button("Unlink").click()
    assert "no share of demo-fjellbris-2025" in screen.review()
    assert screen.confirm("Unlink") == "The link has ended."
    assert terms("demo-code-clubs")["terms"]["l2iSubscriptionId"] is None


@pytest.mark.parametrize(
    ("action", "change", "amount"), [("Correct", "36.00", "2,268.00"), ("Void", "\N{MINUS SIGN}72.00", "2,160.00")]
)
def test_a_record_is_corrected_or_voided_and_the_month_calculated_anew(
    demo: World, screen: Screen, action: str, change: str, amount: str
) -> None:
    screen.open(f"companies/demo-savanna/records{MARCH}&campaign=demo-adult-literacy")
    row = screen.page.get_by_role("region", name="Records").locator("tbody tr").first
    assert "4.000000" in row.inner_text()
    row.get_by_role("button", name=action).click()
    if action == "Correct":
        screen.fill(The_right_quantity="6")
    screen.fill(Reason="Counted twice")

    review = " ".join(screen.review().split())

    assert "March 2025 is charged 2,232.00 USD now" in review
    assert f"with the correction: {change} USD, at 18.00 for each learner" in review
    assert screen.confirm(f"{action} it") == f"March 2025 is charged {amount} USD now."
    expect(screen.page.get_by_text("Counted twice").first).to_be_visible()


def test_a_correction_is_priced_by_the_terms_of_its_record(demo: World, screen: Screen) -> None:
    """The month has a line for each price: 57 learners at 18.00, then 67 at 20.50."""
    change = {"iaasMetrics": {"pricePerLearner": "20.50", "outcomeThresholds": []}}
    body = {"id": "dearer", "effectiveFrom": "2025-03-20", "reason": "A new price", "terms": change}
    assert request("set_terms", "PUT", "/v1/campaigns/demo-adult-literacy/terms", body).status == 200
    screen.open(f"companies/demo-savanna/records{MARCH}&campaign=demo-adult-literacy")
    row = screen.page.get_by_role("region", name="Records").locator("tbody tr", has_text="learners").last
    row.get_by_role("button", name="Void").click()
    screen.fill(Reason="Counted twice")

    review = " ".join(screen.review().split())

    assert "at 20.50 for each learner" in review


def test_a_month_is_issued_and_its_invoice_credited(demo: World, screen: Screen) -> None:
    put_seller()
    put_profile("demo-fjellbris", invoiceFrom="2025-03")
    screen.open(f"companies/demo-fjellbris/invoices{MARCH}")
    screen.button("Issue March 2025").click()

    assert "An invoice of 3,304.43 EUR, 660.89 of it tax." in " ".join(screen.review().split())
    issued = screen.confirm("Issue March 2025")
    (invoice,) = invoices("demo-fjellbris").body["invoices"]
    assert issued == f"Issued: {invoice['number']}."
    screen.page.get_by_role("link", name=invoice["number"]).click()
    screen.button("Credit note").click()
    screen.fill(Reason="Wrong buyer")
    assert "3,304.43 EUR" in screen.review()
    screen.confirm("Issue the credit note")
    expect(screen.page.get_by_role("heading", level=1)).to_contain_text("Credit note")
    assert [each["kind"] for each in invoices("demo-fjellbris").body["invoices"]].count("credit_note") == 1


def test_what_is_issued_is_calculated_when_it_is_asked_for(demo: World, screen: Screen) -> None:
    """The terms change while the screen is open."""
    put_seller()
    put_profile("demo-fjellbris", invoiceFrom="2025-03")
    screen.open(f"companies/demo-fjellbris/invoices{MARCH}")
    expect(screen.page.get_by_text("Invoice of 3,304.43 EUR")).to_be_visible()
    body = {"id": "dearer", "effectiveFrom": "2025-03-01", "reason": "A new price", "terms": {"seatPricePerMonth": "36"}}
    assert request("set_terms", "PUT", "/v1/campaigns/demo-fjord-clean-up/terms", body).status == 200
    (draft,) = preview("demo-fjellbris", "2025-03").body["invoices"]

    screen.button("Issue March 2025").click()

    assert draft["totalAmount"] != "3304.43"
    assert f"An invoice of {Decimal(draft['totalAmount']):,} EUR" in " ".join(screen.review().split())


def test_a_company_without_a_profile_is_told_what_is_missing(demo: World, screen: Screen) -> None:
    screen.expected = ["409"]
    screen.open(f"companies/demo-fjellbris/invoices{MARCH}")

    expect(screen.page.get_by_text("The company has no billing profile")).to_be_visible()
    assert screen.button("Issue March 2025").count() == 0


def test_without_a_scope_its_buttons_are_not_there(demo: World, screen: Screen) -> None:
    put_seller()
    put_profile("demo-fjellbris", invoiceFrom="2025-03")
    (invoice,) = post_invoices("demo-fjellbris", "2025-03").body["invoices"]
    screen.open("companies")
    screen.act_as(None, "read")

    for path, name in (
        (f"{FJORD}{MARCH}", "Change the terms"),
        (f"{FJORD}{MARCH}", "Link to a bundle"),
        (f"{WATER}{MARCH}", "Top up credits"),
        (f"companies/demo-savanna/records{MARCH}", "Correct"),
        ("companies/demo-fjellbris/invoices?month=2025-04", "Issue April 2025"),
        (f"companies/demo-fjellbris/invoices/{invoice['invoiceId']}", "Credit note"),
    ):
        screen.open(path)
        assert screen.page.get_by_role("button", name=name).count() == 0, name


def test_a_company_sees_itself_and_no_other(demo: World, screen: Screen) -> None:
    screen.expected = ["404"]
    screen.open("companies")

    screen.act_as("demo-savanna")

    expect(screen.page.get_by_role("heading", level=1)).to_have_text("Savanna Textiles")
    expect(screen.page.get_by_role("link", name="Companies")).to_have_count(0)
    screen.open("companies/demo-fjellbris")
    expect(screen.page.get_by_role("alert")).to_contain_text("does not exist, or is not yours to see")


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_failure_of_the_service_is_told_in_words(demo: World, screen: Screen, status: int) -> None:
    screen.expected = [str(status)]
    screen.page.route("**/overview*", lambda route: route.fulfill(status=status, body=json.dumps({"message": "Internal"})))
    screen.open(f"companies/demo-fjellbris{MARCH}")
    expect(screen.page.get_by_role("alert")).to_contain_text("The service")

    screen.page.unroute("**/overview*")
    screen.button("Try again").click()

    expect(screen.page.get_by_role("heading", level=1)).to_have_text("Fjellbris Energi")


def test_a_lost_connection_is_told_in_words(demo: World, screen: Screen) -> None:
    screen.expected = ["net::ERR_FAILED"]
    screen.page.route("**/usage?*", lambda route: route.abort())

    screen.open(f"{FJORD}{MARCH}")

    expect(screen.page.get_by_role("alert")).to_contain_text("The connection was lost")


def test_a_part_that_cannot_be_read_is_told_in_words(demo: World, screen: Screen) -> None:
    screen.expected = ["net::ERR_FAILED"]
    screen.open(f"{FJORD}{MARCH}")
    screen.page.route("**/usage-series*", lambda route: route.abort())

    screen.button("by hour").click()

    expect(screen.page.locator("#note")).to_contain_text("The connection was lost")


def test_a_damaged_address_leads_to_the_first_screen(demo: World, screen: Screen) -> None:
    screen.open("companies/%E0%A4%A")

    expect(screen.page.get_by_role("heading", level=1)).to_have_text("Companies")


def test_everything_can_be_done_with_the_keyboard_alone(demo: World, screen: Screen) -> None:
    screen.open(f"{WATER}{MARCH}")
    keys = screen.page.keyboard

    def reach(name: str) -> None:
        for _ in range(60):
            keys.press("Tab")
            if screen.page.evaluate("document.activeElement.textContent.trim()") == name:
                return
        pytest.fail(f"{name} cannot be reached with the Tab key")

    reach("Credits beyond the prepaid ones")
    keys.press("Enter")
    expect(screen.page.locator(".why-panel")).to_contain_text("Credits that no grant paid")
    reach("Top up credits")
    keys.press("Enter")
    expect(screen.dialog).to_be_visible()
    keys.type("50")
    keys.press("Enter")
    expect(screen.dialog.locator(".review")).to_be_visible()
    keys.press("Enter")
    expect(screen.page.locator("#note")).to_have_text("250 credits are left now.")
    expect(screen.page.locator("dialog")).to_have_count(0)
    reach("Top up credits")
    keys.press("Enter")
    keys.press("Escape")
    expect(screen.page.locator("dialog")).to_have_count(0)
    assert screen.page.evaluate("document.activeElement.textContent.trim()") == "Top up credits"


def test_what_others_wrote_is_text_and_never_markup(world: World, screen: Screen) -> None:
    evil = "<img src=x onerror=\"document.title='broken into'\">"
    company = world.company(id="evil", name=evil)
    campaign = world.campaign(company, "iaas", id="evil-campaign", name=evil)
    event = usage_event(
        campaign, eventType="learner_served", quantity=3, timestamp="2025-03-05T12:00:00Z", metadata={"by": evil}
    )
    assert track(event).status == 200

    for path in (
        "companies?month=2025-03",
        f"companies/{company}{MARCH}",
        f"companies/{company}/campaigns/{campaign}{MARCH}&line=0",
        f"companies/{company}/records{MARCH}",
        f"companies/{company}/records{MARCH}&campaign={evil}",
    ):
        screen.open(path)
        assert screen.page.locator("img").count() == 0, path
        assert screen.page.title() != "broken into"
    screen.open(f"companies/{company}{MARCH}")
    expect(screen.page.get_by_role("heading", level=1)).to_have_text(evil)


def test_ten_thousand_campaigns_do_not_freeze_it(world: World, screen: Screen) -> None:
    company = world.company(id="large", name="Large")
    world.campaign(company, id="large-0", name="Campaign 0")
    screen.expected = ["404"]  # of the days of campaigns that only the overview has

    def multiply(route: Route) -> None:
        response = route.fetch()
        overview = response.json()
        (campaign,) = overview["campaigns"]
        many = [campaign | {"campaignId": f"large-{n}", "campaignName": f"Campaign {n}"} for n in range(10_000)]
        route.fulfill(response=response, json=overview | {"campaigns": many})

    screen.page.route("**/overview?*", multiply)
    screen.open(f"companies/{company}{MARCH}")
    region = screen.page.get_by_role("region", name="Campaigns", exact=True)
    expect(region.locator("tbody tr")).to_have_count(50)

    busy = screen.page.evaluate(
        """async () => {
            const field = document.querySelector('input[type=search]'), start = performance.now();
            field.value = '9999';
            field.dispatchEvent(new Event('input', { bubbles: true }));
            await new Promise(requestAnimationFrame);
            return [performance.now() - start, document.querySelectorAll('[aria-label=Campaigns] tbody tr').length];
        }"""
    )

    assert busy[1] == 1
    assert busy[0] < 1000
