"""A correction of a usage record: the values that it gives, the others being taken over (design §12)."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema, model_validator

from billing.contract.shapes import Request
from billing.contract.types import INSTANT_SCHEMA, Quantity, Reason, RecordId, Text
from billing.usage.event import check_metadata, check_timestamp

RECORD_ID_DIGITS_MAX = 18
"""Far from the end of Postgres's bigint."""


def check_record_id(text: str) -> str:
    """The id of a usage record: digits."""
    if not (text.isascii() and text.isdigit() and len(text) <= RECORD_ID_DIGITS_MAX):
        raise ValueError("must be the id of a usage record")
    return text


class Correction(Request):
    """At least one of `quantity`, `timestamp` and `metadata` is given; a quantity of 0 voids the record.

    Validate with the context {"now": datetime}."""

    usage_record_id: Annotated[RecordId, AfterValidator(check_record_id)]
    id: Annotated[Text, Field(description="Names the correction within the company; the same id again is the same one.")]
    reason: Reason
    quantity: Annotated[Quantity | None, Field(description="From 0 to below 10^12, with at most six decimals.")] = None
    timestamp: Annotated[
        Annotated[datetime, PlainValidator(check_timestamp), WithJsonSchema(INSTANT_SCHEMA)] | None,
        Field(description="From 2000-01-01 to one day from now, with an offset."),
    ] = None
    metadata: Annotated[
        Annotated[str, PlainValidator(check_metadata), WithJsonSchema({"type": "object"})] | None,
        Field(description="At most 8 KB as JSON, and 32 levels deep."),
    ] = None

    @model_validator(mode="after")
    def _corrects_something(self) -> Self:
        if self.quantity is None and self.timestamp is None and self.metadata is None:
            raise ValueError("must give a quantity, a timestamp or metadata")
        return self

    def row(self, number: int) -> dict[str, Any]:
        """The columns of sql/corrections.sql; null is taken over."""
        return {
            "number": number,
            "record_id": int(self.usage_record_id),
            "event_id": self.id,
            "reason": self.reason,
            "quantity": None if self.quantity is None else str(self.quantity),
            "event_timestamp": self.timestamp.isoformat() if self.timestamp else None,
            "metadata": self.metadata,
        }
