"""What the platform's other services do in the database: they write companies, campaigns, activities.

The jobs charge the campaigns of every company, so the demo looks first whether they would charge any but its own.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from pg8000.native import DatabaseError

from billing.database.session import ALL_COMPANIES, Session, server_message, transaction
from demo.files import Month, Row

PREFIX = "demo-"
JOB_LOOKS_BACK = timedelta(days=7)
"""How far back the seat job fills missed hours."""

_CHARGEABLE = """
SELECT id FROM seat_campaigns
WHERE NOT starts_with(company_id, :prefix) AND starts_at <= :last AND ends_at > :first
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
SELECT campaign_id, 'alert' AS what, kind AS text, (detail ->> 'creditsRemaining')::numeric AS after, NULL AS before,
    NULL AS credits, created_at, id
FROM billing_alerts WHERE starts_with(company_id, :prefix)
UNION ALL
SELECT campaign_id, 'top-up', note, before + credits, before, credits, created_at, id
FROM credit_top_ups t JOIN LATERAL (
    -- The balance then: today's, without this top-up, the later ones and what was used since.
    SELECT c.credits_remaining
        - (SELECT sum(credits) FROM credit_top_ups later WHERE later.campaign_id = c.id AND later.id >= t.id)
        + (SELECT coalesce(sum(quantity), 0) FROM billing_usage_records r
            WHERE r.campaign_id = c.id AND r.event_type = 'credit_usage' AND r.created_at > t.created_at) AS before
    FROM campaigns c WHERE c.id = t.campaign_id
) AS balance ON true WHERE starts_with(company_id, :prefix)
ORDER BY campaign_id, created_at, id
"""
_BALANCES = """
SELECT id, name, credit_allocation, credits_remaining FROM campaigns
WHERE starts_with(company_id, :prefix) AND pricing_model = 'credits' ORDER BY id
"""
_LEDGER = """
SELECT event_type, count(*) AS records, count(*) FILTER (WHERE metadata ? 'estimated') AS estimated
FROM billing_usage_records WHERE starts_with(company_id, :prefix) GROUP BY event_type ORDER BY event_type
"""


class BadRow(Exception):
    """A row of the portfolio that cannot be written; the message says which and why. Nothing has been written."""


def foreign_campaigns(hours: list[datetime]) -> list[str]:
    """The campaigns that the demo did not load and that its runs of the jobs would charge."""
    rows = _rows(_CHARGEABLE, prefix=PREFIX, first=hours[0] - JOB_LOOKS_BACK, last=hours[-1])
    return [row["id"] for row in rows]


def load(month: Month) -> int:
    """Write the portfolio's rows that are not there yet; answers how many."""
    with transaction(ALL_COMPANIES, role=None) as db:
        return sum(_write(db, table, row) for table, rows in month.portfolio.items() for row in rows)


def set_volunteers(counts: dict[str, int]) -> None:
    _rows(_VOLUNTEERS, counts=json.dumps(counts))


def add_activity(activity: Row) -> None:
    _rows(_ACTIVITY, **activity)


def credits_moved() -> list[Row]:
    """Alerts and top-ups in their order."""
    return _rows(_CREDITS, prefix=PREFIX)


def balances() -> list[Row]:
    return _rows(_BALANCES, prefix=PREFIX)


def ledger() -> list[Row]:
    """How many records there are of each kind."""
    return _rows(_LEDGER, prefix=PREFIX)


def _rows(sql: str, **parameters: Any) -> list[Row]:
    with transaction(ALL_COMPANIES, role=None) as db:
        return db.rows(sql, **parameters)


def _write(db: Session, table: str, row: Row) -> int:
    if not row["id"].startswith(PREFIX):
        raise BadRow(f"{table}: the id {row['id']} must begin with {PREFIX}")
    try:
        return len(db.rows(_insert(table, row), **{name: _column(value) for name, value in row.items()}))
    except DatabaseError as error:
        raise BadRow(f"{table}: {row['id']}: {server_message(error)}") from error


def _insert(table: str, row: Row) -> str:
    places = ", ".join(f":{name}" for name in row)
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places}) ON CONFLICT (id) DO NOTHING RETURNING id"


def _column(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value
