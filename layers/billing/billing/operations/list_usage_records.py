"""The usage records of a company and period, page by page, for invoicing (design §8).

The pages of a walk are those of `billing.usage.pages`: no record is missed or repeated while others arrive. Each begins in an
index, so it takes the same time however far in it is.
"""

import json
from itertools import accumulate, groupby
from operator import itemgetter
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field

from billing.contract.shapes import PeriodShape, Shape
from billing.contract.types import CampaignRef, CompanyRef, DecimalText, DeduplicationKey, RecordId, UtcInstant
from billing.database.session import Row, Session, transaction
from billing.errors import DatabaseUnavailable, NotFound
from billing.periods import Period, parse_period
from billing.sql import queries
from billing.usage.event_types import BILLING_EVENT_TYPES, EventType
from billing.usage.pages import Snapshot, Walk, read_cursor, write_cursor

PAGE_RECORDS_MAX = 1000
"""The records of a page where the caller gives no limit, and the highest limit."""

PAGE_BYTES_MAX = 4_000_000
"""The size of a response; Lambda's limit is 6 MB."""

RECORD_BYTES_MAX = 1_000
"""Upper bound of one record in a response, not counting metadata larger than 100 bytes."""

_SQL = queries("records")


class BurnedCredits(Shape):
    """What a grant paid of a record's credits."""

    grant_id: str
    credits: DecimalText


class UsageRecord(Shape):
    """One record; `billingEventType` is the billing system's name for its type. `corrects` is the record that it supersedes,
    `supersededBy` the correction that supersedes it; `burned` and `overage` are of credit usage, and null of the others."""

    usage_record_id: RecordId
    event_type: EventType
    billing_event_type: Annotated[str, Field(json_schema_extra={"enum": list(BILLING_EVENT_TYPES.values())})]
    quantity: DecimalText
    event_timestamp: UtcInstant
    recorded_at: UtcInstant
    deduplication_key: DeduplicationKey
    metadata: Annotated[dict[str, Any], Field(description="As it was sent; numbers are returned in double precision.")]
    corrects: RecordId | None
    superseded_by: RecordId | None
    reason: Annotated[str | None, Field(description="Why a correction was made.")]
    recorded_by: Annotated[str | None, Field(description="Who made a correction.")]
    burned: list[BurnedCredits] | None
    overage: DecimalText | None


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
    """A page of records. Raises `NotFound` for another company, `InvalidPeriod` and `InvalidCursor`, and on a standby, which
    would miss records (design §4.9), `DatabaseUnavailable`."""
    with transaction(company) as db:
        known = db.row(_SQL["company"], company_id=company_id, company=company)
        if known is None:
            raise NotFound(f"There is no company {company_id}.")
        if known["on_standby"]:
            raise DatabaseUnavailable("Pages of records are read from the primary only, and this is a standby.")
        period = parse_period(start, end, ZoneInfo(known["time_zone"]))
        walk = Walk() if cursor is None else read_cursor(cursor, company_id, period)
        snapshot = walk.snapshot or Snapshot.model_validate(db.value(_SQL["snapshot"], settled=known["settled"]))
        page, rest = _page(db, company_id, period, walk, snapshot, limit)
    return UsageRecords(
        company_id=company_id,
        period=PeriodShape(start=period.start, end=period.end),
        campaigns=[
            CampaignRecords(campaign_id=campaign_id, events=[_record(row) for row in rows])
            for campaign_id, rows in groupby(sorted(page, key=_campaign_id), key=_campaign_id)
        ],
        next_cursor=write_cursor(rest, company_id, period) if rest else None,
    )


_campaign_id = itemgetter("campaign_id")


def _page(
    db: Session, company_id: str, period: Period, walk: Walk, snapshot: Snapshot, limit: int
) -> tuple[list[Row], Walk | None]:
    """The records of the page, and what is left of the walk."""
    where = {"company_id": company_id, "start": period.start, "end": period.end, **snapshot.model_dump()}
    if walk.seen is None:
        after, after_id = walk.after or (period.start, 0)
        rows = db.value(_SQL["first_pass"], after=after, after_id=after_id, size=limit + 1, **where)
    else:
        after, after_id = walk.after or (walk.seen.settled, 0)
        before = {f"seen_{name}": value for name, value in walk.seen.model_dump().items()}
        rows = db.value(_SQL["later_pass"], after=after, after_id=after_id, size=limit + 1, **where, **before)
    fitting = _fitting(rows[:limit])
    if len(rows) > fitting:
        last = rows[fitting - 1]
        return rows[:fitting], Walk(seen=walk.seen, snapshot=snapshot, after=(last["place"], last["id"]))
    return rows, Walk(seen=snapshot) if db.row(_SQL["arrived"], **where) else None


def _fitting(rows: list[Row]) -> int:
    """How many of the records fit into a response: all of them, unless their metadata is large."""
    metadata = (_escaped_bytes(row["metadata"]) if row["metadata_bytes"] > 100 else 0 for row in rows)
    sizes = accumulate(RECORD_BYTES_MAX + size for size in metadata)
    return sum(size <= PAGE_BYTES_MAX for size in sizes)


def _escaped_bytes(metadata: dict[str, Any]) -> int:
    # The body is a JSON string inside Lambda's response, so its quotes and backslashes are escaped once more.
    return len(json.dumps(json.dumps(metadata)))


def _record(row: Row) -> UsageRecord:
    paid_by = row["paid_by"] or [] if row["event_type"] == "credit_usage" else None
    return UsageRecord(
        usage_record_id=str(row["id"]),
        event_type=row["event_type"],
        billing_event_type=BILLING_EVENT_TYPES[row["event_type"]],
        quantity=row["quantity"],
        event_timestamp=row["event_timestamp"],
        recorded_at=row["created_at"],
        deduplication_key=row["deduplication_key"],
        metadata=row["metadata"],
        corrects=row["corrects"] and str(row["corrects"]),
        superseded_by=row["superseded_by"] and str(row["superseded_by"]),
        reason=row["reason"],
        recorded_by=row["recorded_by"],
        burned=None if paid_by is None else [BurnedCredits(grant_id=by, credits=credits) for by, credits in paid_by if by],
        overage=None if paid_by is None else next((credits for by, credits in paid_by if not by), "0.000000"),
    )
