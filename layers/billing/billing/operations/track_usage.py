"""Records a batch of usage events, each exactly once (design §4, §8)."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, SkipValidation, ValidationError, field_validator

from billing.contract.results import BATCH_MAX, BatchResult, Result, batch_result
from billing.contract.shapes import Request
from billing.database.session import Session, transaction
from billing.errors import TooLarge, field_error, first_errors
from billing.sql import queries
from billing.usage.event import UsageEvent

_SQL = queries("ledger")


class UsageBatch(Request):
    """1 to 1,000 events."""

    # Each is validated by itself, so that a bad one takes no other down.
    events: Annotated[list[SkipValidation[UsageEvent]], Field(json_schema_extra={"minItems": 1, "maxItems": BATCH_MAX})]

    @field_validator("events")
    @classmethod
    def _check_size(cls, events: list[Any]) -> list[Any]:
        if not events:
            raise ValueError(f"must have 1 to {BATCH_MAX:,} events")
        if len(events) > BATCH_MAX:
            raise TooLarge(f"The batch has {len(events)} events; at most {BATCH_MAX} are taken at a time.")
        return events


def track_usage(company: str, events: Sequence[object], now: datetime) -> BatchResult:
    """Record the events of a batch; a bad one is rejected with its reason and takes no other down.

    Raises `DatabaseUnavailable`; the outcome is unknown then, and the same batch may be sent again.
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
    return batch_result([results[number] for number in range(len(events))])


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
            superseded_by=None if superseded_by is None else str(superseded_by),
        )
        for number, record_id, key, differing, superseded_by in db.value(_SQL["recorded_before"], events=json.dumps(rows))
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
