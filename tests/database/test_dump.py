"""A dump restores, and a load that cannot be right fails as a whole (design §4.9)."""

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from billing.database import session as database
from billing.database.reconciliation import check_protection
from billing.database.session import ALL_COMPANIES, snapshot
from billing.operations.migrate import migrate
from local import postgres
from local.aws_events import scheduled_event
from local.databases import connect, scratch
from tests.callers import track, usage_event
from tests.operations.invoicing import correct, invoiced_company, post_invoices, record
from tests.world import World, invoke, request

MAJOR = 18
"""Of the embedded Postgres, whose own pg_dump and psql are used."""

MONTH = {"start": "2025-01-01", "end": "2025-02-01"}
FILLED_WITH_THE_SCHEMA = ("schema_migrations", "time_zones")

TRIGGERS = "SELECT tgrelid::regclass::text AS relation, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"


@pytest.fixture
def source(world: World) -> World:
    """A database that the handlers filled."""
    server = world.value("SELECT current_setting('server_version_num')::integer / 10000")
    if not postgres.BINARIES.exists() or server != MAJOR:
        assert "CI" not in os.environ
        pytest.skip(f"the tests run on a Postgres {server} of DATABASE_URL")
    fill(world)
    return world


@pytest.fixture
def target(database_url: str, source: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An empty database on the same server, which the handlers find from now on."""
    with scratch(database_url) as url:
        monkeypatch.setenv("DATABASE_URL", url)
        target = World(connect(url))
        yield target
        target.connection.close()
        database.disconnect()


def fill(world: World) -> None:
    """Grants, one of which expires and one of which a lower allocation takes back; usage, with overage; corrections; terms;
    an activity of the credit job; a link; an invoice."""
    company = invoiced_company(world)
    credits = {"credit_allocation": 100, "credit_price": "6.50", "credit_consumption_rate": "1.5"}
    spring = world.campaign(company, "credits", id="spring", budget_allocated=None, **credits)
    late = record(spring, 100, "2025-01-10T10:00:00Z", "credit_usage")
    record(spring, 30, "2025-01-11T10:00:00Z", "credit_usage")
    assert correct(late, "typing-error", quantity="10").status == 200
    for name, bought in (("order-1", {"amount": "200.00"}), ("order-2", {"expiresAt": "2025-02-01T00:00:00Z"})):
        body = {"credits": "40.25", "id": name, **bought}
        assert request("top_up_credits", "POST", "/v1/campaigns/spring/credits", body).status == 200
    world.rows("UPDATE campaigns SET credit_allocation = 90 WHERE id = 'spring'")
    world.insert("campaign_activities", campaign_id=spring, kind="session", quantity=3, occurred_at="2025-01-12T10:20:00Z")
    assert invoke("track_credit_usage", scheduled_event(datetime(2025, 3, 1, tzinfo=UTC)))["success"]

    world.campaign(company, "seats", id="mentoring", committed_seats=20)
    record("mentoring", 31, "2025-01-10T10:00:00Z", "seat_usage")
    change = {"id": "dearer", "effectiveFrom": "2025-01-15T00:00:00Z", "terms": {"seatPricePerMonth": "700.00"}}
    why = {"reason": "Agreed.", "retroactive": True}
    assert request("set_terms", "PUT", "/v1/campaigns/mentoring/terms", change | why).status == 200

    world.campaign(company, "bundle", id="reading")
    subscription = world.subscription(company)
    link = {"subscriptionId": subscription, "allocationPercentage": "0.25", "effectiveFrom": "2025-01-10T00:00:00Z"}
    linked = request("link_campaign", "PUT", "/v1/campaigns/reading/subscription", link)
    assert linked.status == 200, linked.body
    assert len(post_invoices(company, "2025-01").body["invoices"]) == 1


def pg_dump(world_url: str, *options: str) -> str:
    command = [str(postgres.BINARIES / "pg_dump"), *options, world_url]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def psql(url: str, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script as a whole or not at all."""
    options = ["--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1", "--quiet"]
    return subprocess.run(
        [str(postgres.BINARIES / "psql"), *options, url], input=script, capture_output=True, text=True, check=False
    )


def statements() -> dict[str, Any]:
    return {
        campaign: request("get_campaign_usage", "GET", f"/v1/campaigns/{campaign}/usage", query=MONTH).body
        for campaign in ("spring", "mentoring", "reading")
    }


def test_a_dump_restores_every_row_every_statement_and_every_trigger(
    source: World, database_url: str, target: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setenv("DATABASE_URL", database_url)
        expected = statements()

    restored = psql(os.environ["DATABASE_URL"], pg_dump(database_url))

    assert restored.returncode == 0, restored.stderr
    rows = source.state()
    assert {"campaigns", "credit_grants", "credit_movements", "campaign_terms", "billing_events", "invoices"} <= {
        table for table in rows if rows[table]
    }
    assert {row["kind"] for row in source.rows("SELECT DISTINCT kind FROM credit_movements")} >= {
        "burned",
        "returned",
        "expired",
        "withdrawn",
    }
    assert target.state() == rows
    assert target.rows(TRIGGERS) == source.rows(TRIGGERS)
    assert any(trigger["tgenabled"] == "A" for trigger in target.rows(TRIGGERS))
    assert expected["spring"]["usage"]["creditsConsumed"] == "44.500000"
    assert statements() == expected
    with snapshot(ALL_COMPANIES) as db:
        assert check_protection(db).differences == []


def test_a_restored_database_goes_on_where_the_dump_was_taken(database_url: str, target: World) -> None:
    assert psql(os.environ["DATABASE_URL"], pg_dump(database_url)).returncode == 0
    balance = target.balance("spring")
    used = usage_event("spring", eventType="credit_usage", quantity=30, timestamp="2025-01-11T10:00:00Z")

    repeated = track(used)
    further = track(used | {"quantity": 1})

    assert (repeated.body["duplicates"], further.body["recorded"]) == (1, 1)
    assert target.balance("spring") == balance - 1


@pytest.mark.parametrize("only", [(), ("companies", "campaigns", "billing_usage_records")], ids=["all tables", "the ledger"])
def test_data_alone_fails_as_a_whole_in_a_database_that_has_its_triggers_on(
    database_url: str, target: World, only: tuple[str, ...]
) -> None:
    migrate()
    empty = target.state()
    tables = [f"--table={table}" for table in only] or [f"--exclude-table={table}" for table in FILLED_WITH_THE_SCHEMA]

    loaded = psql(os.environ["DATABASE_URL"], pg_dump(database_url, "--data-only", *tables))

    assert loaded.returncode != 0
    assert "ERROR" in loaded.stderr
    assert target.state() == empty


def test_replicated_rows_burn_nothing(source: World) -> None:
    balance, movements = source.balance("spring"), source.rows("SELECT * FROM credit_movements ORDER BY id")

    source.connection.run(
        "BEGIN; SET LOCAL session_replication_role = replica;"
        "INSERT INTO billing_usage_records (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp)"
        " SELECT company_id, id, 'credit_usage', 7, 'replicated', '2025-01-20T00:00:00Z' FROM campaigns WHERE id = 'spring';"
        "COMMIT"
    )

    assert source.value("SELECT count(*) FROM billing_usage_records WHERE deduplication_key = 'replicated'") == 1
    assert source.balance("spring") == balance
    assert source.rows("SELECT * FROM credit_movements ORDER BY id") == movements
