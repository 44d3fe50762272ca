"""The hourly seat job (design §7), fired as EventBridge fires it."""

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.database import session as database
from billing.errors import JobFailed
from local.aws_events import Context, scheduled_event
from tests.world import World, invoke

NOON = datetime(2025, 3, 12, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def run(instant: datetime = NOON) -> Any:
    return invoke("track_seat_usage", scheduled_event(instant))


def set_volunteers(world: World, campaign: str, count: int) -> None:
    world.connection.run("UPDATE campaigns SET current_volunteers = :count WHERE id = :id", count=count, id=campaign)


@contextmanager
def refused(world: World, campaign: str) -> Iterator[None]:
    """The database takes no record of a campaign."""
    world.connection.run(
        "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF NEW.campaign_id = '{campaign}' THEN RAISE 'no seat for this one'; END IF; RETURN NEW; END $$;"
        "CREATE TRIGGER broken BEFORE INSERT ON billing_usage_records FOR EACH ROW EXECUTE FUNCTION broken()"
    )
    yield
    world.connection.run("DROP FUNCTION broken CASCADE")


def test_each_running_campaign_gets_one_record_at_the_hour_of_the_event(world: World) -> None:
    company = world.company()
    active = world.campaign(company, current_volunteers=30)
    recruiting = world.campaign(company, current_volunteers=5, status="recruiting")
    for other in ({"status": "paused"}, {"is_active": False}, {"current_volunteers": 0}, {"end_date": "2025-03-11"}):
        world.campaign(company, **{"current_volunteers": 9} | other)

    result = run(NOON + timedelta(minutes=59, seconds=59))

    assert {(row["campaign_id"], row["quantity"], row["event_timestamp"]) for row in world.ledger()} == {
        (active, 30, NOON),
        (recruiting, 5, NOON),
    }
    assert (result["success"], result["campaignsProcessed"], result["usageRecordsCreated"]) == (True, 2, 2)
    assert "estimated" not in world.ledger()[0]["metadata"]


def test_an_hour_is_charged_once_and_the_first_count_stands(world: World) -> None:
    campaign = world.campaign(world.company(), current_volunteers=30)
    run()
    set_volunteers(world, campaign, 50)

    again = run()

    assert [row["quantity"] for row in world.ledger()] == [30]
    assert (again["usageRecordsCreated"], again["duplicatesDetected"]) == (0, 1)


def test_missed_hours_are_filled_and_marked_as_estimated(world: World) -> None:
    campaign = world.campaign(world.company(), current_volunteers=30)
    run()
    set_volunteers(world, campaign, 40)

    result = run(NOON + 3 * HOUR)

    records = [(row["event_timestamp"], row["quantity"], row["metadata"].get("estimated")) for row in world.ledger()]
    assert records == [
        (NOON, 30, None),
        (NOON + HOUR, 40, True),
        (NOON + 2 * HOUR, 40, True),
        (NOON + 3 * HOUR, 40, None),
    ]
    assert (result["campaignsProcessed"], result["usageRecordsCreated"]) == (1, 3)


def test_the_first_run_of_all_fills_nothing_and_a_gap_is_filled_for_seven_days_at_most(world: World) -> None:
    world.campaign(world.company(), current_volunteers=30)
    run()
    assert len(world.ledger()) == 1

    run(NOON + timedelta(days=30))

    assert len(world.ledger()) == 1 + 7 * 24 + 1


def test_a_late_delivery_charges_its_own_hour_only(world: World) -> None:
    world.campaign(world.company(), current_volunteers=30)
    run()
    run(NOON + HOUR)

    late = run(NOON - 5 * HOUR)
    after = run(NOON + 2 * HOUR)

    assert [result["usageRecordsCreated"] for result in (late, after)] == [1, 1]


def test_missed_hours_are_filled_without_stored_results_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAVE_JOB_RESULTS", "false")
    world.campaign(world.company(), current_volunteers=30)
    run()

    run(NOON + 2 * HOUR)

    assert len(world.ledger()) == 3
    assert world.rows("SELECT * FROM job_executions") == []


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        ("Europe/Oslo", datetime(2025, 3, 29, 23, tzinfo=UTC), datetime(2025, 3, 30, 21, tzinfo=UTC)),
        ("America/New_York", datetime(2025, 3, 30, 4, tzinfo=UTC), datetime(2025, 3, 31, 3, tzinfo=UTC)),
        ("Asia/Kolkata", datetime(2025, 3, 29, 19, tzinfo=UTC), datetime(2025, 3, 30, 18, tzinfo=UTC)),
    ],
)
def test_the_date_range_runs_from_midnight_to_midnight_of_the_company(
    world: World, zone: str, first: datetime, last: datetime
) -> None:
    day = {"start_date": "2025-03-30", "end_date": "2025-03-30"}
    world.campaign(world.company(time_zone=zone), current_volunteers=1, **day)

    created = [run(hour)["usageRecordsCreated"] for hour in (first - HOUR, first, last, last + HOUR)]

    assert created[0::3] == [0, 0]
    assert {row["event_timestamp"] for row in world.ledger()} == {first + n * HOUR for n in range((last - first) // HOUR + 1)}


def test_a_campaign_that_cannot_be_charged_is_reported_and_all_others_are_charged(world: World) -> None:
    company = world.company()
    campaigns = [world.campaign(company, current_volunteers=1) for _ in range(20)]

    with refused(world, campaigns[7]), pytest.raises(JobFailed):
        run()

    execution = world.rows("SELECT status, result FROM job_executions")[0]
    assert {row["campaign_id"] for row in world.ledger()} == {*campaigns} - {campaigns[7]}
    assert execution["status"] == "failed"
    assert execution["result"]["errors"] == [{"campaignId": campaigns[7], "error": "no seat for this one"}]
    assert run()["usageRecordsCreated"] == 1


def test_an_hour_in_which_a_campaign_failed_is_filled_by_the_next_run(world: World) -> None:
    company = world.company()
    campaigns = [world.campaign(company, current_volunteers=1) for _ in range(3)]
    run()
    with refused(world, campaigns[1]), pytest.raises(JobFailed):
        run(NOON + HOUR)

    assert run(NOON + 2 * HOUR)["usageRecordsCreated"] == 4

    hours = [row["event_timestamp"] for row in world.ledger() if row["campaign_id"] == campaigns[1]]
    assert sorted(hours) == [NOON, NOON + HOUR, NOON + 2 * HOUR]


def run_in_a_process(url: str, instant: datetime) -> Any:
    os.environ["DATABASE_URL"] = url
    return run(instant)


def test_two_runs_at_once_charge_each_hour_once_ten_times_over(world: World, database_url: str) -> None:
    company = world.company()
    for _ in range(50):
        world.campaign(company, current_volunteers=3)
    database.disconnect()

    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for n in range(10):
            results = pool.starmap(run_in_a_process, [(database_url, NOON + n * HOUR)] * 2, chunksize=1)

            assert sum(result["usageRecordsCreated"] for result in results) == 50
            assert len(world.ledger()) == 50 * (n + 1)


def test_the_result_is_stored_as_it_is_answered(world: World) -> None:
    world.campaign(world.company(), current_volunteers=30)

    result = run()

    stored = world.rows("SELECT id, job_name, scheduled_for, status, result FROM job_executions")[0]
    assert (stored["job_name"], stored["scheduled_for"], stored["status"]) == ("track_seat_usage", NOON, "succeeded")
    assert (stored["result"], str(stored["id"])) == (result, result["jobId"])


def test_a_run_out_of_time_keeps_what_is_done_and_the_next_does_the_rest(world: World) -> None:
    world.campaign(world.company(), current_volunteers=30)
    run()
    context = Context()
    # After two of five hours there is no time for another chunk.
    answers = iter([900, 900, 9])
    context.get_remaining_time_in_millis = lambda: next(answers) * 1000  # type: ignore[method-assign]

    with pytest.raises(JobFailed, match="time"):
        invoke("track_seat_usage", scheduled_event(NOON + 5 * HOUR), context)

    assert len(world.ledger()) == 3
    assert run(NOON + 5 * HOUR)["usageRecordsCreated"] == 3
    assert [row["event_timestamp"] for row in world.ledger()] == [NOON + n * HOUR for n in range(6)]


@pytest.mark.parametrize("time", [None, "yesterday", "2025-03-12T12:00:00"])
def test_an_event_without_its_time_is_refused(world: World, time: str | None) -> None:
    with pytest.raises(ValueError, match="offset"):
        invoke("track_seat_usage", scheduled_event(NOON) | {"time": time})
