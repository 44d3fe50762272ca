"""Summaries, pages of records and splits through the handlers, beside the bare statements that read the same rows."""

import tempfile
from collections.abc import Iterator
from typing import Any

from benchmarks.measure import Row, in_turn, quietly
from tests.world import World, api_event, invoke

LOAD = """
    INSERT INTO billing_usage_records (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp)
    SELECT 'bench', :campaign::text, 'learner_served', 1, :campaign::text || '-' || n, :start::timestamptz + n * :step::interval
    FROM generate_series(0, :records::int - 1) n
"""
SUM = """
    SELECT sum(quantity) FROM billing_usage_records
    WHERE campaign_id = :campaign AND event_type = 'learner_served'
        AND event_timestamp >= '2025-03-01Z' AND event_timestamp < '2025-04-01Z'
"""
PAGE = """
    SELECT id, campaign_id, event_type, quantity, event_timestamp, created_at, deduplication_key, metadata
    FROM billing_usage_records
    WHERE company_id = 'bench' AND event_timestamp >= '2024-01-01Z' AND event_timestamp < '2025-04-01Z'
    ORDER BY event_timestamp, id LIMIT 1000
"""
SPLIT = """
    SELECT id, name, bundle_allocation_percentage FROM campaigns
    WHERE l2i_subscription_id = 'bench-split' AND is_active AND status = 'active' ORDER BY id
"""


def run(world: World, quick: bool) -> Iterator[Row]:
    runs = 20 if quick else 60
    world.campaign("bench", "iaas", id="summary")
    _load(world, "summary", 1_000, "2025-03-01T00:00Z", "40 minutes")
    world.campaign("bench", "iaas", id="others")
    there = 0
    for size in (10_000, 1_000_000) if quick else (10_000, 1_000_000, 10_000_000):
        world.connection.run(
            LOAD.replace("|| n,", f"|| '-{there}-' || n,"),
            campaign="others",
            start="2024-01-01Z",
            step="1 second",
            records=size - there,
        )
        there = size
        world.connection.run("VACUUM ANALYZE billing_usage_records")
        world.connection.run("CHECKPOINT")
        yield _summary(world, runs, "summary", f"summary of a month, ledger of {size:,}", allowance=0.003)
    yield _page(world, runs)
    yield _split(world, runs)
    world.campaign("bench", "iaas", id="large")
    _load(world, "large", 100_000 if quick else 1_000_000, "2025-03-01T00:00Z", "2 seconds")
    world.connection.run("VACUUM ANALYZE billing_usage_records")
    yield _summary(world, 5, "large", f"summary of {'100,000' if quick else 'a million'} records in a month")


def _load(world: World, campaign: str, records: int, start: str, step: str) -> None:
    world.connection.run(LOAD, campaign=campaign, start=start, step=step, records=records)


def _summary(world: World, runs: int, campaign: str, name: str, allowance: float = 0.0) -> Row:
    bare = world.connection.prepare(SUM)
    query = {"start": "2025-03-01", "end": "2025-04-01"}
    request = api_event("GET", f"/v1/campaigns/{campaign}/usage", query=query)
    _expect_200("get_campaign_usage", request)
    ours, limit = in_turn(runs, lambda _: invoke("get_campaign_usage", request), lambda _: bare.run(campaign=campaign))
    return Row(name, "the bare sum", ours, limit, 1.5, allowance=allowance)


def _page(world: World, runs: int) -> Row:
    """A page of a thousand records beside a COPY of the same thousand to a file."""
    query = {"start": "2024-01-01", "end": "2025-04-01", "limit": "1000"}
    request = api_event("GET", "/v1/companies/bench/usage-records", query=query)
    _expect_200("list_usage_records", request)
    copy = f"COPY ({PAGE}) TO STDOUT"

    def bare(_: int) -> None:
        with tempfile.TemporaryFile() as file:
            world.connection.run(copy, stream=file)

    ours, limit = in_turn(runs, lambda _: invoke("list_usage_records", request), bare)
    return Row("page of 1,000 of a million records", "COPY of the same rows to a file", ours, limit, 0.25, "share", 1000)


def _split(world: World, runs: int) -> Row:
    subscription = world.subscription("bench", id="bench-split")
    for number in range(1_000):
        world.campaign(
            "bench", "bundle", id=f"share-{number}", l2i_subscription_id=subscription, bundle_allocation_percentage="0.0010"
        )
    world.connection.run("ANALYZE campaigns")
    bare = world.connection.prepare(SPLIT)
    request = api_event("GET", f"/v1/subscriptions/{subscription}/allocation")
    _expect_200("split_bundle", request)
    ours, limit = in_turn(runs, lambda _: invoke("split_bundle", request), lambda _: bare.run())
    return Row("split of a bundle, 1,000 campaigns", "the bare query", ours, limit, 3)


def _expect_200(function: str, request: dict[str, Any]) -> None:
    answers: list[dict[str, Any]] = []
    quietly(lambda: answers.append(invoke(function, request)))
    if answers[0]["statusCode"] != 200:
        raise AssertionError(answers[0]["body"])
