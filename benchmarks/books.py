"""Issuing and reconciliation through their jobs, beside bare statements that read the same rows."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

from benchmarks.measure import Row, in_turn, quietly, seconds
from local.aws_events import scheduled_event
from tests.operations.invoicing import age, put_profile, put_seller
from tests.world import World, invoke

MONTHS = [datetime(2025, month, 1, tzinfo=UTC) for month in (1, 2, 3, 4)]
RECORDS = 3
"""The records of a campaign in each month."""

TARGET = 2
SUMS = """
    SELECT campaign_id, sum(quantity) FROM billing_usage_records
    WHERE event_timestamp >= :start AND event_timestamp < :end GROUP BY campaign_id
"""
SCAN = "SELECT count(*), sum(quantity), max(deduplication_key), max(length(metadata::text)) FROM billing_usage_records"


def run(world: World, quick: bool) -> Iterator[Row]:
    timeout = os.environ["DATABASE_STATEMENT_TIMEOUT"]
    os.environ["DATABASE_STATEMENT_TIMEOUT"] = "840"  # as template.yaml says
    yield _reconcile(world, 100_000 if quick else 10_000_000)
    os.environ["DATABASE_STATEMENT_TIMEOUT"] = timeout
    quietly(put_seller)
    yield _issue(world, 1, 500 if quick else 10_000)
    yield _issue(world, 100 if quick else 10_000, 1)


def _issue(world: World, companies: int, campaigns: int) -> Row:
    """Three months, each closed by a run of its own, beside the sums of that month's usage."""
    kind = f"{companies}-{campaigns}"
    _load(world, kind, companies, campaigns)
    ours, limit = [], []
    for start, end in pairwise(MONTHS):
        limit.append(seconds(lambda: world.connection.run(SUMS, start=start, end=end)))  # noqa: B023
        results = []
        ours.append(seconds(lambda: results.append(invoke("issue_invoices", scheduled_event(end.replace(day=5))))))  # noqa: B023
        if results[0]["invoicesIssued"] != companies:
            raise AssertionError(results[0])
    world.connection.run("UPDATE billing_profiles SET hold = true")
    name = f"issuing {companies:,} × {campaigns:,} campaigns"
    return Row(name, "the month's sums", ours, limit, TARGET, units=companies * campaigns)


def _load(world: World, kind: str, companies: int, campaigns: int) -> None:
    world.connection.run(
        "INSERT INTO companies (id, name) SELECT :kind || '-' || c, 'Company' FROM generate_series(1, :companies::int) c",
        kind=kind,
        companies=companies,
    )
    world.connection.run(
        """
        INSERT INTO campaigns (id, company_id, name, status, pricing_model, currency, iaas_metrics)
        SELECT :kind || '-' || c || '-' || n, :kind || '-' || c, 'Campaign', 'active', 'iaas', 'EUR',
            '{"pricePerLearner": "12.50"}'
        FROM generate_series(1, :companies::int) c, generate_series(1, :campaigns::int) n
        """,
        kind=kind,
        companies=companies,
        campaigns=campaigns,
    )
    world.connection.run(
        """
        INSERT INTO billing_usage_records (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp)
        SELECT company_id, id, 'learner_served', 1, concat_ws('-', id, month, r), month + r * interval '1 day'
        FROM campaigns, unnest(:months::timestamptz[]) month, generate_series(1, :records::int) r
        WHERE company_id LIKE :kind || '-%'
        """,
        kind=kind,
        months=MONTHS[:3],
        records=RECORDS,
    )
    quietly(lambda: put_profile(f"{kind}-1"))
    world.connection.run(
        """
        INSERT INTO billing_profiles SELECT (jsonb_populate_record(p, jsonb_build_object('company_id', c.id))).*
        FROM billing_profiles p, companies c
        WHERE p.company_id = :kind || '-1' AND c.id LIKE :kind || '-%' AND c.id <> p.company_id
        """,
        kind=kind,
    )
    age(world)
    world.connection.run("VACUUM ANALYZE")
    world.connection.run("CHECKPOINT")


def _reconcile(world: World, records: int) -> Row:
    """One company with that many records, checked whole; the bare statement reads every row of the ledger once."""
    world.campaign("bench", "iaas", id="reconciled")
    world.connection.run(
        """
        INSERT INTO billing_usage_records (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp)
        SELECT 'bench', 'reconciled', 'learner_served', 1,
            usage_key('reconciled', 'learner_served', instant, convert_to('learner_served', 'UTF8')
                || nul || 'reconciled' || nul
                || convert_to(to_char(instant AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS+00:00'), 'UTF8')
                || nul || '1' || nul || '{}'),
            instant
        FROM decode('00', 'hex') nul, generate_series(
            '2024-01-01Z', '2024-01-01Z'::timestamptz + (:records::int - 1) * interval '1 second', '1 second') instant
        """,
        records=records,
    )
    world.connection.run("VACUUM ANALYZE billing_usage_records")
    hour = MONTHS[-1].replace(day=6)
    results = []
    ours, limit = in_turn(
        3,
        lambda _: results.append(invoke("reconcile", scheduled_event(hour))),
        lambda _: world.connection.run(SCAN),
    )
    if any(result["differences"] for result in results):
        raise AssertionError(results)
    return Row(f"reconciling {records:,} records", "a scan of the ledger", ours, limit, TARGET, units=records)
