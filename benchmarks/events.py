"""Requests of 1,000 events each, through the handler, beside a bare statement that stores the same rows."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.measure import seconds
from local.runtime import invoke
from tests.world import World, api_event

BATCHES = 20
START = datetime(2025, 3, 12, 12, tzinfo=UTC)
BARE = """
    INSERT INTO billing_usage_records
        (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp, metadata)
    SELECT 'bench', 'bench-events', 'learner_served', quantity, key, at, '{}'
    FROM jsonb_to_recordset(:events::jsonb) AS e (quantity numeric, key text, at timestamptz)
"""


def run(world: World) -> None:
    world.campaign("bench", "iaas", id="bench-events")
    bare = seconds(lambda: [world.connection.run(BARE, events=json.dumps(_rows(n))) for n in range(BATCHES)])
    first, again = seconds(_send_all), seconds(_send_all)
    print(f"{BATCHES} requests of 1,000 events each, through the handler")
    for what, time in (("bare statement", bare), ("recorded", first), ("all duplicates", again)):
        print(f"  {what:<16}{BATCHES * 1000 / time:>10,.0f} events/s")


def _rows(batch: int) -> list[dict[str, Any]]:
    at = (START + timedelta(days=batch)).isoformat()
    return [{"quantity": n, "key": f"bare-{batch}-{n}", "at": at} for n in range(1000)]


def _send_all() -> None:
    for batch in range(BATCHES):
        _send(batch)


def _send(batch: int) -> None:
    at = (START + timedelta(days=batch)).isoformat()
    event = {"campaignId": "bench-events", "eventType": "learner_served", "timestamp": at}
    invoke("track_usage", api_event("POST", "/v1/usage-events", {"events": [event | {"quantity": n} for n in range(1000)]}))
