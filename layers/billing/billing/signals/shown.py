"""Capacity and forecast in the shape of responses."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from billing.contract import capacity as contract
from billing.contract.shapes import PeriodShape
from billing.money import round_half_even, show_quantity
from billing.periods import Period
from billing.signals.capacity import Capacity, state
from billing.signals.forecast import Forecast

RATIO_DIGITS = 4


def show_ratio(value: Fraction | None) -> Decimal | None:
    """With the four decimals of responses: 107.63 % is 1.0763."""
    return None if value is None else round_half_even(value, RATIO_DIGITS)


def show_optional(value: Fraction | Decimal | int | None) -> Decimal | None:
    """A quantity with six decimals, where there is one."""
    return None if value is None else show_quantity(value)


def capacity_shape(
    capacity: Capacity, period: Period, grants: Sequence[contract.GrantLeft], ahead: contract.Forecast | None
) -> contract.Capacity:
    """The capacity over a period, with its grants and its forecast."""
    load = capacity.load
    return contract.Capacity(
        unit=capacity.unit,
        period=_period_shape(period),
        committed=show_optional(capacity.committed),
        used=show_optional(capacity.used),
        available=show_optional(capacity.available),
        load=show_ratio(load),
        commitment_used=show_ratio(capacity.commitment_used),
        state=state(load),
        inputs={name: show_quantity(value) for name, value in capacity.inputs.items()},
        grants=list(grants),
        forecast=ahead,
    )


@lru_cache(maxsize=64)
def _period_shape(period: Period) -> PeriodShape:
    return PeriodShape(start=period.start, end=period.end)


def forecast_shape(now: datetime, forecast: Forecast | None) -> contract.Forecast | None:
    """The forecast as of an instant."""
    if forecast is None:
        return None
    return contract.Forecast(
        at=now,
        left=show_quantity(forecast.left),
        used=show_quantity(forecast.used),
        days=forecast.days,
        burn_per_day=show_quantity(forecast.burn_per_day),
        highest_week=show_quantity(forecast.highest_week),
        lowest_week=show_quantity(forecast.lowest_week),
        runs_out_at=forecast.runs_out_at,
        earliest=forecast.earliest,
        latest=forecast.latest,
    )
