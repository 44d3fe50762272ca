"""The hourly job that issues invoices (design §13)."""

from datetime import datetime
from typing import Any

from local.aws_events import scheduled_event
from tests.operations.invoicing import adjust, credit, invoiced_company, invoices, post_invoices, preview, put_profile, record
from tests.world import World, invoke


def run(time: str) -> dict[str, Any]:
    result: dict[str, Any] = invoke("issue_invoices", scheduled_event(datetime.fromisoformat(time)))
    return result


def months(world: World) -> list[str]:
    return [f"{row['month']:%Y-%m}" for row in world.rows("SELECT month FROM billing_months ORDER BY month")]


def test_a_month_is_closed_72_hours_after_its_end_in_the_companys_time_zone(world: World) -> None:
    company = invoiced_company(world)
    record(world.campaign(company, "iaas"), 10, "2025-01-15T10:00:00Z")

    early, due, again = run("2025-02-03T22:00:00Z"), run("2025-02-03T23:00:00Z"), run("2025-02-03T23:00:00Z")

    assert [each["invoicesIssued"] for each in (early, due, again)] == [0, 1, 0]
    assert months(world) == ["2025-01"]


def test_months_that_were_missed_are_closed_oldest_first(world: World) -> None:
    company = invoiced_company(world)
    record(world.campaign(company, "iaas"), 10, "2025-02-15T10:00:00Z")

    result = run("2025-04-04T00:00:00Z")

    assert (result["success"], result["invoicesIssued"], months(world)) == (True, 1, ["2025-01", "2025-02", "2025-03"])


def test_the_job_closes_no_month_of_a_company_on_hold_nor_issues_a_credited_one_again(world: World) -> None:
    company = invoiced_company(world)
    adjust(company, "10.00")
    (january,) = post_invoices(company, "2025-01").body["invoices"]
    credit(january["number"])
    put_profile(company, hold=True)

    held = run("2025-03-04T00:00:00Z")
    put_profile(company, hold=False)
    result = run("2025-03-04T00:00:00Z")

    assert (held["invoicesIssued"], result["invoicesIssued"], months(world)) == (0, 1, ["2025-01", "2025-02"])
    assert [each["month"] for each in invoices(company).body["invoices"]] == ["2025-02", "2025-01", "2025-01"]


def large_company(world: World) -> str:
    company = invoiced_company(world)
    world.connection.run(
        """INSERT INTO campaigns (id, company_id, name, status, currency, pricing_model, seat_price_per_month, committed_seats,
            start_date)
        SELECT 'c' || n, :company, 'Campaign', 'active', 'EUR', 'seats', 10, 1, '2025-01-01' FROM generate_series(1, 1001) n""",
        company=company,
    )
    return company


def test_a_company_with_over_1000_campaigns_waits_for_the_job(world: World) -> None:
    company = large_company(world)

    asked, shown = post_invoices(company, "2025-01"), preview(company, "2025-01")
    result = run("2025-02-01T00:00:00Z")

    assert (asked.status, asked.body, shown.status) == (202, {"invoices": []}, 202)
    assert (result["invoicesIssued"], months(world)) == (1, ["2025-01"])
    (document,) = invoices(company).body["invoices"]
    assert "lines" not in document
    assert document["netAmount"] == "10010.00"
    assert preview(company, "2025-01").status == 200


def test_what_was_asked_for_a_month_that_is_no_longer_invoiced_is_withdrawn(world: World) -> None:
    company = large_company(world)
    asked, shown = post_invoices(company, "2025-01"), preview(company, "2025-01")
    put_profile(company, invoiceFrom="2025-02")

    result = run("2025-02-01T00:00:00Z")

    assert (asked.status, shown.status) == (202, 202)
    assert (result["success"], result["invoicesIssued"], months(world)) == (True, 0, [])
    assert world.value("SELECT count(*) FROM invoice_requests WHERE done_at IS NULL") == 0
