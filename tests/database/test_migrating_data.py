"""A database that was filled before terms had a history is migrated, and every statement stays as it was (design §11)."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from billing.database import session as database
from billing.operations.migrate import migrate
from local.databases import connect, scratch
from tests.credits.test_books import assert_books_are_right
from tests.world import World, request

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture
def old(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The demo's database from before, not migrated yet."""
    with scratch(database_url) as url:
        monkeypatch.setenv("DATABASE_URL", url)
        world = World(connect(url))
        world.connection.run("DROP SCHEMA public CASCADE")
        world.connection.run(gzip.decompress((DATA / "demo_before_terms.sql.gz").read_bytes()).decode())
        world.connection.run("SET search_path = public; GRANT USAGE ON SCHEMA public TO PUBLIC")
        yield world
        world.connection.close()
        database.disconnect()


def statement(campaign: str, company: str, start: str, end: str) -> dict[str, Any]:
    query = {"start": start, "end": end}
    body = request("get_campaign_usage", "GET", f"/v1/campaigns/{campaign}/usage", query=query, company=company).body
    assert "billing" in body, body
    amounts = {name: body["billing"][name] for name in ("totalAmount", "coveredAmount", "amountDue", "currency")}
    return {"campaign": campaign, "company": company, "start": start, "end": end, "usage": body["usage"]} | amounts


def test_every_statement_of_the_demos_database_is_the_same_to_the_cent(old: World) -> None:
    expected = json.loads((DATA / "demo_before_terms.json").read_text())

    migrate()

    found = [statement(each["campaign"], each["company"], each["start"], each["end"]) for each in expected]
    differing = [(was, now) for was, now in zip(expected, found, strict=True) if was != now]
    assert differing == []
    assert_books_are_right(old)


@pytest.mark.parametrize(
    ("row", "top_ups", "lowered_to", "used", "amounts", "balance"),
    [
        ({"credit_allocation": 100, "credit_price": 2}, [50], None, 120, ("240.00", "0.00"), 30),
        ({"credit_allocation": 100, "budget_allocated": 300}, [50], None, 180, ("300.00", "60.00"), 0),
        ({"credit_allocation": 100, "credit_price": 2}, [50], 40, 60, ("80.00", "40.00"), 0),
        ({"credit_allocation": 10, "credit_price": 2}, [50], 0, 20, ("0.00", "40.00"), 0),
        (
            {"credit_allocation": 10, "budget_allocated": 30, "pricing_model": "seats", "seat_price_per_month": 1},
            [5],
            0,
            0,
            None,
            0,
        ),
        ({"credit_allocation": 100, "credit_price": 2, "status": "completed"}, [], None, 110, ("200.00", "20.00"), 0),
        ({"credit_allocation": 100, "credit_price": 2, "is_active": False}, [], None, 10, ("20.00", "0.00"), 90),
        ({"credit_allocation": 100, "credit_price": 2, "status": "draft"}, [], None, 10, ("20.00", "0.00"), 90),
    ],
    ids=["top-up", "budget", "lowered", "lowered to nothing", "budget for nothing", "completed", "inactive", "draft"],
)
def test_allocations_and_top_ups_count_as_granted_before_the_first_record(
    old: World,
    row: dict[str, Any],
    top_ups: list[int],
    lowered_to: int | None,
    used: int,
    amounts: tuple[str, str] | None,
    balance: int,
) -> None:
    company = old.company()
    campaign = old.campaign(company, **{"pricing_model": "credits", "budget_allocated": None} | row)
    for number, credits in enumerate(top_ups):
        old.rows(
            "INSERT INTO credit_top_ups (company_id, campaign_id, top_up_id, credits) "
            "VALUES (:company, :campaign, :name, :credits)",
            company=company,
            campaign=campaign,
            name=f"top-up-{number}",
            credits=credits,
        )
        old.rows(
            "UPDATE campaigns SET credit_allocation = credit_allocation + :credits WHERE id = :id", credits=credits, id=campaign
        )
    if lowered_to is not None:
        old.rows("UPDATE campaigns SET credit_allocation = :credits WHERE id = :id", credits=lowered_to, id=campaign)
    if used:
        old.rows(
            "INSERT INTO billing_usage_records (company_id, campaign_id, event_type, quantity, "
            "deduplication_key, event_timestamp) "
            "VALUES (:company, :campaign, 'credit_usage', :used, :key, '2025-03-05 10:00Z')",
            company=company,
            campaign=campaign,
            used=used,
            key=f"{campaign}-key",
        )

    migrate()

    found = statement(campaign, company, "2025-03-01", "2025-04-01")
    assert amounts is None or (found["coveredAmount"], found["amountDue"]) == amounts
    assert old.balance(campaign) == balance
    assert_books_are_right(old)


def test_what_was_charged_whatever_the_status_stays_and_from_then_on_the_status_counts(old: World) -> None:
    company = old.company()
    campaign = old.campaign(company, status="completed", committed_seats=31, seat_price_per_month=1)

    migrate()

    assert statement(campaign, company, "2025-03-01", "2025-04-01")["totalAmount"] == "31.00"
    assert statement(campaign, company, "2099-03-01", "2099-04-01")["totalAmount"] == "0.00"


def test_what_protects_a_database_from_before_is_known_once_it_is_migrated(old: World) -> None:
    company = old.value("SELECT id FROM companies LIMIT 1")
    migrate()

    checks = request("get_reconciliation", "GET", f"/v1/companies/{company}/reconciliation").body["checks"]

    assert [check["differences"] for check in checks if check["check"] == "protection"] == [[]]
