"""What a job does with an hour that has not come, with more than it can do at once, and with a bus that hangs (design §7)."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from billing.database import session as database
from billing.errors import Invalid, JobFailed
from billing.jobs import run as runs
from local.aws_events import scheduled_event
from tests.world import World, invoke

NOON = datetime(2025, 3, 12, 12, tzinfo=UTC)


@pytest.mark.parametrize("job", ["track_seat_usage", "track_credit_usage"])
@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(days=6 * 365)], ids=["an hour", "six years"])
def test_an_hour_ahead_of_the_databases_clock_is_refused_and_leaves_nothing(world: World, job: str, ahead: timedelta) -> None:
    world.campaign(world.company(), "seats", current_volunteers=12)

    with pytest.raises(Invalid, match="ahead of the database's clock"):
        invoke(job, scheduled_event(world.value("SELECT clock_timestamp()") + ahead))

    assert world.ledger() == []
    assert invoke("track_seat_usage", scheduled_event(NOON))["usageRecordsCreated"] == 1


@contextmanager
def slow_records(world: World, seconds: float, campaign: str) -> Iterator[None]:
    """Let every record of a campaign take a time."""
    world.connection.run(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN PERFORM pg_sleep({seconds}); RETURN NEW; END $$;"
        "CREATE TRIGGER slow BEFORE INSERT ON billing_usage_records FOR EACH ROW"
        f" WHEN (NEW.campaign_id = '{campaign}') EXECUTE FUNCTION slow()"
    )
    try:
        yield
    finally:
        world.connection.run("DROP FUNCTION slow CASCADE")


def act(world: World, campaign: str, hours: int) -> None:
    """An activity in each of the hours up to noon."""
    for hour in range(hours):
        world.insert(
            "campaign_activities", campaign_id=campaign, kind="session", quantity=1, occurred_at=NOON - timedelta(hours=hour)
        )


def test_a_backlog_that_takes_longer_than_a_statement_may_is_done_in_smaller_chunks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = world.company()
    large, small = (world.campaign(company, "credits", id=name) for name in ("a-large", "b-small"))
    act(world, large, 40)
    act(world, small, 1)
    monkeypatch.setenv("DATABASE_STATEMENT_TIMEOUT", "2")
    monkeypatch.setattr(runs, "CHUNK_CAMPAIGNS", 64)

    with slow_records(world, 0.1, large):
        result = invoke("track_credit_usage", scheduled_event(NOON))

    assert (result["success"], result["usageRecordsCreated"]) == (True, 41)
    assert (world.balance(large), world.balance(small)) == (9960, 9999)


def test_a_campaign_that_takes_too_long_whatever_the_chunk_is_named_and_all_others_are_charged(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = world.company()
    before, stuck, after = (world.campaign(company, "credits", id=name) for name in ("a", "b-stuck", "c"))
    for campaign in (before, stuck, after):
        act(world, campaign, 1)
    monkeypatch.setenv("DATABASE_STATEMENT_TIMEOUT", "1")
    monkeypatch.setattr(runs, "CHUNK_CAMPAIGNS", 4)

    with slow_records(world, 5, stuck), pytest.raises(JobFailed, match=stuck):
        invoke("track_credit_usage", scheduled_event(NOON))

    assert {row["campaign_id"] for row in world.ledger()} == {before, after}
    assert world.value("SELECT result #>> '{errors,0,error}' FROM job_executions") == "it takes too long"
    database.disconnect()


def test_a_bus_that_takes_the_connection_and_says_nothing_costs_seconds_and_no_charge(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = world.company()
    campaigns = [world.campaign(company, "credits", credit_allocation=1) for _ in range(13)]
    for campaign in campaigns:
        act(world, campaign, 1)
    for name, value in {
        "ALERT_BUS_NAME": "alerts",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)

    with socket.create_server(("127.0.0.1", 0)) as bus:
        monkeypatch.setenv("AWS_ENDPOINT_URL_EVENTBRIDGE", f"http://127.0.0.1:{bus.getsockname()[1]}")
        began = time.monotonic()
        result = invoke("track_credit_usage", scheduled_event(NOON))
        took = time.monotonic() - began

    assert (result["success"], result["usageRecordsCreated"]) == (True, 13)
    assert world.value("SELECT count(*) FROM billing_events WHERE published_at IS NULL") == 26
    assert took < 30
