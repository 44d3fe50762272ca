"""A usage event, its limits, and the canonical form by which its key names it (design §4.2, §4.3, §8).

Another spelling of the same event has the same key: another UTC offset, `1.0` for `1`, metadata in another order.
"""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from billing.contract.shapes import Request
from billing.contract.types import InstantIn, Quantity, Text, check_text, parse_decimal, plain_number
from billing.instants import EARLIEST
from billing.usage.event_types import EventType
from billing.usage.keys import usage_key

METADATA_BYTES = 8 * 1024
METADATA_DEPTH = 32


def check_metadata(value: object) -> str:
    """A JSON object of at most 8 KB, as canonical JSON."""
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    text = canonical_json(value)
    if len(text.encode()) > METADATA_BYTES:
        raise ValueError("must be at most 8 KB as JSON")
    return text


def canonical_json(value: object, depth: int = METADATA_DEPTH) -> str:
    """The one spelling of a JSON value, without white space. Raises `ValueError` for what Postgres cannot store as it is."""
    if depth < 0:
        raise ValueError(f"must not be nested deeper than {METADATA_DEPTH} levels")
    match value:
        case dict():
            members = (f"{canonical_json(key)}:{canonical_json(value[key], depth - 1)}" for key in sorted(value))
            return "{" + ",".join(members) + "}"
        case list():
            return "[" + ",".join(canonical_json(item, depth - 1) for item in value) + "]"
        case str():
            return json.dumps(check_text(value), ensure_ascii=False)
        case Decimal():
            return plain_number(parse_decimal(value))
        case _:
            return json.dumps(value, allow_nan=False)


def check_timestamp(value: datetime | None, info: ValidationInfo) -> datetime | None:
    """An instant from 2000 to one day after the validation's `now`."""
    if value is not None and not EARLIEST <= value <= (info.context or {})["now"] + timedelta(days=1):
        raise ValueError("must lie between 2000-01-01 and one day from now")
    return value


class UsageEvent(Request):
    """What a caller reports. The same event in another spelling is the same event; an `id` names it for good."""

    campaign_id: Text
    event_type: EventType
    quantity: Annotated[Quantity, Field(description="From 0 to below 10^12, with at most six decimals.")]
    timestamp: Annotated[InstantIn, Field(description="From 2000-01-01 to one day from now, with an offset.")]
    # As canonical JSON: sorted keys, numbers in their one spelling.
    metadata: Annotated[
        str,
        BeforeValidator(check_metadata),
        WithJsonSchema({"type": "object"}),
        Field(description="At most 8 KB as JSON, and 32 levels deep.", json_schema_extra={"default": {}}),
    ] = "{}"
    id: Annotated[Text | None, Field(description="The caller's own name of the event, within the company.")] = None

    # Validate with the context {"now": datetime}.
    _in_range = field_validator("timestamp")(check_timestamp)

    @property
    def key(self) -> str:
        """The deduplication key."""
        named = self.id if self.id is not None else self._canonical_form()
        return usage_key(self.campaign_id, self.event_type, self.timestamp, named)

    def _canonical_form(self) -> str:
        # NUL cannot be in any of the parts: no two events have the same form, and no id equals one.
        parts = (self.event_type, self.campaign_id, self.timestamp.isoformat(), str(self.quantity))
        return "\0".join((*parts, self.metadata))
