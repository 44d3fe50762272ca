"""What becomes of the events or corrections of a batch (design §8, §12)."""

from typing import Annotated, Literal

from pydantic import Field, ValidationError

from billing.contract.shapes import Shape
from billing.contract.types import DeduplicationKey, RecordId
from billing.errors import field_error, first_errors

BATCH_MAX = 1000
"""Events, or corrections, in one request (design §8)."""

Status = Literal["recorded", "duplicate", "conflict", "rejected"]


class Result(Shape):
    """What became of one. A repeat, and a conflict, name the record that was there first; `supersededBy` is the correction of
    that record, where it has one."""

    status: Status
    usage_record_id: RecordId | None = None
    deduplication_key: DeduplicationKey | None = None
    reason: Annotated[str | None, Field(examples=["/quantity: must be at least 0 and below 10^12"])] = None
    superseded_by: RecordId | None = None


class BatchResult(Shape):
    """The results in the order of the batch; `rejected` counts the conflicts too: what was not recorded and is not there."""

    recorded: int
    duplicates: int
    rejected: int
    results: list[Result]


def rejected(error: ValidationError, what: str) -> Result:
    """The reasons why one of a batch is rejected; `what` it is names it as a whole."""
    errors = first_errors([field_error(item) for item in error.errors(include_url=False, include_input=False)])
    return Result(status="rejected", reason="; ".join(f"{item.pointer or what}: {item.detail}" for item in errors))


def batch_result(results: list[Result]) -> BatchResult:
    """The results with their counts."""
    recorded = sum(result.status == "recorded" for result in results)
    duplicates = sum(result.status == "duplicate" for result in results)
    return BatchResult(recorded=recorded, duplicates=duplicates, rejected=len(results) - recorded - duplicates, results=results)
