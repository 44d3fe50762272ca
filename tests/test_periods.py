"""Periods, months and hours (design §2, §5)."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from billing.instants import format_instant, parse_instant
from billing.periods import InvalidPeriod, Period, first_hour, hours_between, midnight, months, parse_period


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
    [
        ("2025-01-01", "2025-01-01", "start"),
        ("2025-01-02", "2025-01-01", "start"),
        ("x", "2025-01-01", "start"),
        ("2025-01-01", "2025-02-30", "end"),
        ("2025-1-1", "2025-02-01", "start"),
        ("2025-01-01T00:00:00", "2025-02-01", "start"),
        ("2025-01-01", "2025-02-01T00:00:00.1234567Z", "end"),
        ("2025-01-01", "2030-01-02", "end"),
        ("0001-01-01", "2025-01-01", "start"),
        ("0001-01-01T00:00:00+05:00", "2025-01-01", "start"),
        ("1969-12-31", "1970-01-02", "start"),
        ("2199-01-01", "2200-01-02", "end"),
        ("2025-01-01", "9999-12-31", "end"),
        ("2025-01-01", "9999-12-31T23:59:59-05:00", "end"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Oslo", "America/New_York"])
def test_a_period_that_cannot_be_used_names_the_field(start: str, end: str, field: str, zone: str) -> None:
    with pytest.raises(InvalidPeriod) as refusal:
        parse_period(start, end, ZoneInfo(zone))

    assert [error.pointer for error in refusal.value.errors] == [f"/{field}"]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Oslo", "America/New_York"])
def test_the_first_and_the_last_month_that_can_be_asked_for(zone: str) -> None:
    first = parse_period("1970-01-01", "1970-02-01", ZoneInfo(zone))
    last = parse_period("2199-12-01", "2200-01-01", ZoneInfo(zone))

    assert [len(months(period, ZoneInfo(zone))) for period in (first, last)] == [1, 1]
    assert (first.hours, last.hours) == (744, 744)


@pytest.mark.parametrize(
    "spelling",
    ["2025-01-01T00:00:00Z", "2025-01-01t00:00:00z", "2025-01-01T05:30:00.000000+05:30", "2024-12-31T19:00:00-05:00"],
)
def test_an_instant_is_the_same_in_every_spelling(spelling: str) -> None:
    assert parse_period(spelling, "2025-02-01", ZoneInfo("UTC")).start == datetime(2025, 1, 1, tzinfo=UTC)


def test_an_instant_is_taken_to_the_microsecond() -> None:
    period = parse_period("2025-01-01T00:00:00Z", "2025-01-01T00:00:00.000001Z", ZoneInfo("UTC"))

    assert period.end - period.start == timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        (date(2025, 1, 1), "Asia/Kolkata", "2024-12-31T18:30:00"),
        (date(2018, 11, 4), "America/Sao_Paulo", "2018-11-04T03:00:00"),
        (date(2024, 11, 3), "America/Havana", "2024-11-03T04:00:00"),
        (date(2011, 12, 30), "Pacific/Apia", "2011-12-30T10:00:00"),
    ],
    ids=["between two hours", "skipped by the clock", "twice on the clock", "a day that never was"],
)
def test_midnight_is_the_first_instant_of_the_day(day: date, zone: str, instant: str) -> None:
    assert midnight(day, ZoneInfo(zone)) == datetime.fromisoformat(instant).replace(tzinfo=UTC)


def test_an_hour_across_midnight_belongs_to_the_month_in_which_it_begins() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    january, february = months(parse_period("2025-01-01", "2025-03-01", kolkata), kolkata)

    # In UTC January there ends at 18:30: the hour of 18:00 is its last, that of 19:00 the first of February.
    assert first_hour(january.end) == first_hour(february.start) == datetime(2025, 1, 31, 19, tzinfo=UTC)
    assert (january.hours_in_month, february.hours_in_month) == (744, 672)


def test_an_instant_belongs_to_one_of_two_adjacent_periods() -> None:
    noon, day = datetime(2025, 1, 1, 12, tzinfo=UTC), timedelta(days=1)

    assert noon not in Period(noon - day, noon)
    assert noon in Period(noon, noon + day)


def test_five_years_are_allowed_and_a_microsecond_more_is_not() -> None:
    start, utc = "2025-01-01T00:00:00Z", ZoneInfo("UTC")

    assert parse_period(start, "2030-01-01T00:00:00Z", utc).hours == (5 * 365 + 1) * 24
    with pytest.raises(InvalidPeriod) as refusal:
        parse_period(start, "2030-01-01T00:00:00.000001Z", utc)
    assert refusal.value.errors == [("/end", "must be at most 5 years after start")]


def test_a_leap_day_may_be_followed_by_five_years() -> None:
    utc = ZoneInfo("UTC")

    assert parse_period("2024-02-29", "2029-03-01", utc) == Period(
        datetime(2024, 2, 29, tzinfo=UTC), datetime(2029, 3, 1, tzinfo=UTC)
    )


@pytest.mark.parametrize("offset", ["+14:60", "-00:99", "+24:00", "+1:00", "+0100"])
def test_an_offset_that_no_clock_has_is_refused(offset: str) -> None:
    with pytest.raises(ValueError, match="must be an instant with an offset"):
        parse_instant(f"2025-01-31T23:00:00{offset}")


def test_the_two_hours_of_a_clock_that_is_set_back_are_two_instants() -> None:
    earlier = datetime(2025, 10, 26, 2, tzinfo=ZoneInfo("Europe/Oslo"))
    later = earlier.replace(fold=1)

    assert [format_instant(each) for each in (earlier, later)] == ["2025-10-26T00:00:00Z", "2025-10-26T01:00:00Z"]
    assert [format_instant(first_hour(each)) for each in (earlier, later)] == ["2025-10-26T00:00:00Z", "2025-10-26T01:00:00Z"]
