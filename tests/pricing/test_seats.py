"""The seats model beyond its worked examples (design §5): who is charged a commitment, and for which hours."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from billing.money import show_quantity
from billing.periods import Period, parse_period
from billing.pricing import seats
from billing.terms.campaign import Campaign
from billing.usage.consumption import Consumption, SeatMonth
from tests.pricing.reference import History, campaign, hours, period

JANUARY = period("2025-01-01", "2025-02-01")


def seats_campaign(zone: str = "UTC", **terms: Any) -> Campaign:
    return campaign("seats", zone, **({"seat_price_per_month": Decimal(500), "start_date": None} | terms))


def test_seats_over_two_months_are_parts_of_each() -> None:
    one, during = seats_campaign(), period("2025-01-15", "2025-02-15")
    history = History(seats=hours(during.start, 31 * 24, 30))

    statement = seats.charge(one, during, history.consumption(one, during))

    assert str(show_quantity(statement.quantity or Fraction(0))) == "31.451613"
    assert str(statement.amount_due) == "15725.81"


def test_both_lines_are_there_when_nothing_is_used() -> None:
    statement = seats.charge(seats_campaign(), JANUARY, Consumption())

    assert [(line.description, str(line.quantity), line.unit) for line in statement.lines] == [
        ("Committed seats", "0", "seat-month"),
        ("Additional seats", "0", "seat-month"),
    ]
    assert statement.unit_price == 500


@pytest.mark.parametrize(
    ("status", "committed"),
    [("draft", 0), ("planned", 0), ("recruiting", 50), ("active", 50), ("paused", 50), ("completed", 50), ("closed", 50)],
)
def test_only_a_campaign_that_has_not_begun_is_charged_no_commitment(status: str, committed: int) -> None:
    one = seats_campaign(status=status, committed_seats=Decimal(50))

    assert seats.committed_seat_months(one, JANUARY) == committed


def test_additional_seats_are_charged_outside_the_date_range_too() -> None:
    one = seats_campaign(committed_seats=Decimal(10), end_date=date(2024, 12, 31))
    history = History(seats=hours(JANUARY.start, 744, 12))

    committed, additional = seats.charge(one, JANUARY, history.consumption(one, JANUARY)).lines

    assert [committed.quantity, additional.quantity] == [0, 2]


@pytest.mark.parametrize(
    ("zone", "month", "next_month"), [("Europe/Oslo", 3, 4), ("Europe/Oslo", 10, 11), ("Asia/Kolkata", 1, 2)]
)
def test_a_whole_month_is_one_month_of_the_commitment_where_clocks_change_too(zone: str, month: int, next_month: int) -> None:
    one = seats_campaign(zone, committed_seats=Decimal(50), start_date=date(2025, month, 1))
    during = parse_period(f"2025-{month:02d}-01", f"2025-{next_month:02d}-01", one.zone)

    assert seats.committed_seat_months(one, during) == 50


def test_a_day_of_the_date_range_is_a_day_of_the_companys_zone() -> None:
    one = seats_campaign("Europe/Oslo", committed_seats=Decimal(1), start_date=date(2025, 3, 30), end_date=date(2025, 3, 30))

    # The clocks go forward on that day, from 29 March 23:00 to 30 March 22:00 in UTC.
    assert seats.committed_seat_months(one, period("2025-03-01", "2025-04-01")) == Fraction(23, 743)


def test_the_future_is_charged_its_whole_commitment() -> None:
    one = seats_campaign(committed_seats=Decimal(50))

    assert seats.committed_seat_months(one, period("2150-01-01", "2150-03-01")) == 100


def test_average_seats_are_those_of_the_average_hour() -> None:
    used = Consumption(seat_months=(SeatMonth(744, Decimal(372), Decimal(0), Decimal(3)),))
    moment = Period(datetime(2025, 1, 1, 0, 10, tzinfo=UTC), datetime(2025, 1, 1, 0, 20, tzinfo=UTC))

    assert seats.average_seats(JANUARY, used) == Fraction(1, 2)
    assert seats.average_seats(moment, Consumption()) == 0


def test_the_peak_is_that_of_the_hour_with_most_seats() -> None:
    used = Consumption(seat_months=(SeatMonth(744, peak=Decimal(3)), SeatMonth(672, peak=Decimal(8)), SeatMonth(743)))

    assert [used.peak_seats, Consumption().peak_seats] == [8, 0]
