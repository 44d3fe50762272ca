"""Periods, months and hours (design §2, §5)."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from billing.periods import InvalidPeriod, Period, hours_between, months, parse_period


@pytest.mark.parametrize(
    ("zone", "month", "hours"),
    [
        ("UTC", 3, 744),
        ("Europe/Oslo", 3, 743),
        ("Europe/Oslo", 10, 745),
        ("America/New_York", 3, 743),
        ("America/New_York", 11, 721),
        ("Asia/Kolkata", 3, 744),
        ("Asia/Kathmandu", 2, 672),
        ("Australia/Lord_Howe", 4, 721),
    ],
)
def test_a_month_has_the_hours_that_really_pass_there(zone: str, month: int, hours: int) -> None:
    period = parse_period(f"2025-{month:02d}-01", f"2025-{month:02d}-28", ZoneInfo(zone))

    assert [part.hours_in_month for part in months(period, ZoneInfo(zone))] == [hours]


def test_months_are_cut_to_the_period_and_leave_no_gap() -> None:
    oslo = ZoneInfo("Europe/Oslo")
    period = parse_period("2025-01-15T12:30:00Z", "2025-12-03", oslo)

    parts = months(period, oslo)

    assert (parts[0].start, parts[-1].end, len(parts)) == (period.start, period.end, 12)
    assert all(one.end == two.start for one, two in pairwise(parts))


def test_an_hour_belongs_to_the_period_of_its_first_instant() -> None:
    noon = datetime(2025, 1, 1, 12, tzinfo=UTC)
    second, hour = timedelta(seconds=1), timedelta(hours=1)

    assert hours_between(noon, noon + second) == 1
    assert hours_between(noon + second, noon + hour) == 0
    assert hours_between(noon + hour, noon) == 0


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [("2025-01-01", "2025-01-01", "start"), ("x", "2025-01-01", "start"), ("2025-01-01", "2030-01-01T00:00:01Z", "end")],
)
def test_a_period_that_cannot_be_used_names_the_field(start: str, end: str, field: str) -> None:
    with pytest.raises(InvalidPeriod) as refusal:
        parse_period(start, end, ZoneInfo("UTC"))

    assert refusal.value.field == field


def test_a_leap_day_may_be_followed_by_five_years() -> None:
    utc = ZoneInfo("UTC")

    assert parse_period("2024-02-29", "2029-03-01", utc) == Period(
        datetime(2024, 2, 29, tzinfo=UTC), datetime(2029, 3, 1, tzinfo=UTC)
    )
