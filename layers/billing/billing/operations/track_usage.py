"""Records a batch of usage events, each exactly once (design §4, §8)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, SkipValidation, field_validator

from billing.contract.results import BATCH_MAX, BatchResult, batch_result
from billing.contract.shapes import Request
from billing.database.ledger import record_events
from billing.errors import TooLarge
from billing.usage.event import UsageEvent


class UsageBatch(Request):
    """1 to 1,000 events."""

    # Each is validated by itself, so that a bad one takes no other down.
    events: Annotated[
        list[SkipValidation[UsageEvent]],
        # Not in the repr: Powertools formats the arguments of each call to a route.
        Field(json_schema_extra={"minItems": 1, "maxItems": BATCH_MAX}, repr=False),
    ]

    @field_validator("events")
    @classmethod
    def _check_size(cls, events: list[Any]) -> list[Any]:
        if not events:
            raise ValueError(f"must have 1 to {BATCH_MAX:,} events")
        if len(events) > BATCH_MAX:
            raise TooLarge(f"The batch has {len(events)} events; at most {BATCH_MAX} are accepted at a time.")
        return events


def track_usage(company: str, events: Sequence[object], now: datetime) -> BatchResult:
    """Record the events of a batch. Raises `DatabaseUnavailable`."""
    return batch_result(record_events(company, events, now))
