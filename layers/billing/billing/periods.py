"""Periods, months and hours (design §2, §5).

A period is half-open, `[start, end)`. An hour is a whole UTC hour and belongs to whatever holds its first instant. Months
are calendar months in the company's time zone, and have as many hours as really pass there:

>>> from zoneinfo import ZoneInfo
>>> march = parse_period("2025-03-01", "2025-04-01", ZoneInfo("Europe/Oslo"))
>>> [month.hours_in_month for month in months(march, ZoneInfo("Europe/Oslo"))]
[743]
"""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from billing.errors import FieldError, Invalid
from billing.instants import parse_instant

MICROSECOND, HOUR, DAY = timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1)
PERIOD_YEARS_MAX = 5
"""The longest period that a request may ask for (design §8)."""

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2200, 1, 1)
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class InvalidPeriod(Invalid):
    """A period that cannot be used; `field` is `start` or `end`."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__("The period cannot be used; see errors.", [FieldError(f"/{field}", reason)])


@dataclass(frozen=True)
class Period:
    """From `start` until just before `end`; aware instants."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise InvalidPeriod("start", "must be before end")

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    @property
    def hours(self) -> int:
        """How many whole hours belong to it."""
        return hours_between(self.start, self.end)


class Month(NamedTuple):
    """The part of a calendar month that lies in a period; `hours_in_month` are those of the whole month."""

    start: datetime
    end: datetime
    hours_in_month: int


def first_hour(instant: datetime) -> datetime:
    """The first whole hour that begins at the instant or after it, in UTC."""
    exact = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    if not (exact.minute or exact.second or exact.microsecond):
        return exact
    return exact.replace(minute=0, second=0, microsecond=0) + HOUR


def hours_between(start: datetime, end: datetime) -> int:
    """How many whole hours begin in `[start, end)`; none where the end is not after the start."""
    return max(0, (first_hour(end) - first_hour(start)) // HOUR)


@lru_cache(maxsize=4096)
def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day there, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def months_later(day: date, count: int) -> date:
    """The same day of a later month, or that month's last.

    >>> months_later(date(2025, 1, 31), 1), months_later(date(2024, 2, 29), 12)
    (datetime.date(2025, 2, 28), datetime.date(2025, 2, 28))
    """
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def calendar_month(day: date, zone: ZoneInfo) -> Period:
    """The calendar month of a day there."""
    first = day.replace(day=1)
    return Period(midnight(first, zone), midnight(months_later(first, 1), zone))


def month_so_far(now: datetime, zone: ZoneInfo) -> Period:
    """The current calendar month there, until now; never empty, also at its first instant."""
    start = calendar_month(now.astimezone(zone).date(), zone).start
    return Period(start, max(now, start + MICROSECOND))


def first_day(month: str) -> date:
    """The first day of a month from its name.

    >>> first_day("2025-03")
    datetime.date(2025, 3, 1)
    """
    return date.fromisoformat(f"{month}-01")


def parse_month(text: str, zone: ZoneInfo) -> Period:
    """A calendar month there from its name, such as `2025-03`. Raises `InvalidPeriod`."""
    if not _MONTH.fullmatch(text):
        raise InvalidPeriod("month", 'must be a month such as "2025-03"')
    first = first_day(text)
    if not FIRST_DAY <= first < LAST_DAY:
        raise InvalidPeriod("month", f"must lie between {FIRST_DAY} and {LAST_DAY}")
    return calendar_month(first, zone)


@lru_cache(maxsize=1024)
def months(period: Period, zone: ZoneInfo) -> tuple[Month, ...]:
    """The calendar months of a period, the first and the last cut to it."""
    local = period.start.astimezone(zone)
    year, month = local.year, local.month
    slices: list[Month] = []
    start = midnight(date(year, month, 1), zone)
    while start < period.end:
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        end = midnight(date(year, month, 1), zone)
        slices.append(Month(max(start, period.start), min(end, period.end), hours_between(start, end)))
        start = end
    return tuple(slices)


def parse_period(start: str, end: str, zone: ZoneInfo) -> Period:
    """A period from its ends, each an RFC 3339 instant with an offset or a date, which is midnight in the zone (design §8).

    Raises `InvalidPeriod` where an end is neither, the start is not before the end, or they are over five years apart.
    """
    period = Period(_parse_named_end("start", start, zone), _parse_named_end("end", end, zone))
    if period.end > _years_later(period.start.astimezone(zone)):
        raise InvalidPeriod("end", f"must be at most {PERIOD_YEARS_MAX} years after start")
    return period


def check_end(text: str) -> str:
    """The text of a period's end, before the company and so its time zone are known; `parse_period` reads it again there.

    Raises `ValueError` where it can be no end of a period in any time zone, so that both ends are reported at once.
    """
    parse_end(text, ZoneInfo("UTC"))
    return text


def _parse_named_end(field: str, text: str, zone: ZoneInfo) -> datetime:
    try:
        return parse_end(text, zone)
    except ValueError as error:
        raise InvalidPeriod(field, str(error)) from None


def parse_end(text: str, zone: ZoneInfo) -> datetime:
    """An end of a period: an instant with an offset, or a date, which is midnight in the zone. Raises `ValueError`."""
    try:
        end = date.fromisoformat(text) if _DATE.fullmatch(text) else parse_instant(text)
    except ValueError:
        hint = '; a "+" is sent as %2B' if " " in text else ""
        raise ValueError(
            f'must be a date such as "2025-01-31", or an instant with an offset such as "2025-01-31T23:00:00Z"{hint}'
        ) from None
    # The day as it was given: in a zone ahead of UTC midnight of the first day is still in 1969.
    day = end.date() if isinstance(end, datetime) else end
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"must lie between {FIRST_DAY} and {LAST_DAY}")
    return end if isinstance(end, datetime) else midnight(end, zone)


def _years_later(start: datetime) -> datetime:
    # From 29 February to 1 March: a leap day has no namesake five years later.
    leap_day = (start.month, start.day) == (2, 29)
    moved = start + DAY if leap_day else start
    return moved.replace(year=moved.year + PERIOD_YEARS_MAX)
