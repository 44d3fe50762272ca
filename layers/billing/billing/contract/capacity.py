"""Capacity and forecast as responses show them (design §15): quantities with six decimals, ratios with four."""

from typing import Annotated

from pydantic import Field

from billing.contract.shapes import PeriodShape, Shape
from billing.contract.types import CapacityState, CapacityUnit, DecimalString, GrantSource, Instant

Ratio = Annotated[DecimalString, Field(examples=["1.0763"])]


class GrantLeft(Shape):
    """A grant of credits and what is left of it."""

    grant_id: Annotated[str, Field(examples=["12"])]
    source: GrantSource
    credits: DecimalString
    remaining: DecimalString
    priority: int
    expires_at: Instant | None


class Forecast(Shape):
    """`burnPerDay` is `used` ÷ `days`; what is `left` at `at` runs out `left` ÷ `burnPerDay` days later, the earliest by a
    seventh of `highestWeek` a day, the latest by one of `lowestWeek`. An instant is null where nothing burns, and where it lies
    beyond 2199."""

    at: Instant
    left: DecimalString
    used: DecimalString
    days: int
    burn_per_day: DecimalString
    highest_week: DecimalString
    lowest_week: DecimalString
    runs_out_at: Instant | None
    earliest: Instant | None
    latest: Instant | None


class Capacity(Shape):
    """`load` is `used` ÷ `committed`; `state` is null below 80 %. All are null for what has no capacity. `inputs` are the
    numbers that they are computed from."""

    unit: CapacityUnit | None
    period: PeriodShape
    committed: DecimalString | None
    used: DecimalString | None
    available: DecimalString | None
    load: Ratio | None
    commitment_used: Ratio | None
    state: CapacityState | None
    inputs: dict[str, DecimalString]
    grants: list[GrantLeft]
    forecast: Forecast | None
