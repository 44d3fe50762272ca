"""A usage event, its limits, and the canonical form by which its key names it (design §4.2, §4.3, §8).

Another spelling of the same event has the same key: another UTC offset, `1.0` for `1`, metadata in another order.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Annotated

from pydantic import Field, PlainValidator, TypeAdapter, ValidationError, ValidationInfo, WithJsonSchema

from billing.contract.shapes import Request
from billing.contract.types import INSTANT_SCHEMA, Quantity, Text, check_text, parse_decimal, plain_number
from billing.instants import EARLIEST, parse_instant
from billing.usage.event_types import EventType
from billing.usage.keys import usage_key

METADATA_BYTES_MAX = 8 * 1024
METADATA_DEPTH_MAX = 32
DAY = timedelta(days=1)


def check_metadata(value: object) -> str:
    """A JSON object of at most 8 KB, as canonical JSON."""
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    text = canonical_json(value)
    if len(text.encode()) > METADATA_BYTES_MAX:
        raise ValueError("must be at most 8 KB as JSON")
    return text


def canonical_json(value: object, depth: int = METADATA_DEPTH_MAX) -> str:
    """The one spelling of a JSON value, without white space. Raises `ValueError` for what Postgres cannot store as it is."""
    if depth < 0:
        raise ValueError(f"must not be nested deeper than {METADATA_DEPTH_MAX} levels")
    match value:
        case str():
            return encode_basestring(check_text(value))
        case Decimal():
            return plain_number(parse_decimal(value))
        case dict():
            members = [f"{encode_basestring(check_text(key))}:{canonical_json(value[key], depth - 1)}" for key in sorted(value)]
            return "{" + ",".join(members) + "}"
        case list():
            return "[" + ",".join([canonical_json(item, depth - 1) for item in value]) + "]"
        case _:
            return json.dumps(value, allow_nan=False)


def check_timestamp(value: object, info: ValidationInfo) -> datetime:
    """An instant from 2000-01-01 to one day after the context's `now`, in UTC."""
    instant = parse_instant(value)
    if not EARLIEST <= instant <= (info.context or {})["now"] + DAY:
        raise ValueError("must lie between 2000-01-01 and one day from now")
    return instant


class UsageEvent(Request):
    """What a caller reports. The same event in another spelling is the same event; an `id` names it for good.

    Validate with the context {"now": datetime}."""

    campaign_id: Text
    event_type: EventType
    quantity: Annotated[Quantity, Field(description="From 0 to below 10^12, with at most six decimals.")]
    timestamp: Annotated[
        datetime,
        PlainValidator(check_timestamp),
        WithJsonSchema(INSTANT_SCHEMA),
        Field(description="From 2000-01-01 to one day from now, with an offset."),
    ]
    # As canonical JSON: sorted keys, numbers in their one spelling.
    metadata: Annotated[
        str,
        PlainValidator(check_metadata),
        WithJsonSchema({"type": "object"}),
        Field(description="At most 8 KB as JSON, and 32 levels deep.", json_schema_extra={"default": {}}),
    ] = "{}"
    id: Annotated[Text | None, Field(description="The caller's own name of the event, within the company.")] = None

    @property
    def key(self) -> str:
        """The deduplication key."""
        return str(self.row()["deduplication_key"])

    def row(self) -> dict[str, str | None]:
        """The event as the ledger's columns, each as text, with its deduplication key."""
        quantity, instant = str(self.quantity), self.timestamp.isoformat()
        named = self.id
        if named is None:
            # NUL cannot be in any of the parts: no two events have the same form, and no id equals one.
            named = "\0".join((self.event_type, self.campaign_id, instant, quantity, self.metadata))
        return {
            "campaign_id": self.campaign_id,
            "event_type": self.event_type,
            "quantity": quantity,
            "event_timestamp": instant,
            "metadata": self.metadata,
            "event_id": self.id,
            "deduplication_key": usage_key(self.campaign_id, self.event_type, instant, named),
        }


_EVENTS = TypeAdapter(list[UsageEvent])


def read_events(events: Sequence[object], now: datetime) -> tuple[dict[int, UsageEvent], dict[int, ValidationError]]:
    """The good events of a batch and what is wrong with the others, by their numbers. Where all are good, one call of the
    validator does, which takes a fifth of the time less."""
    context = {"now": now}
    try:
        return dict(enumerate(_EVENTS.validate_python(events, context=context))), {}
    except ValidationError:
        return _one_by_one(events, context)


def _one_by_one(
    events: Sequence[object], context: dict[str, datetime]
) -> tuple[dict[int, UsageEvent], dict[int, ValidationError]]:
    good, bad = {}, {}
    for number, event in enumerate(events):
        try:
            good[number] = UsageEvent.model_validate(event, context=context)
        except ValidationError as error:
            bad[number] = error
    return good, bad
