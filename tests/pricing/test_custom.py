"""The custom model beyond its worked example (design §5): units, caps, and what is always on the statement."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from billing.pricing import custom
from billing.terms.campaign import Campaign
from billing.terms.models import CustomTerms
from billing.usage.consumption import Consumption, Quantity, SeatMonth
from tests.pricing.reference import campaign, period

JANUARY = period("2025-01-01", "2025-02-01")


def custom_campaign(end_date: date | None = None, **terms: Any) -> Campaign:
    return campaign("custom", end_date=end_date, custom_pricing_terms=CustomTerms.model_validate(terms))


def component(unit: str, cap: str | None = None) -> Campaign:
    return custom_campaign(variableComponents=[{"name": "Work", "unit": unit, "rate": "2.50", "cap": cap}])


def used(before: int, within: int) -> Quantity:
    return Quantity(Decimal(before), Decimal(within))


USED = Consumption(
    seat_months=(SeatMonth(744, Decimal(372)), SeatMonth(672, Decimal(672))),
    seat_months_before=(SeatMonth(720, Decimal(1440)),),
    credits=used(10, 1),
    learners=used(20, 2),
    sessions=used(30, 3),
    volunteer_hours=used(40, 4),
)


@pytest.mark.parametrize(
    ("unit", "shown", "cap", "quantity"),
    [
        ("credit", "credit", None, 1),
        ("learner", "learner", None, 2),
        ("session", "session", None, 3),
        ("hour", "hour", None, 4),
        ("seat_month", "seat-month", None, Fraction(3, 2)),
        ("credit", "credit", "10.5", Fraction(1, 2)),
        ("learner", "learner", "21", 1),
        ("session", "session", "30", 0),
        ("hour", "hour", "39", 0),
        ("seat_month", "seat-month", "2.25", Fraction(1, 4)),
        ("learner", "learner", "0", 0),
    ],
)
def test_a_component_is_charged_what_was_used_of_its_unit_and_the_cap_leaves(
    unit: str, shown: str, cap: str | None, quantity: Fraction | int
) -> None:
    (line,) = custom.charge(component(unit, cap), JANUARY, USED).lines

    assert (line.description, line.unit, line.quantity) == ("Work", shown, quantity)
    assert line.exact_amount == quantity * Fraction(5, 2)


@pytest.mark.parametrize(
    ("unit", "cap", "needed"),
    [("seat_month", "1", True), ("seat_month", "0", True), ("seat_month", None, False), ("hour", "1", False)],
)
def test_only_a_capped_seat_month_looks_at_the_seats_before(unit: str, cap: str | None, needed: bool) -> None:
    assert custom.needs_seats_before(component(unit, cap)) is needed
    assert not custom.needs_seats_before(campaign("seats"))


@pytest.mark.parametrize(("interval", "unit"), [("once", "fee"), ("month", "month"), ("quarter", "quarter"), ("year", "year")])
def test_a_fixed_fee_is_on_every_statement_due_or_not(interval: str, unit: str) -> None:
    one = custom_campaign(fixedFee="100", fixedFeeInterval=interval)

    (line,) = custom.charge(one, period("2025-01-02", "2025-01-03"), Consumption()).lines

    assert (line.description, line.unit) == ("Fixed fee", unit)
    assert [line.unit_price, line.quantity] == [100, 0]


def test_a_fee_is_due_at_the_first_instant_of_its_day_and_on_the_last_day_too() -> None:
    one = custom_campaign(end_date=date(2025, 2, 1), fixedFee="100", fixedFeeInterval="month")
    last_instant = period("2025-01-31T23:59:59.999999", "2025-02-01")
    first_instant = period("2025-02-01", "2025-02-01T00:00:00.000001")

    due = [custom.charge(one, during, Consumption()).lines[0].quantity for during in (last_instant, first_instant)]

    assert due == [0, 1]


def test_nothing_agreed_is_nothing_charged() -> None:
    statement = custom.charge(custom_campaign(), JANUARY, USED)

    assert statement.lines == ()
    assert statement.total_amount == 0


def test_a_custom_statement_has_no_unit_of_its_own() -> None:
    statement = custom.charge(component("hour"), JANUARY, USED)

    assert (statement.unit_price, statement.quantity) == (None, None)
