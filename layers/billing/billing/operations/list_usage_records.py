"""The usage records of a company and period, page by page, for invoicing (design §8).

The pages are in the order of the events' instants, and a cursor names the last record of a page: records never change, so
what stands before and after it stays the same while others arrive, and the next page begins in the index wherever it is.
"""

import base64
import json
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field

from billing.database import Row, transaction
from billing.errors import FieldError, Invalid, NotFound
from billing.instants import format_instant, parse_instant
from billing.periods import parse_period
from billing.shapes import CampaignRef, CompanyRef, DecimalString, Instant, PeriodShape, RecordId, Shape
from billing.sql import queries
from billing.usage import BILLING_EVENT_TYPES, DeduplicationKey, EventType

PAGE = 1000
"""Records of a page where the caller does not say."""

_SQL = queries("records")


class UsageRecord(Shape):
    """One record; `billingEventType` is the billing system's name for its type."""

    usage_record_id: RecordId
    event_type: EventType
    billing_event_type: Annotated[str, Field(json_schema_extra={"enum": list(BILLING_EVENT_TYPES.values())})]
    quantity: DecimalString
    event_timestamp: Instant
    deduplication_key: DeduplicationKey
    metadata: dict[str, Any]


class CampaignRecords(Shape):
    """The records of one campaign on this page."""

    campaign_id: CampaignRef
    events: list[UsageRecord]


class UsageRecords(Shape):
    """A page; `nextCursor` is null on the last one."""

    company_id: CompanyRef
    period: PeriodShape
    campaigns: list[CampaignRecords]
    next_cursor: str | None


def list_usage_records(company: str, company_id: str, start: str, end: str, limit: int, cursor: str | None) -> UsageRecords:
    """A page of records. Raises `NotFound` for another company, `InvalidPeriod`, and `Invalid` for a cursor not of ours."""
    with transaction(company) as db:
        known = db.row(_SQL["company"], company_id=company_id, company=company)
        if known is None:
            raise NotFound(f"There is no company {company_id}.")
        period = parse_period(start, end, ZoneInfo(known["time_zone"]))
        after_timestamp, after_id = _position(cursor) if cursor else (period.start, 0)
        rows = db.rows(
            _SQL["page"],
            company_id=company_id,
            start=period.start,
            end=period.end,
            after_timestamp=after_timestamp,
            after_id=after_id,
            size=limit + 1,
        )
    page = rows[:limit]
    return UsageRecords(
        company_id=company_id,
        period=PeriodShape(start=period.start, end=period.end),
        campaigns=[
            CampaignRecords(campaign_id=campaign_id, events=[_record(row) for row in group])
            for campaign_id, group in groupby(sorted(page, key=_campaign_id), key=_campaign_id)
        ],
        next_cursor=_cursor(page[-1]) if len(rows) > limit else None,
    )


def _campaign_id(row: Row) -> str:
    return str(row["campaign_id"])


def _record(row: Row) -> UsageRecord:
    return UsageRecord(
        usage_record_id=str(row["id"]),
        event_type=row["event_type"],
        billing_event_type=BILLING_EVENT_TYPES[row["event_type"]],
        quantity=row["quantity"],
        event_timestamp=row["event_timestamp"],
        deduplication_key=row["deduplication_key"],
        metadata=row["metadata"],
    )


def _cursor(row: Row) -> str:
    position = json.dumps([format_instant(row["event_timestamp"]), row["id"]])
    return base64.urlsafe_b64encode(position.encode()).decode()


def _position(cursor: str) -> tuple[datetime, int]:
    try:
        instant, record_id = json.loads(base64.urlsafe_b64decode(cursor))
        return parse_instant(instant), int(record_id)
    except (ValueError, TypeError):
        raise Invalid(
            "The cursor is not one that a page of this list gave.", [FieldError("/cursor", "must be a nextCursor")]
        ) from None
