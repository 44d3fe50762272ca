"""What requests and answers are made of: camelCase names, and decimals as JSON strings (design §8)."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer
from pydantic.alias_generators import to_camel

from billing.instants import format_instant

DecimalString = Annotated[Decimal, PlainSerializer(lambda value: f"{value:f}", return_type=str, when_used="json")]
Instant = Annotated[datetime, PlainSerializer(format_instant, return_type=str, when_used="json")]


class Shape(BaseModel):
    """A JSON object with camelCase names and no others."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class PeriodShape(Shape):
    """Half-open: from `start` until just before `end`."""

    start: Instant
    end: Instant
