"""The base classes of all requests and responses: camelCase names and no others (design §8)."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from billing.contract.types import Instant


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
