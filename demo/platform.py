"""What the platform's other services do in the database: they write companies, campaigns, activities.

The jobs charge the campaigns of every company, so the demo looks first whether they would charge any but its own.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from pg8000.native import DatabaseError
from pydantic_core import to_json

from billing import settings
from billing.database.session import ALL_COMPANIES, Session, server_message, transaction
from demo.files import Month
from demo.portfolio import PREFIX, Row

JOB_LOOKS_BACK = timedelta(days=7)
"""How far back the seat job fills missed hours."""

_CHARGEABLE = """
SELECT id FROM seat_campaigns
WHERE NOT starts_with(company_id, :prefix)
    AND coalesce(start_date::timestamp AT TIME ZONE time_zone <= :last, true)
    AND coalesce((end_date + 1)::timestamp AT TIME ZONE time_zone > :first, true)
UNION
SELECT c.id FROM campaigns c JOIN campaign_activities a ON a.campaign_id = c.id
WHERE NOT starts_with(c.company_id, :prefix) AND c.is_active AND c.pricing_model = 'credits'
    AND a.usage_record_id IS NULL
ORDER BY id
"""
_VOLUNTEERS = """
UPDATE campaigns SET current_volunteers = count.volunteers
FROM jsonb_each_text(:counts::jsonb) AS given (id, text), LATERAL (SELECT text::integer AS volunteers) AS count
WHERE campaigns.id = given.id
"""
_ACTIVITY = """
INSERT INTO campaign_activities (id, campaign_id, kind, quantity, occurred_at, recorded_at)
VALUES (:id, :campaign_id, :kind, :quantity, :occurred_at, :recorded_at) ON CONFLICT (id) DO NOTHING
"""
_CREDITS = """
SELECT campaign_id, 'grant' AS what, coalesce(note, source) AS text, credits, price_amount, price_credits, source, expires_at,
    created_at, id
FROM credit_grants WHERE starts_with(company_id, :prefix)
UNION ALL
SELECT subject, type, NULL, (data ->> 'creditsRemaining')::numeric, NULL, NULL, NULL, NULL, created_at, id
FROM billing_events WHERE starts_with(company_id, :prefix) AND type IN ('credits.low', 'credits.depleted')
ORDER BY campaign_id, created_at, id
"""
_ACCOUNTS = """
SELECT c.id, c.name, c.credits_remaining AS closing, g.opening, g.bought, m.used, m.overage, m.expired
FROM campaigns c
CROSS JOIN LATERAL (
    SELECT coalesce(sum(credits) FILTER (WHERE source = 'allocation'), 0) AS opening,
        coalesce(sum(credits) FILTER (WHERE source <> 'allocation'), 0) AS bought
    FROM credit_grants WHERE campaign_id = c.id
) AS g
CROSS JOIN LATERAL (
    SELECT coalesce(sum(credits) FILTER (WHERE record_id IS NOT NULL), 0) AS used,
        coalesce(sum(credits) FILTER (WHERE grant_id IS NULL), 0) AS overage,
        coalesce(sum(credits) FILTER (WHERE kind = 'expired'), 0) AS expired
    FROM credit_movements WHERE campaign_id = c.id
) AS m
WHERE starts_with(c.company_id, :prefix) AND c.pricing_model = 'credits' ORDER BY c.id
"""
_LEDGER = """
SELECT event_type, count(*) AS records, count(*) FILTER (WHERE metadata ? 'estimated') AS estimated
FROM billing_usage_records WHERE starts_with(company_id, :prefix) GROUP BY event_type ORDER BY event_type
"""

_CREDIT_REASONS = "SELECT number, reason FROM invoices WHERE starts_with(company_id, :prefix) AND corrects IS NOT NULL"
_EVENTS = """
SELECT DISTINCT ON (type) type, company_id, subject, data FROM billing_events
WHERE starts_with(company_id, :prefix) ORDER BY type, id
"""
_TAKE_EVENTS = """
UPDATE billing_events SET published_at = clock_timestamp() WHERE starts_with(company_id, :prefix) AND published_at IS NULL
"""


class BadRow(Exception):
    """A row of the portfolio that cannot be written; the message says where it stands and why. Nothing has been written."""


class AnotherRuns(Exception):
    """Another demo plays on the same database: two at once would count each other's volunteers."""


@contextmanager
def alone() -> Iterator[None]:
    """While the block runs, no other demo plays on this database. Raises `AnotherRuns`."""
    session = Session(settings.database())
    try:
        if not session.value("SELECT pg_try_advisory_lock(hashtext('make demo'))"):
            raise AnotherRuns("Another demo is running on this database. Wait until it has ended, then run make demo again.")
        yield
    finally:
        session.close()


def foreign_campaigns(hours: list[datetime]) -> list[str]:
    """The campaigns that the demo did not load and that its runs of the jobs would charge."""
    charged = rows(_CHARGEABLE, prefix=PREFIX, first=hours[0] - JOB_LOOKS_BACK, last=hours[-1])
    return [row["id"] for row in charged]


def load(month: Month) -> int:
    """Write the portfolio's rows that are not there yet, and return how many they were."""
    with transaction(ALL_COMPANIES, role=None) as db:
        return sum(_write(db, month, table, number) for table, given in month.portfolio.items() for number in range(len(given)))


def set_volunteers(counts: dict[str, int]) -> None:
    rows(_VOLUNTEERS, counts=json.dumps(counts))


def add_activity(activity: Row) -> None:
    rows(_ACTIVITY, **activity)


def credits_moved() -> list[Row]:
    """Grants and alerts in their order."""
    return rows(_CREDITS, prefix=PREFIX)


def credit_accounts() -> list[Row]:
    """For each credits campaign what it began with, bought, used and lost, and what is left."""
    return rows(_ACCOUNTS, prefix=PREFIX)


def credit_reasons() -> dict[str, str]:
    """Why documents were taken back, by the numbers of the credit notes."""
    return {row["number"]: row["reason"] for row in rows(_CREDIT_REASONS, prefix=PREFIX)}


def first_events() -> list[Row]:
    """The first event of each type in the outbox."""
    return rows(_EVENTS, prefix=PREFIX)


def take_events() -> None:
    """Take what waits in the outbox, as the bus of a deployment does."""
    rows(_TAKE_EVENTS, prefix=PREFIX)


def ledger() -> list[Row]:
    """How many records there are of each kind."""
    return rows(_LEDGER, prefix=PREFIX)


def rows(sql: str, **parameters: Any) -> list[Row]:
    """What a statement of the owner of the tables returns."""
    with transaction(ALL_COMPANIES, role=None) as db:
        return db.rows(sql, **parameters)


def _write(db: Session, month: Month, table: str, number: int) -> int:
    row = month.portfolio[table][number]
    try:
        return len(db.rows(_insert(table, row), **{name: _column(value) for name, value in row.items()}))
    except DatabaseError as error:
        raise BadRow(month.at(f"{row['id']}: {server_message(error)}", table, number, "id")) from error


def _insert(table: str, row: Row) -> str:
    places = ", ".join(f":{name}" for name in row)
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places}) ON CONFLICT (id) DO NOTHING RETURNING id"


def _column(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value


def to_text(value: Any) -> str:
    """The value as JSON."""
    return to_json(value).decode()
