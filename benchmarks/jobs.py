"""The hourly jobs through their handlers, each beside a bare statement that stores the same rows."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.measure import Row, seconds
from benchmarks.rows import campaigns
from local.aws_events import scheduled_event
from tests.world import World, invoke

SEAT_SIZES = {1_000: 9, 10_000: 5, 100_000: 3, 1_000_000: 1}
"""The hours to run, by the number of campaigns: a small job ends too soon for one run of it to be measured."""

CREDIT_SIZES = {1_000: 9, 10_000: 5, 100_000: 3}
"""The same for the credit job, which charges two activities of each campaign in a run."""

QUICK_SIZES = {1_000: 5, 10_000: 3}
TARGET, AGAIN_TARGET = 1.3, 0.3
HOUR = datetime(2025, 3, 12, 12, tzinfo=UTC)
BARE_SEATS = """
    INSERT INTO billing_usage_records
        (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp, metadata)
    SELECT company_id, id, 'seat_usage', current_volunteers, id || :suffix, :hour, '{"source": "track_seat_usage"}'
    FROM campaigns WHERE is_active AND status = 'active' AND current_volunteers > 0
"""
BARE_CREDITS = """
    INSERT INTO billing_usage_records
        (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp, metadata)
    SELECT company_id, campaign_id, 'credit_usage', quantity, 'bare-' || a.id, occurred_at, '{"source": "track_credit_usage"}'
    FROM campaign_activities a JOIN campaigns c ON c.id = a.campaign_id WHERE usage_record_id IS NULL
"""


def run(world: World, quick: bool) -> Iterator[Row]:
    for size, runs in (QUICK_SIZES if quick else SEAT_SIZES).items():
        yield from _seats(world, size, runs)
    world.connection.run("UPDATE campaigns SET is_active = false")
    for size, runs in (QUICK_SIZES if quick else CREDIT_SIZES).items():
        yield from _credits(world, size, runs)


def _seats(world: World, size: int, runs: int) -> Iterator[Row]:
    campaigns(world, "bench", "seats", size, {"seat_price_per_month": "1", "current_volunteers": 30})
    _settle(world, "campaigns")
    bare, first, again = [], [], []
    for n in range(runs):
        hour = HOUR + timedelta(days=len(str(size)), hours=n)
        suffix, before = f"-bare-{hour:%Y%m%d%H}", hour - timedelta(hours=12)
        world.connection.run("DELETE FROM job_progress")
        bare.append(seconds(lambda: world.connection.run(BARE_SEATS, suffix=suffix, hour=before)))  # noqa: B023
        first.append(_run("track_seat_usage", hour, size))
        again.append(_run("track_seat_usage", hour, 0))
    yield Row(f"seat job, {size:,} campaigns", "INSERT … SELECT", first, bare, TARGET)
    yield Row(f"seat job run again, {size:,}", "the first run", again, first, AGAIN_TARGET)


def _credits(world: World, size: int, runs: int) -> Iterator[Row]:
    terms = {"credit_allocation": "1000000", "credit_price": "1", "credit_consumption_rate": "1"}
    campaigns(world, "bench", "credits", size, terms)
    _settle(world, "campaigns")
    bare, first, again = [], [], []
    for n in range(runs):
        _activities(world, size, f"job-{size}-{n}")
        bare.append(seconds(lambda: world.connection.run(BARE_CREDITS)))
        hour = HOUR + timedelta(hours=n)
        first.append(_run("track_credit_usage", hour, 2 * size))
        again.append(_run("track_credit_usage", hour, 0))
    yield Row(f"credit job, {size:,} campaigns", "INSERT … SELECT", first, bare, TARGET)
    yield Row(f"credit job run again, {size:,}", "the first run", again, first, AGAIN_TARGET)


def _run(job: str, hour: datetime, records: int) -> float:
    """Seconds of a run, which has to make that many records."""
    results = []
    took = seconds(lambda: results.append(invoke(job, scheduled_event(hour))))
    if results[0]["usageRecordsCreated"] != records:
        raise AssertionError(results[0])
    return took


def _activities(world: World, size: int, name: str) -> None:
    world.connection.run(
        """
        INSERT INTO campaign_activities (id, campaign_id, kind, quantity, occurred_at)
        SELECT concat_ws('-', :name::text, kind, n), 'bench-credits-' || n, kind, 2, '2025-03-12T11:30Z'
        FROM generate_series(1, :size::int) n, unnest(ARRAY['session', 'evidence']) kind
        """,
        name=name,
        size=size,
    )
    _settle(world, "campaign_activities")


def _settle(world: World, table: str) -> None:
    """So that neither a checkpoint nor missing statistics of new rows count as the job's time."""
    world.connection.run(f"ANALYZE {table}")
    world.connection.run("CHECKPOINT")
