"""Usage events through the handlers, beside the bare statement that stores the same rows in the same table."""

import json
import multiprocessing
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from benchmarks.measure import Row, in_turn, quietly
from billing.database import session as database
from local import postgres
from local.databases import connect
from tests.world import World, api_event, invoke

EVENTS = 1000
CALLERS = 8
START = datetime(2025, 3, 12, 12, tzinfo=UTC)
BARE = """
    INSERT INTO billing_usage_records
        (company_id, campaign_id, event_type, quantity, deduplication_key, event_id, event_timestamp, metadata)
    SELECT 'bench', campaign, type, quantity, key, event_id, at, metadata
    FROM jsonb_to_recordset(:rows::jsonb)
        AS e (campaign text, type text, quantity numeric, key text, event_id text, at timestamptz, metadata jsonb)
    ON CONFLICT DO NOTHING
"""
SINGLE = """
\\set n random(1, 1000000000000)
INSERT INTO billing_usage_records
    (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp, metadata)
VALUES ('bench', 'bench-0', 'learner_served', 1, 'bench-0-learner_served-20250312120000-' || md5(:n::text),
    '2025-03-12T12:00Z', '{}') ON CONFLICT DO NOTHING RETURNING id;
"""


def run(world: World, quick: bool) -> Iterator[Row]:
    runs = 8 if quick else 30
    for number in range(100):
        world.campaign("bench", "iaas", id=f"bench-{number}")
        world.campaign("bench", "credits", id=f"credits-{number}", credit_allocation="1000000000")
    yield _single(runs)
    yield _batches(world, runs, rich=False)
    yield _batches(world, runs, rich=True)
    yield _callers(1 if quick else 5, rich=False)
    yield _callers(1 if quick else 5, rich=True)
    yield _duplicates(runs)
    yield _credits(runs)
    yield _queue(world, runs)


def _single(runs: int) -> Row:
    """Fifty of each, in turn; the limit is the latency that pgbench reports."""
    ours, limit = [], []
    for number in range(max(4, runs // 4)):
        batch = [_event(f"single-{number}", n) for n in range(50)]
        if number == 0:
            quietly(lambda: _send_each(batch[:5]))  # noqa: B023
        took = _seconds(lambda: _send_each(batch))  # noqa: B023
        ours.append(took / len(batch))
        limit.append(_pgbench(transactions=100))
    return Row("single event", "pgbench, the same insert, prepared", ours, limit, 3)


def _batches(world: World, runs: int, rich: bool) -> Row:
    what = "with metadata and ids" if rich else "plain"
    name = f"batch of 1,000, {what}"
    ours, limit = in_turn(
        runs,
        lambda n: _send(_events(f"{what}-{n}", rich)),
        lambda n: world.connection.run(BARE, rows=_rows(f"bare-{what}-{n}", rich)),
    )
    return Row(name, "one INSERT of the same rows", ours, limit, 0.6, "share", EVENTS)


def _callers(runs: int, rich: bool) -> Row:
    what = "with metadata and ids" if rich else "plain"
    times = {ours: [_all_at_once(ours, number, rich) for number in range(runs)] for ours in (True, False)}
    units = CALLERS * 5 * EVENTS
    return Row(f"8 callers, {what}", "8 clients, the same INSERTs", times[True], times[False], 0.6, "share", units)


def _all_at_once(ours: bool, number: int, rich: bool) -> float:
    """Seconds in which all callers, each a process with a connection, send five batches."""
    context = multiprocessing.get_context("fork")
    database.disconnect()
    ready, go = context.Barrier(CALLERS + 1), context.Barrier(CALLERS + 1)
    processes = [
        context.Process(target=_call, args=(ours, f"{number}-{caller}-{rich}", rich, ready, go)) for caller in range(CALLERS)
    ]
    for process in processes:
        process.start()
    ready.wait()
    started = time.perf_counter()
    go.wait()
    for process in processes:
        process.join()
    return time.perf_counter() - started


def _call(ours: bool, name: str, rich: bool, ready: Any, go: Any) -> None:
    connection = connect(_url())
    batches = [(_events if ours else _rows)(f"{name}-{ours}-{n}", rich) for n in range(5)]
    requests = [api_event("POST", "/v1/usage-events", {"events": batch}) for batch in batches] if ours else []
    if ours:
        quietly(lambda: _send([_event(f"{name}-warm", 0)]))
    ready.wait()
    go.wait()
    for n in range(5):
        if ours:
            quietly(lambda: invoke("track_usage", requests[n]))  # noqa: B023
        else:
            connection.run(BARE, rows=batches[n])


def _duplicates(runs: int) -> Row:
    ours, limit = [], []
    for number in range(runs):
        request = _request(_events(f"twice-{number}", rich=False))
        limit.append(_seconds(lambda: invoke("track_usage", request)))  # noqa: B023
        ours.append(_seconds(lambda: invoke("track_usage", request)))  # noqa: B023
    return Row("batch of duplicates", "the batch when it was new", ours, limit, 1, "share", EVENTS)


def _credits(runs: int) -> Row:
    """A thousand credit events over a hundred campaigns, each with its balance."""
    ours, limit = in_turn(
        runs,
        lambda n: _send([_event(f"credits-{n}", i, "credits", "credit_usage") for i in range(EVENTS)]),
        lambda n: _send([_event(f"learners-{n}", i) for i in range(EVENTS)]),
    )
    return Row("batch of credit events", "the same batch of learners", ours, limit, 0.6, "share", EVENTS)


def _queue(world: World, runs: int) -> Row:
    def deliver(n: int) -> None:
        bodies = [json.dumps(event) for event in _events(f"queue-{n}", rich=True)]
        records = [{"messageId": str(i), "body": body, "eventSource": "aws:sqs"} for i, body in enumerate(bodies)]
        invoke("ingest_usage", {"Records": records})

    ours, limit = in_turn(runs, deliver, lambda n: world.connection.run(BARE, rows=_rows(f"bare-queue-{n}", rich=True)))
    return Row("queue, one consumer, with metadata and ids", "one INSERT of the same rows", ours, limit, 0.5, "share", EVENTS)


def _event(
    name: str, n: int, campaign: str = "bench", event_type: str = "learner_served", rich: bool = False
) -> dict[str, Any]:
    # No two names have events in common: each has seconds of its own.
    at = START + timedelta(seconds=hash(name) % 10**7)
    event = {"campaignId": f"{campaign}-{n % 100}", "eventType": event_type, "quantity": n, "timestamp": at.isoformat()}
    return event | ({"id": f"{name}-{n}", "metadata": _metadata(n)} if rich else {})


def _metadata(n: int) -> dict[str, Any]:
    return {"source": "learning-platform", "course": f"course-{n % 50}", "minutes": n / 4}


def _events(name: str, rich: bool) -> list[dict[str, Any]]:
    return [_event(name, n, rich=rich) for n in range(EVENTS)]


def _rows(name: str, rich: bool) -> str:
    rows = [
        {
            "campaign": event["campaignId"],
            "type": event["eventType"],
            "quantity": event["quantity"],
            "key": f"{event['campaignId']}-learner_served-20250312120000-{name}-{n:032}",
            "event_id": event.get("id"),
            "at": event["timestamp"],
            "metadata": event.get("metadata", {}),
        }
        for n, event in enumerate(_events(name, rich))
    ]
    return json.dumps(rows)


def _request(events: list[dict[str, Any]]) -> dict[str, Any]:
    return api_event("POST", "/v1/usage-events", {"events": events})


def _send(events: list[dict[str, Any]]) -> None:
    invoke("track_usage", _request(events))


def _send_each(events: list[dict[str, Any]]) -> None:
    for event in events:
        _send([event])


def _seconds(work: Any) -> float:
    started = time.perf_counter()
    quietly(work)
    return time.perf_counter() - started


def _url() -> str:
    return os.environ["DATABASE_URL"]


def _pgbench(transactions: int) -> float:
    """Seconds of a prepared insert, from one client."""
    url = urlsplit(_url())
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(SINGLE)
        script.flush()
        command = [str(postgres.BINARIES / "pgbench"), "-n", "-M", "prepared", "-t", str(transactions), "-f", script.name]
        where = ["-h", str(url.hostname), "-p", str(url.port), "-U", str(url.username), url.path.lstrip("/")]
        environment = {"PGPASSWORD": url.password or ""}
        done = subprocess.run([*command, *where], env=environment, check=True, capture_output=True, text=True)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("latency average")]
    return float(line.split()[3]) / 1000
