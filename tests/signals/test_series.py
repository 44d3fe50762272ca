"""The points of a series (design §15)."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from billing.periods import Period
from billing.signals.series import Interval, TooManyPoints, points

OSLO = ZoneInfo("Europe/Oslo")
START = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("interval", ["hour", "day", "month"])
def test_points_cover_the_period_without_a_gap(interval: Interval) -> None:
    period = Period(datetime(2025, 3, 28, 10, 20, tzinfo=UTC), datetime(2025, 4, 2, 3, 4, 5, tzinfo=UTC))

    along = points(period, interval, OSLO)

    assert (along[0].start, along[-1].end) == (period.start, period.end)
    assert all(one.end == other.start for one, other in pairwise(along))


@pytest.mark.parametrize(("day", "hours"), [("2025-03-30", 23), ("2025-10-26", 25)])
def test_a_day_on_which_the_clocks_change_is_one_point(day: str, hours: int) -> None:
    start = datetime.fromisoformat(day).replace(tzinfo=OSLO).astimezone(UTC)
    period = Period(start, start + timedelta(hours=hours))

    assert points(period, "day", OSLO) == [period]
    assert len(points(period, "hour", OSLO)) == hours


@pytest.mark.parametrize(("interval", "length"), [("hour", timedelta(hours=1)), ("day", timedelta(days=1))])
def test_two_thousand_points_are_the_most(interval: Interval, length: timedelta) -> None:
    period = Period(START, START + 2000 * length)

    assert len(points(period, interval, ZoneInfo("UTC"))) == 2000
    with pytest.raises(TooManyPoints):
        points(Period(START, period.end + timedelta(microseconds=1)), interval, ZoneInfo("UTC"))
