"""What requests and answers are made of: camelCase names, and decimals as JSON strings (design §8)."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

from billing.instants import format_instant

INSTANT_SCHEMA = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})$",
}
"""An instant in a request: RFC 3339 with an offset, to the microsecond."""

DecimalString = Annotated[
    Decimal,
    PlainSerializer(lambda value: f"{value:f}", return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "examples": ["15725.81"]}),
]
Instant = Annotated[
    datetime,
    PlainSerializer(format_instant, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2025-01-31T23:00:00Z"]}),
]
CampaignRef = Annotated[str, WithJsonSchema({"type": "string", "minLength": 1, "examples": ["demo-first-job-mentoring"]})]
SubscriptionRef = Annotated[str, WithJsonSchema({"type": "string", "minLength": 1, "examples": ["demo-fjellbris-2025"]})]
CompanyRef = Annotated[str, WithJsonSchema({"type": "string", "minLength": 1, "examples": ["demo-fjellbris"]})]
CampaignName = Annotated[str, WithJsonSchema({"type": "string", "examples": ["First-job mentoring"]})]
RecordId = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[0-9]+$", "examples": ["4711"]})]
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
Currency = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["EUR"]})]
Share = Annotated[DecimalString, WithJsonSchema({"type": "string", "pattern": r"^[0-9]+\.[0-9]{4}$", "examples": ["0.2500"]})]
PricingModel = Annotated[str, WithJsonSchema({"type": "string", "enum": ["seats", "credits", "bundle", "iaas", "custom"]})]


class Shape(BaseModel):
    """A JSON object with camelCase names and no others."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        json_schema_serialization_defaults_required=True,
    )


class Request(Shape):
    """What callers send: a name is known as the contract spells it, and in no other way."""

    model_config = ConfigDict(populate_by_name=False)


class PeriodShape(Shape):
    """Half-open: from `start` until just before `end`."""

    start: Instant
    end: Instant
