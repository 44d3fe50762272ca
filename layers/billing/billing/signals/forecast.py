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

DAYS_MAX, DAYS_MIN, WEEK_DAYS = 28, 7, 7


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
    """The forecast from the use of each whole day of the campaign, the oldest first; None for fewer than 7 days."""
    days = daily[-DAYS_MAX:]
    if len(days) < DAYS_MIN:
        return None
    ends = range(len(days), WEEK_DAYS - 1, -WEEK_DAYS)
    weeks = [Fraction(sum(days[end - WEEK_DAYS : end])) / WEEK_DAYS for end in ends]
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
    """The instant, rounded down to the second; None where nothing burns, and where it would lie after 2199."""
    if not burn_per_day:
        return None
    seconds = left / burn_per_day * 86_400
    return now + timedelta(seconds=int(seconds)) if seconds < (LATEST - now).total_seconds() else None
