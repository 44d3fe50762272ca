"""The ledger as it is written to: a batch of events in one transaction, each recorded once (design §4)."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from billing.contract.shapes import Shape
from billing.contract.types import DeduplicationKey, RecordId
from billing.database.session import Session, transaction
from billing.errors import field_error, first_errors
from billing.sql import queries
from billing.usage.event import UsageEvent

_SQL = queries("ledger")
Status = Literal["recorded", "duplicate", "conflict", "rejected"]


class Result(Shape):
    """What became of one event. A repeat, and a conflict, name the record that was there first."""

    status: Status
    usage_record_id: RecordId | None = None
    deduplication_key: DeduplicationKey | None = None
    reason: Annotated[str | None, Field(examples=["/quantity: must be at least 0 and below 10^12"])] = None


def record_events(company: str, events: Sequence[object], now: datetime) -> list[Result]:
    """Record the events of a batch in one transaction; the results are in their order. A bad event is rejected with its
    reason and takes no other down.

    Raises `DatabaseUnavailable`; nothing is recorded then, as far as is known, and the batch may be sent again.
    """
    results: dict[int, Result] = {}
    good: dict[int, UsageEvent] = {}
    for number, event in enumerate(events):
        try:
            good[number] = UsageEvent.model_validate(event, context={"now": now})
        except ValidationError as error:
            results[number] = _rejected(error)
    if good:
        with transaction(company) as db:
            results |= _record(db, company, good)
    return [results[number] for number in range(len(events))]


def _record(db: Session, company: str, events: dict[int, UsageEvent]) -> dict[int, Result]:
    keys = {number: event.key for number, event in events.items()}
    rows = {number: _row(number, event, keys[number]) for number, event in events.items()}
    (answer,) = db.rows(_SQL["record_usage"], events=json.dumps(list(rows.values())), company=company)
    known, inserted = set(answer["known"] or ()), answer["inserted"] or {}
    results, repeated = {}, []
    for number, key in keys.items():
        # Of two events with one key the first is the one that was inserted.
        if number in known and (record_id := inserted.pop(key, None)) is not None:
            results[number] = Result(status="recorded", usage_record_id=str(record_id), deduplication_key=key)
        elif number in known:
            repeated.append(number)
        else:
            results[number] = Result(status="rejected", reason="/campaignId: there is no such campaign")
    if repeated:
        results |= _repeats(db, [rows[number] for number in repeated])
    return results


def _repeats(db: Session, rows: list[dict[str, Any]]) -> dict[int, Result]:
    """Statement of its own: it sees what others committed while the insert waited for them."""
    return {
        number: Result(
            status="conflict" if differing else "duplicate",
            usage_record_id=str(record_id),
            deduplication_key=key,
            reason=f"the id names a record with another {', '.join(differing)}" if differing else None,
        )
        for number, record_id, key, differing in db.value(_SQL["recorded_before"], events=json.dumps(rows))
    }


def _row(number: int, event: UsageEvent, key: str) -> dict[str, Any]:
    return {
        "number": number,
        "campaign_id": event.campaign_id,
        "event_type": event.event_type,
        "quantity": str(event.quantity),
        "event_timestamp": event.timestamp.isoformat(),
        "metadata": event.metadata,
        "event_id": event.id,
        "deduplication_key": key,
    }


def _rejected(error: ValidationError) -> Result:
    errors = first_errors([field_error(item) for item in error.errors(include_url=False, include_input=False)])
    return Result(status="rejected", reason="; ".join(f"{item.pointer or 'the event'}: {item.detail}" for item in errors))
