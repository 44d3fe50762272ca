"""The points of a usage series (design §15): each hour, day or month of a period in the company's time zone.

An hour is a whole UTC hour; the first and the last point are cut to the period. Where the clocks change a
day has 23 or 25 hours.

>>> from datetime import UTC
>>> day = Period(datetime(2025, 3, 29, 23, tzinfo=UTC), datetime(2025, 3, 30, 22, tzinfo=UTC))
>>> len(points(day, "hour", ZoneInfo("Europe/Oslo"))), len(points(day, "day", ZoneInfo("Europe/Oslo")))
(23, 1)
"""

from datetime import datetime
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from billing.periods import DAY, HOUR, Period, first_hour, midnight, months

POINTS_MAX = 2000
Interval = Literal["hour", "day", "month"]


class TooManyPoints(ValueError):
    """The period has more points than a series may have."""


def points(period: Period, interval: Interval, zone: ZoneInfo) -> list[Period]:
    """The points in their order. Raises `TooManyPoints`."""
    if interval == "month":
        return [Period(month.start, month.end) for month in months(period, zone)]
    length = HOUR if interval == "hour" else DAY
    if (period.end - period.start) / length > POINTS_MAX + 1:
        raise TooManyPoints
    edges = [period.start, *_edges_within(period, interval, zone), period.end]
    if len(edges) > POINTS_MAX + 1:
        raise TooManyPoints
    return [Period(start, end) for start, end in pairwise(edges)]


def _edges_within(period: Period, interval: Interval, zone: ZoneInfo) -> list[datetime]:
    """The instants inside the period at which one point ends and another begins."""
    if interval == "hour":
        first = first_hour(period.start)
        edges = [first + n * HOUR for n in range(period.hours + 1)]
    else:
        day = period.start.astimezone(zone).date()
        days = (period.end.astimezone(zone).date() - day).days
        edges = [midnight(day + n * DAY, zone) for n in range(days + 1)]
    return [edge for edge in edges if period.start < edge < period.end]
