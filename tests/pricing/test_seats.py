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
from tests.pricing.agreed import campaign, hours, period
from tests.pricing.reference import History, stated

JANUARY = period("2025-01-01", "2025-02-01")


def seats_campaign(zone: str = "UTC", **given: Any) -> Campaign:
    return campaign("seats", zone, **({"price_per_month": Decimal(500), "start_date": None} | given))


def committed(one: Campaign, during: Period) -> Fraction:
    return stated(one, during).lines[0].quantity


def test_seats_over_two_months_are_parts_of_each() -> None:
    one, during = seats_campaign(), period("2025-01-15", "2025-02-15")
    history = History(seats=hours(during.start, 31 * 24, 30))

    statement = stated(one, during, history)

    assert str(show_quantity(statement.quantity or Fraction(0))) == "31.451613"
    assert str(statement.totals.amount_due) == "15725.81"


def test_both_lines_are_there_when_nothing_is_used() -> None:
    statement = stated(seats_campaign(), JANUARY)

    assert [(line.key, line.description, str(line.quantity), line.unit) for line in statement.lines] == [
        ("seats.committed", "Committed seats", "0", "seat-month"),
        ("seats.additional", "Additional seats", "0", "seat-month"),
    ]
    assert statement.unit_price == 500


@pytest.mark.parametrize(
    ("status", "expected"),
    [("draft", 0), ("planned", 0), ("recruiting", 50), ("active", 50), ("paused", 50), ("completed", 0), ("closed", 0)],
)
def test_a_commitment_is_charged_while_the_status_is_one_that_is_charged(status: str, expected: int) -> None:
    one = seats_campaign(status=status, committed=Decimal(50))

    assert committed(one, JANUARY) == expected


def test_no_commitment_is_charged_while_the_campaign_is_not_active() -> None:
    assert committed(seats_campaign(is_active=False, committed=Decimal(50)), JANUARY) == 0


@pytest.mark.parametrize("given", [{"status": "closed"}, {"is_active": False}], ids=str)
def test_additional_seats_are_charged_whatever_the_status(given: dict[str, Any]) -> None:
    one = seats_campaign(committed=Decimal(10), **given)

    none, additional = stated(one, JANUARY, History(seats=hours(JANUARY.start, 744, 12))).lines

    assert [none.quantity, additional.quantity] == [0, 2]


def test_additional_seats_are_charged_outside_the_date_range_too() -> None:
    one = seats_campaign(committed=Decimal(10), end_date=date(2024, 12, 31))
    history = History(seats=hours(JANUARY.start, 744, 12))

    none, additional = stated(one, JANUARY, history).lines

    assert [none.quantity, additional.quantity] == [0, 2]


@pytest.mark.parametrize(
    ("zone", "month", "next_month"), [("Europe/Oslo", 3, 4), ("Europe/Oslo", 10, 11), ("Asia/Kolkata", 1, 2)]
)
def test_a_whole_month_is_one_month_of_the_commitment_where_clocks_change_too(zone: str, month: int, next_month: int) -> None:
    one = seats_campaign(zone, committed=Decimal(50), start_date=date(2025, month, 1))
    during = parse_period(f"2025-{month:02d}-01", f"2025-{next_month:02d}-01", one.zone)

    assert committed(one, during) == 50


def test_a_day_of_the_date_range_is_a_day_of_the_companys_zone() -> None:
    one = seats_campaign("Europe/Oslo", committed=Decimal(1), start_date=date(2025, 3, 30), end_date=date(2025, 3, 30))

    # The clocks go forward on that day, from 29 March 23:00 to 30 March 22:00 in UTC.
    assert committed(one, period("2025-03-01", "2025-03-31T22:00")) == Fraction(23, 743)


def test_the_future_is_charged_its_whole_commitment() -> None:
    one = seats_campaign(committed=Decimal(50))

    assert committed(one, period("2150-01-01", "2150-03-01")) == 100


def test_what_rests_on_estimated_hours_is_said_beside_the_amount() -> None:
    one = seats_campaign(committed=Decimal(10))
    (part,) = History().parts(one, JANUARY)
    used = SeatMonth(744, Decimal(744 * 12), Decimal(744 * 2), Decimal(12), Decimal(372 * 12), Decimal(372 * 2))

    none, additional = seats.charge(one, part._replace(consumption=Consumption(seat_months=(used,))), [])

    assert [str(line.amount) for line in (none, additional)] == ["5000.00", "1000.00"]
    assert [str(line.estimated_amount) for line in (none, additional)] == ["0.00", "500.00"]


def test_average_seats_are_those_of_the_average_hour() -> None:
    used = Consumption(seat_months=(SeatMonth(744, Decimal(372), Decimal(0), Decimal(3)),))
    moment = Period(datetime(2025, 1, 1, 0, 10, tzinfo=UTC), datetime(2025, 1, 1, 0, 20, tzinfo=UTC))

    assert seats.average_seats(JANUARY, used) == Fraction(1, 2)
    assert seats.average_seats(moment, Consumption()) == 0


def test_the_peak_is_that_of_the_hour_with_most_seats() -> None:
    used = Consumption(seat_months=(SeatMonth(744, peak=Decimal(3)), SeatMonth(672, peak=Decimal(8)), SeatMonth(743)))

    assert [used.peak_seats, Consumption().peak_seats] == [8, 0]
