"""Records a batch of usage events, each exactly once (design §4, §8)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, SkipValidation, field_validator

from billing.contract.shapes import Request, Shape
from billing.database.ledger import Result, record_events
from billing.errors import TooLarge
from billing.usage.event import UsageEvent

BATCH_LIMIT = 1000
"""Events in one request (design §8)."""


class UsageBatch(Request):
    """1 to 1,000 events."""

    # Each is validated by itself, so that a bad one takes no other down.
    events: Annotated[
        list[SkipValidation[UsageEvent]],
        # Powertools makes a text of what a route is called with.
        Field(json_schema_extra={"minItems": 1, "maxItems": BATCH_LIMIT}, repr=False),
    ]

    @field_validator("events")
    @classmethod
    def _check_size(cls, events: list[Any]) -> list[Any]:
        if not events:
            raise ValueError(f"must have 1 to {BATCH_LIMIT:,} events")
        if len(events) > BATCH_LIMIT:
            raise TooLarge(f"The batch has {len(events)} events; at most {BATCH_LIMIT} are taken at a time.")
        return events


class BatchResult(Shape):
    """The results in the order of the events; `rejected` counts the conflicts too: what was not recorded and is not there."""

    recorded: int
    duplicates: int
    rejected: int
    results: list[Result]


def track_usage(company: str, events: Sequence[object], now: datetime) -> BatchResult:
    """Record the events of a batch. Raises `DatabaseUnavailable`."""
    results = record_events(company, events, now)
    recorded = sum(result.status == "recorded" for result in results)
    duplicates = sum(result.status == "duplicate" for result in results)
    return BatchResult(recorded=recorded, duplicates=duplicates, rejected=len(results) - recorded - duplicates, results=results)
