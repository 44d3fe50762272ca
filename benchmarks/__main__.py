"""`make bench`: each operation beside a bare SQL statement that stores the same rows, in one run, on one Postgres."""

import contextlib
import io
import json
import os
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from local import postgres
from local.databases import connect, scratch
from local.runtime import invoke
from tests.world import World, api_event, scheduled_event

JOB_SIZES = {1_000: 9, 10_000: 5, 100_000: 3, 1_000_000: 1}
"""Campaigns, and how many hours of them are run: a small job is over before it can be measured once."""

JOB_LIMIT = 1.5
"""A job takes at most so many times the bare statement."""

BATCHES = 20
HOUR = datetime(2025, 3, 12, 12, tzinfo=UTC)
BARE_SEATS = """
    INSERT INTO billing_usage_records
        (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp, metadata)
    SELECT company_id, id, 'seat_usage', current_volunteers, id || :suffix, :hour, '{"source": "track_seat_usage"}'
    FROM campaigns WHERE is_active AND status = 'active' AND current_volunteers > 0
"""
BARE_EVENTS = """
    INSERT INTO billing_usage_records
        (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp, metadata)
    SELECT 'bench', 'bench-1', 'learner_served', quantity, key, at, '{}'
    FROM jsonb_to_recordset(:events::jsonb) AS e (quantity numeric, key text, at timestamptz)
"""


def main() -> None:
    with postgres.running() as server_url, scratch(server_url) as url:
        os.environ |= {"DATABASE_URL": url, "POWERTOOLS_LOG_LEVEL": "CRITICAL"}
        _quietly(lambda: invoke("migrate", {}))
        world = World(connect(url))
        world.company(id="bench")
        _events(world)
        for size in JOB_SIZES:
            _seat_job(world, size)
        print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


def _events(world: World) -> None:
    _campaigns(world, 1)
    bare = _seconds(lambda: [world.connection.run(BARE_EVENTS, events=json.dumps(_rows(n))) for n in range(BATCHES)])
    first, again = _seconds(_send_all), _seconds(_send_all)
    print(f"{BATCHES} requests of 1,000 events each, through the handler")
    for what, seconds in (("bare statement", bare), ("recorded", first), ("all duplicates", again)):
        print(f"  {what:<16}{BATCHES * 1000 / seconds:>10,.0f} events/s")


def _rows(batch: int) -> list[dict[str, Any]]:
    at = (HOUR + timedelta(days=batch)).isoformat()
    return [{"quantity": n, "key": f"bare-{batch}-{n}", "at": at} for n in range(1000)]


def _send_all() -> None:
    for batch in range(BATCHES):
        _send(batch)


def _send(batch: int) -> None:
    event = {"campaignId": "bench-1", "eventType": "learner_served", "timestamp": (HOUR + timedelta(days=batch)).isoformat()}
    invoke("track_usage", api_event("POST", "/v1/usage-events", {"events": [event | {"quantity": n} for n in range(1000)]}))


def _seat_job(world: World, size: int) -> None:
    _campaigns(world, size)
    bare, first, again = [], [], []
    for n in range(JOB_SIZES[size]):
        hour = HOUR + timedelta(days=len(str(size)), hours=n)
        world.connection.run("DELETE FROM job_progress")
        suffix = f"-bare-{hour:%Y%m%d%H}"
        bare.append(_seconds(lambda: world.connection.run(BARE_SEATS, suffix=suffix, hour=hour - timedelta(hours=12))))  # noqa: B023
        first.append(_seconds(lambda: invoke("track_seat_usage", scheduled_event(hour))))  # noqa: B023
        again.append(_seconds(lambda: invoke("track_seat_usage", scheduled_event(hour))))  # noqa: B023
    ratio = median(first) / median(bare)
    print(
        f"seat job, {size:>9,} campaigns: {median(first):6.2f} s, {ratio:4.2f} × the bare statement's {median(bare):6.2f} s",
        end="",
    )
    print(f" ({'within' if ratio <= JOB_LIMIT else 'OVER'} the limit of {JOB_LIMIT}); run again: {median(again):6.2f} s")


def _campaigns(world: World, size: int) -> None:
    world.connection.run(
        """
        INSERT INTO campaigns (id, company_id, name, status, pricing_model, currency, seat_price_per_month, current_volunteers)
        SELECT 'bench-' || n, 'bench', 'Campaign', 'active', 'seats', 'EUR', 1, 30 FROM generate_series(1, :size::int) n
        ON CONFLICT DO NOTHING
        """,
        size=size,
    )
    world.connection.run("ANALYZE campaigns")
    world.connection.run("CHECKPOINT")


def _seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    _quietly(work)
    return time.perf_counter() - started


def _quietly(work: Callable[[], Any]) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        work()


if __name__ == "__main__":
    main()
