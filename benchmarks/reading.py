"""Summaries, pages of records and splits through the handlers, beside the bare statements that read the same rows."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pg8000.native import PreparedStatement

from benchmarks.measure import Row, in_turn, quietly
from benchmarks.rows import campaigns
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
PORTFOLIO = """
    INSERT INTO billing_usage_records (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp)
    SELECT company_id, id, kind, 1 + n % 13, concat_ws('-', id, n), date_trunc('hour', now()) - n * step
    FROM campaigns
    JOIN (VALUES ('seats', 'seat_usage', interval '8 hours'), ('credits', 'credit_usage', '1 day'),
        ('bundle', 'learner_served', '1 day'), ('iaas', 'learner_served', '1 day'), ('custom', 'session_completed', '1 day')
    ) AS used (model, kind, step) ON model = pricing_model
    CROSS JOIN generate_series(0, 269) n
    WHERE company_id = 'portfolio' AND n * step < interval '90 days'
"""
AGGREGATES = """
    SELECT campaign_id, event_type, date_trunc('month', hour), sum(quantity), max(quantity) FROM (
        SELECT campaign_id, event_type, date_bin('1 hour', event_timestamp, '2000-01-01Z') AS hour,
            CASE event_type WHEN 'seat_usage' THEN max(quantity) ELSE sum(quantity) END AS quantity
        FROM billing_usage_records
        WHERE campaign_id IN (SELECT id FROM campaigns WHERE company_id = 'portfolio')
            AND event_timestamp >= date_trunc('month', now()) - :months * interval '1 month'
        GROUP BY campaign_id, event_type, hour
    ) AS used GROUP BY campaign_id, event_type, date_trunc('month', hour)
"""


def run(world: World, quick: bool) -> Iterator[Row]:
    runs = 10 if quick else 60
    world.campaign("bench", "iaas", id="summary")
    _load(world, "summary", 1_000, "2025-03-01T00:00Z", "40 minutes")
    world.campaign("bench", "iaas", id="others")
    there = 0
    for size in (10_000, 300_000) if quick else (10_000, 1_000_000, 10_000_000):
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
    yield _page(world, runs, there)
    yield _split(world, runs)
    yield from _portfolio(world, runs)
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


def _page(world: World, runs: int, records: int) -> Row:
    """A page of a thousand records beside a COPY of the same thousand to a file."""
    query = {"start": "2024-01-01", "end": "2025-04-01", "limit": "1000"}
    request = api_event("GET", "/v1/companies/bench/usage-records", query=query)
    _expect_200("list_usage_records", request)
    copy = f"COPY ({PAGE}) TO STDOUT"

    def bare(_: int) -> None:
        with tempfile.TemporaryFile() as file:
            world.connection.run(copy, stream=file)

    ours, limit = in_turn(runs, lambda _: invoke("list_usage_records", request), bare)
    return Row(f"page of 1,000 of {records:,} records", "COPY of the same rows to a file", ours, limit, 0.25, "share", 1000)


def _split(world: World, runs: int) -> Row:
    subscription = world.subscription("bench", id="bench-split")
    campaigns(world, "bench", "bundle", 1_000, {"l2i_subscription_id": subscription, "bundle_allocation_percentage": "0.001"})
    world.connection.run("ANALYZE campaigns")
    bare = world.connection.prepare(SPLIT)
    request = api_event("GET", f"/v1/subscriptions/{subscription}/allocation")
    _expect_200("split_bundle", request)
    ours, limit = in_turn(runs, lambda _: invoke("split_bundle", request), lambda _: bare.run())
    return Row("split of a bundle, 1,000 campaigns", "the bare query", ours, limit, 3)


def _portfolio(world: World, runs: int) -> Iterator[Row]:
    """A company with 200 campaigns of each model, beside the sums of the usage by campaign, kind and month."""
    world.company(id="portfolio")
    subscription = world.subscription("portfolio", id="portfolio-subscription")
    terms: dict[str, dict[str, Any]] = {
        "seats": {"committed_seats": 10, "seat_price_per_month": "500.00"},
        "credits": {"credit_allocation": "10000", "credit_consumption_rate": "1", "credit_price": "6.50"},
        "bundle": {"l2i_subscription_id": subscription, "bundle_allocation_percentage": "0.005"},
        "iaas": {"iaas_metrics": '{"pricePerLearner": "12.50", "learnersCommitted": 300}'},
        "custom": {"custom_pricing_terms": '{"fixedFee": "1000.00"}', "start_date": "2025-01-01"},
    }
    for model, agreed in terms.items():
        campaigns(world, "portfolio", model, 200, agreed)
    world.connection.run(PORTFOLIO)
    world.connection.run("VACUUM ANALYZE")
    bare = world.connection.prepare(AGGREGATES)
    requests = (
        ("overview", "get_company_overview", 0, {"month": f"{datetime.now(UTC):%Y-%m}"}),
        ("opportunities", "list_opportunities", 2, None),
    )
    for name, function, months, query in requests:
        request = api_event("GET", f"/v1/companies/portfolio/{name}", query=query)
        _expect_200(function, request)
        ours, limit = in_turn(runs, partial(_invoke, function, request), partial(_aggregate, bare, months))
        yield Row(f"{name} of 1,000 campaigns", "the bare aggregates", ours, limit, 2)


def _aggregate(statement: PreparedStatement, months: int, _: int) -> None:
    statement.run(months=months)


def _invoke(function: str, request: dict[str, Any], _: int) -> None:
    invoke(function, request)


def _expect_200(function: str, request: dict[str, Any]) -> None:
    answers: list[dict[str, Any]] = []
    quietly(lambda: answers.append(invoke(function, request)))
    if answers[0]["statusCode"] != 200:
        raise AssertionError(answers[0]["body"])
