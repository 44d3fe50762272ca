"""When what is left runs out (design §15): no model, no smoothing.

burn = Σ of the last 28 whole days ÷ 28; of fewer days all of them, of fewer than 7 nothing. It runs out at now + left ÷ burn;
earliest and latest are by the week with the highest and the one with the lowest use, of those that end with the last day.

Example: 236.5 credits in 31 days are 7.6290 a day; 63.5 left ÷ 7.6290 = 8.32 days.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from billing.instants import LATEST

MOST_DAYS, FEWEST_DAYS, WEEK = 28, 7, 7


class Forecast(NamedTuple):
    """`burn_per_day` rests on the use of `days` whole days; each instant is null where nothing runs out before 2200."""

    left: Fraction
    days: int
    used: Fraction
    burn_per_day: Fraction
    runs_out_at: datetime | None
    earliest: datetime | None
    latest: datetime | None


def forecast(now: datetime, left: Fraction, daily: Sequence[Decimal]) -> Forecast | None:
    """From the use of each whole day that the campaign has, the oldest first; None for fewer than 7."""
    days = daily[-MOST_DAYS:]
    if len(days) < FEWEST_DAYS:
        return None
    ends = range(len(days), WEEK - 1, -WEEK)
    weeks = [Fraction(sum(days[end - WEEK : end])) / WEEK for end in ends]
    used = Fraction(sum(days))
    return Forecast(
        left=left,
        days=len(days),
        used=used,
        burn_per_day=used / len(days),
        runs_out_at=run_out(now, left, used / len(days)),
        earliest=run_out(now, left, max(weeks)),
        latest=run_out(now, left, min(weeks)),
    )


def run_out(now: datetime, left: Fraction, burn_per_day: Fraction) -> datetime | None:
    """The instant, to the second below; None where nothing burns."""
    if not burn_per_day:
        return None
    seconds = left / burn_per_day * 86_400
    return now + timedelta(seconds=int(seconds)) if seconds < (LATEST - now).total_seconds() else None
