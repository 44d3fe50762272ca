"""The usage records of a company and period, page by page, for invoicing (design §8).

The pages of a walk are those of `billing.usage.pages`: no record is missed or repeated while others arrive. Each begins in an
index, so it takes the same time however far in it is.
"""

import json
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import Field

from billing.contract.shapes import PeriodShape, Shape
from billing.contract.types import CampaignRef, CompanyRef, DecimalText, DeduplicationKey, RecordId, UtcInstant
from billing.database.session import Session, transaction
from billing.errors import DatabaseUnavailable, NotFound
from billing.periods import Period, parse_period
from billing.sql import queries
from billing.usage.event_types import BILLING_EVENT_TYPES, EventType
from billing.usage.pages import Snapshot, Walk, read_cursor, write_cursor

PAGE_RECORDS_MAX = 1000
"""The records of a page where the caller gives no limit, and the highest limit."""

PAGE_BYTES_MAX = 4_000_000
"""The size of the records in a response; Lambda's limit is 6 MB."""

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
    metadata: Annotated[dict[str, Any], Field(description="As it was sent, every number exactly.")]
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


RESPONSES: dict[int, Any] = {
    200: {"description": "Successful Response", "content": {"application/json": {"model": UsageRecords}}}
}
"""As the OpenAPI document has them."""


class _Page(NamedTuple):
    """`campaigns` as they stand in the response, and the place of the last record, an instant and an id (both null where there
    is none); whether there are more in this pass."""

    campaigns: str | None
    last: Any
    more: bool


def list_usage_records(company: str, company_id: str, start: str, end: str, limit: int, cursor: str | None) -> str:
    """A page of records, `UsageRecords` as JSON. Raises `NotFound` for another company, `InvalidPeriod` and `InvalidCursor`,
    and on a standby, which would miss records (design §4.9), `DatabaseUnavailable`."""
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
    # The database writes the records; the shapes describe them. A model of each took as long as all the rest.
    head = f'"companyId":{json.dumps(company_id)},"period":{PeriodShape(start=period.start, end=period.end).model_dump_json()}'
    next_cursor = json.dumps(write_cursor(rest, company_id, period) if rest else None)
    return f'{{{head},"campaigns":[{page.campaigns or ""}],"nextCursor":{next_cursor}}}'


def _page(
    db: Session, company_id: str, period: Period, walk: Walk, snapshot: Snapshot, limit: int
) -> tuple[_Page, Walk | None]:
    """The records of the page, and what is left of the walk."""
    where = {"company_id": company_id, "start": period.start, "end": period.end, **snapshot.model_dump()}
    seen = walk.seen.model_dump() if walk.seen else dict.fromkeys(Snapshot.model_fields)
    after, after_id = walk.after or (walk.seen.settled if walk.seen else period.start, 0)
    (page,) = db.all(
        _Page,
        _SQL["page"],
        after=after,
        after_id=after_id,
        size=limit,
        bytes=PAGE_BYTES_MAX,
        billing_event_types=json.dumps(BILLING_EVENT_TYPES),
        **where,
        **{f"seen_{name}": value for name, value in seen.items()},
    )
    if page.more:
        return page, Walk(seen=walk.seen, snapshot=snapshot, after=page.last)
    return page, Walk(seen=snapshot) if db.row(_SQL["arrived"], **where) else None
