"""When what is left runs out (design §15): no model, no smoothing.

burn = Σ of the last 28 whole days ÷ 28. Where the campaign has fewer days, it is the average of all of them; with fewer than 7
there is no forecast. It runs out at now + left ÷ burn. The weeks are counted back from the last day: the one with the highest
use gives the earliest run-out, the one with the lowest use the latest.

Example: 236.5 credits in 31 days are 7.6290 a day; 63.5 left ÷ 7.6290 = 8.32 days.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from billing.instants import LATEST
from billing.money import exact, quotient

DAYS_MAX, DAYS_MIN, WEEK_DAYS = 28, 7, 7


class Forecast(NamedTuple):
    """`burn_per_day` rests on the use of `days` whole days, `earliest` and `latest` on that of the week with the highest and of
    the one with the lowest; each instant is null where nothing runs out before 2200."""

    left: Fraction
    days: int
    used: Fraction
    burn_per_day: Fraction
    highest_week: Decimal
    lowest_week: Decimal
    runs_out_at: datetime | None
    earliest: datetime | None
    latest: datetime | None


def forecast(now: datetime, left: Fraction, daily: Sequence[Decimal]) -> Forecast | None:
    """The forecast from the use of each whole day of the campaign, the oldest first; None for fewer than 7 days."""
    days = daily[-DAYS_MAX:]
    if len(days) < DAYS_MIN:
        return None
    ends = range(len(days), WEEK_DAYS - 1, -WEEK_DAYS)
    weeks = [sum(days[end - WEEK_DAYS : end], Decimal(0)) for end in ends]
    used = sum(weeks, sum(days[: len(days) % WEEK_DAYS], Decimal(0)))
    burn = quotient(used, len(days))
    return Forecast(
        left=left,
        days=len(days),
        used=exact(used),
        burn_per_day=burn,
        highest_week=max(weeks),
        lowest_week=min(weeks),
        runs_out_at=run_out(now, left, burn),
        earliest=run_out(now, left, quotient(max(weeks), WEEK_DAYS)),
        latest=run_out(now, left, quotient(min(weeks), WEEK_DAYS)),
    )


def run_out(now: datetime, left: Fraction, burn_per_day: Fraction) -> datetime | None:
    """The instant, rounded down to the second; None where nothing burns, and where it would lie after 2199."""
    if not burn_per_day:
        return None
    (units, of_units), (burned, of_burned) = left.as_integer_ratio(), burn_per_day.as_integer_ratio()
    seconds = units * of_burned * 86_400 // (of_units * burned)
    return now + timedelta(seconds=seconds) if seconds < (LATEST - now).total_seconds() else None
