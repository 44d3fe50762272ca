"""The custom model beyond its worked example (design §5, §10): fees, components and milestones while terms change."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from billing.periods import Period
from billing.pricing import custom
from billing.terms.campaign import Campaign, Version
from billing.usage.consumption import Consumption, SeatMonth
from tests.pricing.agreed import campaign, following, period, version
from tests.pricing.reference import History, charged, stated

JANUARY, FEBRUARY, MARCH = (
    period("2025-01-01", "2025-02-01"),
    period("2025-02-01", "2025-03-01"),
    period("2025-03-01", "2025-04-01"),
)
YEAR = period("2025-01-01", "2026-01-01")


def component(unit: str, cap: str | None = None, rate: str = "2.50", name: str = "Work") -> Version:
    return version("custom", variableComponents=[{"name": name, "unit": unit, "rate": rate, "cap": cap}])


def fee(amount: str, interval: str = "once", **given: Any) -> Version:
    return version("custom", fixedFee=amount, fixedFeeInterval=interval, **given)


def milestone(amount: str, due: str, name: str = "Kick-off") -> Version:
    return version("custom", milestonePayments=[{"name": name, "amount": amount, "dueDate": due}])


def changing(first: Version, *changes: tuple[Period, Version], **given: Any) -> Campaign:
    return campaign("custom", versions=following(first, *((during.start, each) for during, each in changes)), **given)


def consumption(quantity: int, *seat_months: SeatMonth) -> Consumption:
    used = Decimal(quantity)
    return Consumption(seat_months, credits=used, learners=used * 2, sessions=used * 3, volunteer_hours=used * 4)


BEFORE = consumption(10, SeatMonth(720, Decimal(1440)))
USED = consumption(1, SeatMonth(744, Decimal(372)), SeatMonth(672, Decimal(672)))


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
    one = changing(component(unit, cap))
    (part,), (before,) = History().parts(one, FEBRUARY), History().parts(one, JANUARY)

    (line,) = custom.charge(one, part._replace(consumption=USED), [before._replace(consumption=BEFORE)])

    assert (line.key, line.description, line.currency) == ("custom.component:Work", "Work", "EUR")
    assert (line.unit, line.quantity) == (shown, quantity)
    assert line.exact_amount == quantity * Fraction(5, 2)


LEARNERS = History(events=[(month.start, quantity) for month, quantity in ((JANUARY, 80), (FEBRUARY, 40), (MARCH, 40))])


@pytest.mark.parametrize(
    ("february", "march", "expected"),
    [
        (component("learner", "100"), component("learner", "100", "3"), [200, 50, 0]),
        (component("learner", "100"), component("learner", "140", "3"), [200, 50, 60]),
        (component("learner", "100"), component("learner", "50"), [200, 50, 0]),
        (component("learner", None), component("learner", "130"), [200, 100, 25]),
        (component("session", "100"), component("learner", "100"), [200, 100, 50]),
        (component("learner", "100", name="Other"), component("learner", "100"), [200, 100, 50]),
        (version("custom"), component("learner", "100"), [200, 0, 50]),
    ],
    ids=["new rate", "raised", "lowered", "uncapped before", "another unit", "another name", "not in force"],
)
def test_a_cap_counts_what_was_used_while_its_component_was_in_force(
    february: Version, march: Version, expected: list[int]
) -> None:
    one = changing(component("learner", "100"), (FEBRUARY, february), (MARCH, march))

    assert [charged(one, during, LEARNERS) for during in (JANUARY, FEBRUARY, MARCH)] == expected
    assert charged(one, YEAR, LEARNERS) == sum(expected)


@pytest.mark.parametrize(("interval", "unit"), [("once", "fee"), ("month", "month"), ("quarter", "quarter"), ("year", "year")])
def test_a_fixed_fee_is_on_every_statement_due_or_not(interval: str, unit: str) -> None:
    one = changing(fee("100", interval))

    (line,) = stated(one, period("2025-01-02", "2025-01-03")).lines

    assert (line.key, line.description, line.unit) == ("custom.fee", "Fixed fee", unit)
    assert [line.unit_price, line.quantity] == [100, 0]


def test_a_fee_is_due_at_the_first_instant_of_its_day_and_on_the_last_day_too() -> None:
    one = changing(fee("100", "month"), end_date=date(2025, 2, 1))
    last_instant = period("2025-01-31T23:59:59.999999", "2025-02-01")
    first_instant = period("2025-02-01", "2025-02-01T00:00:00.000001")

    assert [stated(one, during).lines[0].quantity for during in (last_instant, first_instant)] == [0, 1]


@pytest.mark.parametrize(
    ("february", "expected"),
    [
        (fee("300"), [100, 0, 0]),
        (version("custom"), [100, 0, 0]),
        (version("seats", price_per_month=Decimal(1)), [100, 0, 0]),
    ],
    ids=["raised", "taken away", "another model"],
)
def test_a_fee_that_fell_due_once_does_not_fall_due_again(february: Version, expected: list[int]) -> None:
    one = changing(fee("100"), (FEBRUARY, february), (MARCH, fee("200")))

    assert [charged(one, during) for during in (JANUARY, FEBRUARY, MARCH)] == expected


@pytest.mark.parametrize(
    "january",
    [version("custom"), fee("100", status="draft"), fee("100", is_active=False), version("seats", price_per_month=Decimal(1))],
    ids=["no fee", "not charged", "not active", "another model"],
)
def test_a_fee_once_falls_due_at_the_first_instant_at_which_there_is_one_and_the_status_is_charged(january: Version) -> None:
    one = changing(january, (FEBRUARY, fee("200")))

    assert [charged(one, during) for during in (JANUARY, FEBRUARY, MARCH)] == [0, 200, 0]


def test_a_fee_once_that_ends_where_the_campaign_begins_was_never_due() -> None:
    one = changing(fee("100"), (FEBRUARY, version("custom")), (MARCH, fee("200")), start_date=date(2025, 2, 1))

    assert [charged(one, during) for during in (JANUARY, FEBRUARY, MARCH)] == [0, 0, 200]


def test_a_fee_is_due_on_the_day_of_the_companys_zone() -> None:
    one = changing(fee("100", "month"), zone="Europe/Oslo")

    assert charged(one, period("2025-01-31T22:30", "2025-01-31T23:00")) == 0
    assert charged(one, period("2025-01-31T23:00", "2025-01-31T23:30")) == 100


def test_a_fee_by_interval_is_due_by_the_terms_in_force_on_its_day_and_nothing_is_made_up_for() -> None:
    paused, closed = fee("100", "month", status="paused"), fee("100", "month", status="completed")
    april = period("2025-04-01", "2025-05-01")
    one = changing(fee("50", "month"), (FEBRUARY, closed), (MARCH, paused), (april, fee("900", "quarter")))

    assert [charged(one, during) for during in (JANUARY, FEBRUARY, MARCH, april)] == [50, 0, 100, 900]
    assert charged(one, period("2025-05-01", "2025-07-01")) == 0


def test_a_milestone_falls_due_once_whatever_changes_after_it() -> None:
    again, more = milestone("700", "2025-02-20"), milestone("900", "2025-03-20")

    one = changing(milestone("500", "2025-01-20"), (FEBRUARY, again), (MARCH, more))

    assert [charged(one, during) for during in (JANUARY, FEBRUARY, MARCH)] == [500, 0, 0]


def test_a_milestone_whose_day_has_passed_falls_due_when_it_is_agreed_on() -> None:
    one = changing(version("custom"), (FEBRUARY, milestone("500", "2025-01-20")))

    assert [charged(one, during) for during in (JANUARY, FEBRUARY)] == [0, 500]
    assert charged(one, period("2025-02-01", "2025-02-01T00:00:00.000001")) == 500


def test_a_milestone_that_is_put_off_in_time_falls_due_on_its_new_day_with_its_new_amount() -> None:
    one = changing(milestone("500", "2025-02-20"), (FEBRUARY, milestone("600", "2025-03-20")))

    assert [charged(one, during) for during in (JANUARY, FEBRUARY, MARCH)] == [0, 0, 600]


def test_a_milestone_that_is_put_off_from_the_instant_of_its_day_on_is_not_due_then() -> None:
    one = changing(milestone("500", "2025-02-01"), (FEBRUARY, milestone("600", "2025-03-20")))

    assert [charged(one, during) for during in (JANUARY, FEBRUARY, MARCH)] == [0, 0, 600]


def test_a_milestone_falls_due_whatever_the_status() -> None:
    one = changing(milestone("500", "2025-01-20")._replace(status="closed", is_active=False))

    assert charged(one, JANUARY) == 500


def test_milestones_without_a_name_are_known_by_their_due_dates() -> None:
    dues = [{"amount": 1, "dueDate": "2025-01-20"}, {"amount": 10, "dueDate": "2025-01-21"}]

    lines = stated(changing(version("custom", milestonePayments=dues)), JANUARY).lines

    assert [(line.key, line.exact_amount) for line in lines] == [
        ("custom.milestone:2025-01-20", Fraction(1)),
        ("custom.milestone:2025-01-21", Fraction(10)),
    ]
    assert [(line.description, line.unit, line.derivation) for line in lines] == [
        ("Milestone of 2025-01-20", "milestone", ("1 × 1.00",)),
        ("Milestone of 2025-01-21", "milestone", ("1 × 10.00",)),
    ]


@pytest.mark.parametrize(
    ("unit", "cap", "amount", "estimated"),
    [("seat_month", "2", "5.00", "5.00"), ("seat_month", None, "10.00", "7.50"), ("learner", None, "5.00", "0.00")],
)
def test_what_of_a_component_rests_on_estimated_seats_is_said_as_far_as_it_is_charged(
    unit: str, cap: str | None, amount: str, estimated: str
) -> None:
    seats = SeatMonth(744, Decimal(744 * 4), estimated_seat_hours=Decimal(744 * 3))
    one = changing(component(unit, cap))
    (part,) = History().parts(one, JANUARY)

    (line,) = custom.charge(one, part._replace(consumption=Consumption((seats,), learners=Decimal(2))), [])

    assert [str(line.amount), str(line.estimated_amount)] == [amount, estimated]


def test_nothing_agreed_is_nothing_charged() -> None:
    statement = stated(campaign("custom"), JANUARY, LEARNERS)

    assert statement.lines == ()
    assert statement.total_amount == 0


def test_a_custom_statement_has_no_unit_of_its_own() -> None:
    statement = stated(changing(component("hour")), JANUARY, History(events=[(datetime(2025, 1, 2, tzinfo=UTC), 3)]))

    assert (statement.unit_price, statement.quantity) == (None, None)
