"""Runs of a job at the same time, as a repeated delivery starts them: they take turns (design §7)."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from local.aws_events import scheduled_event
from local.databases import connect
from tests.world import World, invoke

HOUR = datetime(2025, 3, 12, 10, tzinfo=UTC)


def test_a_run_begins_no_chunk_while_another_run_of_its_job_is_at_one(world: World, database_url: str) -> None:
    world.campaign(world.company(), current_volunteers=5, start_date="2025-01-01", end_date="2025-12-31")
    other = connect(database_url)
    other.run("BEGIN")
    other.run("SELECT pg_advisory_xact_lock(hashtext('campaign billing: track_seat_usage'))")

    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(invoke, "track_seat_usage", scheduled_event(HOUR))
        while not world.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            assert not run.done()
            time.sleep(0.01)
        before = world.ledger()
        other.run("COMMIT")
        created = run.result()["usageRecordsCreated"]

    other.close()
    assert (before, created, len(world.ledger())) == ([], 1, 1)
