"""The hourly jobs through their handlers, each beside a bare statement that stores the same rows."""

from datetime import UTC, datetime, timedelta
from statistics import median

from benchmarks.measure import seconds, verdict
from local.aws_events import scheduled_event
from local.runtime import invoke
from tests.world import World

SEAT_SIZES = {1_000: 9, 10_000: 5, 100_000: 3, 1_000_000: 1}
"""Campaigns, and how many hours of them are run: a small job is over before it can be measured once."""

CREDIT_SIZES = {1_000: 15, 10_000: 5, 100_000: 3}
"""The same; of each campaign two activities are charged in a run."""

LIMIT = 1.5
"""A job takes at most so many times the bare statement."""

HOUR = datetime(2025, 3, 12, 12, tzinfo=UTC)
BARE_SEATS = """
    INSERT INTO billing_usage_records
        (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp, metadata)
    SELECT company_id, id, 'seat_usage', current_volunteers, id || :suffix, :hour, '{"source": "track_seat_usage"}'
    FROM campaigns WHERE is_active AND status = 'active' AND current_volunteers > 0
"""
BARE_CREDITS = """
    WITH charged AS (
        INSERT INTO billing_usage_records
            (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp, metadata)
        SELECT company_id, campaign_id, 'credit_usage', quantity, a.id, occurred_at, '{"source": "track_credit_usage"}'
        FROM campaign_activities a JOIN campaigns c ON c.id = a.campaign_id WHERE usage_record_id IS NULL
        RETURNING id, deduplication_key
    )
    UPDATE campaign_activities a SET usage_record_id = charged.id FROM charged WHERE a.id = charged.deduplication_key
"""


def seats(world: World) -> None:
    for size, runs in SEAT_SIZES.items():
        _seats(world, size, runs)


def credits(world: World) -> None:
    for size, runs in CREDIT_SIZES.items():
        _credits(world, size, runs)


def _seats(world: World, size: int, runs: int) -> None:
    _campaigns(world, size, "seats", "seat_price_per_month, current_volunteers", "1, 30")
    bare, first, again = [], [], []
    for n in range(runs):
        hour = HOUR + timedelta(days=len(str(size)), hours=n)
        suffix, event = f"-bare-{hour:%Y%m%d%H}", scheduled_event(hour)
        world.connection.run("DELETE FROM job_progress")
        bare.append(seconds(lambda: world.connection.run(BARE_SEATS, suffix=suffix, hour=hour - timedelta(hours=12))))  # noqa: B023
        first.append(seconds(lambda: invoke("track_seat_usage", event)))  # noqa: B023
        again.append(seconds(lambda: invoke("track_seat_usage", event)))  # noqa: B023
    _report("seat job", size, bare, first, again)


def _credits(world: World, size: int, runs: int) -> None:
    _campaigns(world, size, "credits", "credit_allocation, credit_price, credit_consumption_rate", "1000000, 1, 1")
    bare, first, again = [], [], []
    for n in range(runs):
        event = scheduled_event(HOUR + timedelta(hours=n))
        _activities(world, size, f"bare-{size}-{n}")
        bare.append(seconds(lambda: world.connection.run(BARE_CREDITS)))
        _activities(world, size, f"job-{size}-{n}")
        first.append(seconds(lambda: invoke("track_credit_usage", event)))  # noqa: B023
        again.append(seconds(lambda: invoke("track_credit_usage", event)))  # noqa: B023
    _report("credit job", size, bare, first, again)


def _report(job: str, size: int, bare: list[float], first: list[float], again: list[float]) -> None:
    ratio = median(first) / median(bare)
    took = f"{median(first):6.2f} s, {ratio:4.2f} × the bare statement's {median(bare):6.2f} s"
    print(f"{job:<10}{size:>10,} campaigns: {took} ({verdict(ratio, LIMIT)}); run again: {median(again):6.2f} s")


def _campaigns(world: World, size: int, model: str, columns: str, values: str) -> None:
    world.connection.run(
        f"""
        INSERT INTO campaigns (id, company_id, name, status, pricing_model, currency, {columns})
        SELECT '{model}-' || n, 'bench', 'Campaign', 'active', '{model}', 'EUR', {values}
        FROM generate_series(1, :size::int) n ON CONFLICT DO NOTHING
        """,
        size=size,
    )
    _settle(world, "campaigns")


def _activities(world: World, size: int, name: str) -> None:
    world.connection.run(
        """
        INSERT INTO campaign_activities (id, campaign_id, kind, quantity, occurred_at)
        SELECT concat_ws('-', :name::text, kind, n), 'credits-' || n, kind, 2, '2025-03-12T11:30Z'
        FROM generate_series(1, :size::int) n, unnest(ARRAY['session', 'evidence']) kind
        """,
        name=name,
        size=size,
    )
    _settle(world, "campaign_activities")


def _settle(world: World, table: str) -> None:
    """Neither a checkpoint nor the planner's ignorance of new rows is the job's."""
    world.connection.run(f"ANALYZE {table}")
    world.connection.run("CHECKPOINT")
