"""A usage event, its limits, and the canonical form by which its key names it (design §4.2, §4.3, §8).

Another spelling of the same event has the same key: another UTC offset, `1.0` for `1`, metadata in another order.
"""

import json
import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from billing.instants import EARLIEST, parse_instant
from billing.keys import usage_key
from billing.shapes import INSTANT_SCHEMA, Shape

EventType = Literal["seat_usage", "credit_usage", "learner_served", "session_completed"]

BILLING_EVENT_TYPES: dict[str, str] = {
    "seat_usage": "active_seats",
    "credit_usage": "storage_gb",
    "learner_served": "compute_hours",
    "session_completed": "reports_generated",
}
"""The billing system's name for each event type (design §8)."""

QUANTITY_LIMIT = Decimal(10) ** 12
METADATA_BYTES = 8 * 1024
METADATA_DEPTH = 32
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def parse_decimal(value: object) -> Decimal:
    """A JSON number, or a string that spells one, exactly as written. Raises `ValueError` for anything else."""
    text = str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value
    if not isinstance(text, str) or len(text) > 100 or not _NUMBER.fullmatch(text):
        raise ValueError("must be a number such as 12.5, or a string that spells one")
    return Decimal(text)


def plain_number(value: Decimal) -> str:
    """The one spelling of a number: no exponent, no trailing zeros, no minus before zero."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def check_quantity(value: Decimal) -> Decimal:
    """At least 0 and below 10^12, with at most six decimals; returned without trailing zeros."""
    if not 0 <= value < QUANTITY_LIMIT:
        raise ValueError("must be at least 0 and below 10^12")
    number = Decimal(plain_number(value))
    if int(number.as_tuple().exponent) < -6:
        raise ValueError("must have at most six decimals")
    return number


def check_text(value: str) -> str:
    """Text that Postgres stores as it was sent."""
    if _UNSTORABLE.search(value):
        raise ValueError("must not contain NUL or lone surrogates")
    return value


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


def number_or_string(pattern: str, **bounds: float) -> WithJsonSchema:
    """The JSON schema of a number that `parse_decimal` takes: the bounds are those of a number, the pattern a string's."""
    return WithJsonSchema({"anyOf": [{"type": "string", "pattern": pattern}, {"type": "number", **bounds}]})


Quantity = Annotated[
    Decimal,
    BeforeValidator(parse_decimal),
    AfterValidator(check_quantity),
    number_or_string(r"^[0-9]{1,12}(\.[0-9]{1,6})?$", minimum=0, exclusiveMaximum=10**12, multipleOf=0.000001),
]
DeduplicationKey = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "-[0-9]{14}-[0-9a-f]{32}$",
            "examples": ["demo-first-job-mentoring-session_completed-20250506123000-2d711642b726b04401627ca9fbac32f5"],
        }
    ),
]
Text = Annotated[
    str,
    Field(min_length=1, max_length=128, json_schema_extra={"pattern": r"^[^\x00]*$"}),
    AfterValidator(check_text),
]


class UsageEvent(Shape):
    """What a caller reports. The same event in another spelling is the same event; an `id` names it for good."""

    campaign_id: Text
    event_type: EventType
    quantity: Annotated[Quantity, Field(description="From 0 to below 10^12, with at most six decimals.")]
    timestamp: Annotated[
        datetime,
        BeforeValidator(parse_instant),
        WithJsonSchema(INSTANT_SCHEMA),
        Field(description="From 2000-01-01 to one day from now, with an offset."),
    ]
    # As canonical JSON: sorted keys, numbers in their one spelling.
    metadata: Annotated[
        str,
        BeforeValidator(check_metadata),
        WithJsonSchema({"type": "object"}),
        Field(description="At most 8 KB as JSON, and 32 levels deep.", json_schema_extra={"default": {}}),
    ] = "{}"
    id: Annotated[Text | None, Field(description="The caller's own name of the event, within the company.")] = None

    # Validate with the context {"now": datetime}.
    @field_validator("timestamp")
    @classmethod
    def _in_range(cls, value: datetime, info: ValidationInfo) -> datetime:
        if not EARLIEST <= value <= (info.context or {})["now"] + timedelta(days=1):
            raise ValueError("must lie between 2000-01-01 and one day from now")
        return value

    @property
    def key(self) -> str:
        """The deduplication key."""
        named = self.id if self.id is not None else self._canonical_form()
        return usage_key(self.campaign_id, self.event_type, self.timestamp, named)

    def _canonical_form(self) -> str:
        # NUL cannot be in any of the parts: no two events have the same form, and no id equals one.
        parts = (self.event_type, self.campaign_id, self.timestamp.isoformat(), str(self.quantity))
        return "\0".join((*parts, self.metadata))
