"""Corrects usage records by records that supersede them (design §12)."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, SkipValidation, ValidationError, field_validator

from billing.contract.results import BATCH_MAX, BatchResult, Result, batch_result, rejected
from billing.contract.shapes import Request
from billing.database.session import Session, transaction
from billing.errors import TooLarge
from billing.sql import queries
from billing.usage.correction import Correction

_SQL = queries("corrections")


class Corrections(Request):
    """1 to 1,000 corrections."""

    # Each is validated by itself, so that a bad one takes no other down.
    corrections: Annotated[list[SkipValidation[Correction]], Field(json_schema_extra={"minItems": 1, "maxItems": BATCH_MAX})]

    @field_validator("corrections")
    @classmethod
    def _check_size(cls, corrections: list[Any]) -> list[Any]:
        if not corrections:
            raise ValueError(f"must have 1 to {BATCH_MAX:,} corrections")
        if len(corrections) > BATCH_MAX:
            raise TooLarge(f"The batch has {len(corrections)} corrections; at most {BATCH_MAX} are accepted at a time.")
        return corrections


def correct_usage(company: str, corrections: Sequence[object], recorded_by: str, now: datetime) -> BatchResult:
    """Record the corrections of a batch; a bad one is rejected with its reason and takes no other down.

    Raises `DatabaseUnavailable`; the outcome is unknown then, and the same batch may be sent again.
    """
    results: dict[int, Result] = {}
    good: dict[int, Correction] = {}
    for number, correction in enumerate(corrections):
        try:
            good[number] = Correction.model_validate(correction, context={"now": now})
        except ValidationError as error:
            results[number] = rejected(error, "the correction")
    if good:
        with transaction(company) as db:
            results |= _record(db, company, good, recorded_by)
    return batch_result([results[number] for number in range(len(corrections))])


def _record(db: Session, company: str, corrections: dict[int, Correction], recorded_by: str) -> dict[int, Result]:
    rows = {number: correction.row(number) for number, correction in corrections.items()}
    db.rows(_SQL["lock_records"], record_ids=[row["record_id"] for row in rows.values()])
    (answer,) = db.rows(
        _SQL["correct_usage"], corrections=json.dumps(list(rows.values())), company=company, recorded_by=recorded_by
    )
    known = set(answer["known"] or ())
    results = {
        number: Result(status="recorded", usage_record_id=str(record_id), deduplication_key=key)
        for number, record_id, key in answer["inserted"] or ()
    }
    results |= {
        number: Result(status="rejected", reason="/usageRecordId: there is no such usage record")
        for number in rows.keys() - known
    }
    if repeated := [rows[number] for number in rows.keys() - results.keys()]:
        results |= _repeats(db, repeated)
    return results


def _repeats(db: Session, rows: list[dict[str, Any]]) -> dict[int, Result]:
    """A statement of its own: it sees what others committed while the insert waited for them."""
    return {
        number: _repeat(record_id, key, differing)
        for number, record_id, key, differing in db.value(_SQL["corrected_before"], corrections=json.dumps(rows))
    }


def _repeat(record_id: int, key: str, differing: list[str] | None) -> Result:
    named = {"usage_record_id": str(record_id), "deduplication_key": key}
    if differing is None:
        return Result(status="conflict", reason="the record is superseded by another correction already", **named)
    if differing:
        return Result(status="conflict", reason=f"the id names a record with another {', '.join(differing)}", **named)
    return Result(status="duplicate", **named)
