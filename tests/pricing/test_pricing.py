"""What each model charges (design §5, §10), without a database: the worked examples, the boundaries, and additivity."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.money import round_money
from billing.periods import HOUR, Period
from billing.terms.campaign import Campaign, Version
from tests.pricing.agreed import campaign, following, hours, period, subscription, version
from tests.pricing.arithmetic import evaluate
from tests.pricing.reference import History, Movement, charged, slowly_charged, stated

JANUARY = period("2025-01-01", "2025-02-01")
YEAR = period("2025-01-01", "2026-01-01")
SUBSCRIPTIONS = {"s": [subscription(YEAR)]}
SHARE: dict[str, Any] = {"subscription_id": "s", "share": Decimal("0.25")}


def amounts(one: Campaign, during: Period, history: History | None = None) -> list[str]:
    return [str(line.amount) for line in stated(one, during, history).lines]


def fee(interval: str, zone: str = "UTC", **dates: Any) -> Campaign:
    return campaign("custom", zone, fixedFee="100.00", fixedFeeInterval=interval, **dates)


@pytest.mark.parametrize(
    ("committed", "seats", "expected"),
    [
        (0, [(744, 30)], ["0.00", "15000.00"]),
        (50, [(744, 30)], ["25000.00", "0.00"]),
        (50, [(372, 60), (372, 40)], ["25000.00", "2500.00"]),
    ],
)
def test_the_worked_examples_of_seats(committed: int, seats: list[tuple[int, int]], expected: list[str]) -> None:
    history, first = History(), datetime(2025, 1, 1, tzinfo=UTC)
    for count, taken in seats:
        history.seats |= hours(first, count, taken)
        first += timedelta(hours=count)
    one = campaign("seats", price_per_month=Decimal(500), committed=Decimal(committed))

    assert amounts(one, JANUARY, history) == expected


def test_the_worked_example_of_a_change_of_terms() -> None:
    first = version("seats", price_per_month=Decimal("35.00"), committed=Decimal(40))
    second = version("seats", price_per_month=Decimal("33.50"), committed=Decimal(55))
    at = datetime(2025, 3, 14, 23, tzinfo=UTC)
    one = campaign("seats", "Europe/Oslo", versions=following(first, (at, second)))

    statement = stated(one, period("2025-02-28T23:00", "2025-03-31T22:00"))

    assert [(str(line.amount), line.derivation) for line in statement.lines if line.quantity] == [
        ("633.11", ("40 seats × 336 of 743 hours × 35.00",)),
        ("1009.28", ("55 seats × 407 of 743 hours × 33.50",)),
    ]
    assert (str(statement.total_amount), statement.unit_price) == ("1642.39", None)


@pytest.mark.parametrize(
    ("dates", "committed_hours"),
    [
        ({"start_date": date(2025, 1, 11)}, 21 * 24),
        ({"start_date": None, "end_date": date(2025, 1, 10)}, 10 * 24),
        ({"start_date": date(2025, 1, 10), "end_date": date(2025, 1, 10)}, 24),
        ({"start_date": date(2025, 2, 1)}, 0),
        ({"start_date": None, "end_date": date(2024, 12, 31)}, 0),
    ],
    ids=str,
)
def test_a_commitment_is_charged_from_the_first_day_through_the_last(dates: dict[str, Any], committed_hours: int) -> None:
    one = campaign("seats", price_per_month=Decimal(1), committed=Decimal(744), **dates)

    assert charged(one, JANUARY) == committed_hours


def test_the_worked_example_of_credits() -> None:
    one = campaign("credits", first_grant_price=Fraction("6.5"))
    march, april = period("2025-03-01", "2025-04-01"), period("2025-04-01", "2025-05-01")
    history = History(
        movements=[
            Movement(march.start, Fraction("6.5"), 200),
            Movement(march.start, None, 36),
            Movement(april.start, Fraction(6), 40),
        ]
    )

    assert amounts(one, march, history) == ["1300.00", "234.00"]
    assert amounts(one, april, history) == ["240.00", "0.00"]


def test_the_worked_example_of_a_bundle() -> None:
    one = campaign("bundle", subscriptions=SUBSCRIPTIONS, **SHARE)

    assert amounts(one, JANUARY) == ["1061.64"]
    assert amounts(one, YEAR) == ["12500.00"]
    assert amounts(one, period("2026-01-01", "2026-02-01")) == ["0.00"]


def test_the_worked_example_of_a_cap() -> None:
    component = {"name": "Learners", "unit": "learner", "rate": "500.00", "cap": 100}
    one = campaign("custom", variableComponents=[component])
    history = History(events=[(datetime(2025, 1, 31, tzinfo=UTC), 80), (datetime(2025, 2, 1, tzinfo=UTC), 40)])

    assert amounts(one, JANUARY, history) == ["40000.00"]
    assert amounts(one, period("2025-02-01", "2025-03-01"), history) == ["10000.00"]
    learners = [stated(one, during, history).lines[-1] for during in (JANUARY, period("2025-02-01", "2025-03-01"))]
    assert [line.derivation for line in learners] == [
        ("80 learners (100 learners left of the cap of 100) × 500.00",),
        ("40 learners, 20 left of the cap of 100 after 80 learners: 20 × 500.00",),
    ]


@pytest.mark.parametrize(
    ("one", "during", "times"),
    [
        (fee("once"), JANUARY, 1),
        (fee("once"), period("2025-01-01T00:00:01", "2026-01-01"), 0),
        (fee("month"), YEAR, 12),
        (fee("quarter"), YEAR, 4),
        (fee("year"), period("2025-01-01", "2027-01-01"), 2),
        (fee("month", end_date=date(2025, 3, 1)), YEAR, 3),
        (fee("month", end_date=date(2025, 2, 28)), YEAR, 2),
        (fee("month", start_date=date(2025, 1, 31)), period("2025-02-28", "2025-03-01"), 1),
        (fee("month", start_date=date(2025, 1, 31)), period("2025-03-01", "2025-03-31"), 0),
        (fee("month", start_date=date(2025, 1, 31)), period("2025-03-31", "2025-04-01"), 1),
        (fee("month", start_date=date(2025, 1, 31)), period("2025-04-30", "2025-05-01"), 1),
        (fee("year", start_date=date(2024, 2, 29)), period("2025-02-28", "2025-03-01"), 1),
        (fee("month", zone="Europe/Oslo"), period("2024-12-31T23:00", "2025-01-01"), 1),
        (fee("month", zone="Europe/Oslo"), period("2025-01-01", "2025-01-31T23:00"), 0),
    ],
)
def test_a_fixed_fee_is_due_on_the_first_day_of_each_interval(one: Campaign, during: Period, times: int) -> None:
    assert charged(one, during) == 100 * times


def test_a_milestone_is_charged_in_the_period_that_holds_its_midnight() -> None:
    milestone = {"description": "Hundred placements", "amount": "5000", "dueDate": "2025-02-01"}
    one = campaign("custom", "Europe/Oslo", milestonePayments=[milestone])

    assert amounts(one, period("2025-01-01", "2025-01-31T23:00")) == []
    assert amounts(one, period("2025-01-31T23:00", "2025-02-01")) == ["5000.00"]


def test_an_amount_is_rounded_once_from_the_unrounded_quantity() -> None:
    one = campaign("seats", price_per_month=Decimal("0.01"), committed=Decimal(1), end_date=date(2025, 1, 15))

    assert amounts(one, JANUARY)[0] == "0.00"
    assert charged(one, JANUARY) == Fraction(15, 31) / 100


UNITS = ("session", "learner", "credit", "seat_month", "hour")
UP_TO = st.integers(0, 20)
NAMES = st.sampled_from(["One", "Two"])
STATUSES = st.sampled_from(["draft", "recruiting", "active", "paused", "closed"])
DAYS = st.dates(date(2024, 12, 20), date(2025, 5, 10))
PRICES = st.sampled_from(["0", "0.10", "1.5", "59.90", "99.90"])
INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2025, 4, 30), timezones=st.just(UTC))  # noqa: DTZ001
WHOLE_HOURS = INSTANTS.map(lambda at: at.replace(minute=0, second=0, microsecond=0))


def terms_of(model: str, **drawn: st.SearchStrategy[Any]) -> st.SearchStrategy[Version]:
    given: dict[str, Any] = {"status": STATUSES, "is_active": st.booleans()} | drawn
    return st.builds(version, st.just(model), **given)


def unique_by_name(**drawn: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(st.fixed_dictionaries({"name": NAMES, **drawn}), max_size=2, unique_by=lambda each: each["name"])


COMPONENTS = unique_by_name(unit=st.sampled_from(UNITS), rate=PRICES, cap=st.sampled_from([None, 0, 3, "7.5", 30]))
MILESTONES = unique_by_name(amount=PRICES, dueDate=DAYS.map(date.isoformat))
VERSIONS = {
    "seats": terms_of("seats", price_per_month=PRICES.map(Decimal), committed=UP_TO.map(Decimal)),
    "credits": terms_of("credits", price=st.none() | PRICES.map(Decimal)),
    "bundle": terms_of("bundle", subscription_id=st.just("s"), share=st.sampled_from(list(map(Decimal, ("0.3333", "1")))))
    | terms_of("bundle"),
    "iaas": terms_of("iaas", pricePerLearner=PRICES),
    "custom": terms_of(
        "custom",
        fixedFee=st.none() | PRICES,
        fixedFeeInterval=st.sampled_from(["once", "month", "quarter", "year"]),
        variableComponents=COMPONENTS,
        milestonePayments=MILESTONES,
    ),
}
VERSIONS["any model"] = st.one_of(*VERSIONS.values())
HISTORIES = st.builds(
    History,
    seats=st.dictionaries(WHOLE_HOURS, UP_TO, max_size=12),
    events=st.lists(st.tuples(INSTANTS, UP_TO), max_size=8),
    movements=st.lists(
        st.builds(Movement, INSTANTS, st.sampled_from([None, Fraction(1, 3), Fraction(6)]), st.integers(1, 20)), max_size=8
    ),
)
ZONES = st.sampled_from(["UTC", "Europe/Oslo", "Asia/Kolkata", "America/New_York"])


@st.composite
def campaigns(draw: Callable[[st.SearchStrategy[Any]], Any], model: str) -> Campaign:
    """A campaign whose terms change up to three times."""
    instants = sorted(draw(st.lists(WHOLE_HOURS, max_size=3, unique=True)))
    versions = following(draw(VERSIONS[model]), *((at, draw(VERSIONS[model])) for at in instants))
    again = subscription(period("2025-03-01", "2026-03-01"), annual_price=Fraction(7300), quantity=2)
    bought = [subscription(YEAR)._replace(ends_at=again.starts_at), again]
    dates = {"start_date": date(2025, 1, draw(st.integers(1, 31))), "end_date": draw(st.none() | DAYS)}
    return campaign(
        model, draw(ZONES), versions=versions, subscriptions={"s": bought}, first_grant_price=Fraction(1, 3), **dates
    )


@pytest.mark.parametrize("model", VERSIONS)
@given(data=st.data(), history=HISTORIES, cuts=st.lists(INSTANTS, min_size=3, max_size=3, unique=True))
def test_charges_are_additive_over_any_cut_while_terms_change(
    model: str, data: st.DataObject, history: History, cuts: list[datetime]
) -> None:
    one = data.draw(campaigns(model))
    start, middle, end = sorted(cuts)

    parts = charged(one, Period(start, middle), history) + charged(one, Period(middle, end), history)

    assert charged(one, Period(start, end), history) == parts


@pytest.mark.parametrize("model", VERSIONS)
@given(data=st.data(), history=HISTORIES, ends=st.lists(INSTANTS, min_size=2, max_size=2, unique=True))
def test_a_charge_is_that_of_every_hour_event_and_instant_by_itself(
    model: str, data: st.DataObject, history: History, ends: list[datetime]
) -> None:
    one, during = data.draw(campaigns(model)), Period(*sorted(ends))

    assert charged(one, during, history) == slowly_charged(one, during, history)


@pytest.mark.parametrize("model", VERSIONS)
@given(data=st.data(), history=HISTORIES, change=WHOLE_HOURS, start=INSTANTS)
def test_a_change_of_terms_never_alters_a_charge_before_it(
    model: str, data: st.DataObject, history: History, change: datetime, start: datetime
) -> None:
    one = data.draw(campaigns(model))
    before = [each for each in one.versions if each.starts_at < change]
    new = data.draw(VERSIONS["any model"])._replace(starts_at=change)
    changed = one._replace(versions=[*before[:-1], before[-1]._replace(ends_at=change), new])
    during = Period(min(start, change - HOUR), change)

    assert stated(changed, during, history) == stated(one, during, history)


@given(data=st.data())
def test_a_fee_once_and_a_milestone_fall_due_once_in_a_life_whatever_the_changes(data: st.DataObject) -> None:
    one = data.draw(campaigns("custom"))
    days = [Period(JANUARY.start + timedelta(days=n - 30), JANUARY.start + timedelta(days=n - 29)) for n in range(200)]

    lines = [line for day in days for line in stated(one, day).lines]

    once = [line.quantity for line in lines if line.unit == "fee"]
    named = [line.key for line in lines if line.unit == "milestone"]
    assert sum(once, Fraction(0)) <= 1
    assert len(named) == len(set(named))


@pytest.mark.parametrize("model", VERSIONS)
@given(data=st.data(), history=HISTORIES, ends=st.lists(INSTANTS, min_size=2, max_size=2, unique=True))
def test_the_derivation_of_a_line_gives_its_amount(
    model: str, data: st.DataObject, history: History, ends: list[datetime]
) -> None:
    one = data.draw(campaigns(model))

    for line in stated(one, Period(*sorted(ends)), history).lines:
        exact = sum(map(evaluate, line.derivation), Fraction(0))
        assert exact == line.exact_amount, line.derivation
        assert round_money(exact, line.currency) == line.amount, line.derivation


@pytest.mark.parametrize(
    ("one", "history"),
    [
        (campaign("credits", price=Decimal(2)), lambda at, n: History(movements=[Movement(at, None, n)])),
        (campaign("iaas", pricePerLearner="0.10"), lambda at, n: History(events=[(at, n)])),
    ],
    ids=["credits", "iaas"],
)
@given(at=INSTANTS, quantity=st.integers(1, 100))
def test_a_record_on_a_boundary_is_charged_in_exactly_one_of_two_periods(
    one: Campaign, history: Callable[[datetime, int], History], at: datetime, quantity: int
) -> None:
    used, day = history(at, quantity), timedelta(days=1)

    before, after = charged(one, Period(at - day, at), used), charged(one, Period(at, at + day), used)

    assert before == 0
    assert after > 0


@given(hour=WHOLE_HOURS, minutes=st.integers(0, 59))
def test_an_hour_on_a_boundary_is_charged_in_exactly_one_of_two_periods(hour: datetime, minutes: int) -> None:
    one, history = campaign("seats", price_per_month=Decimal(1)), History(seats={hour: 5})
    cut, day = hour + timedelta(minutes=minutes), timedelta(days=1)

    charges = [charged(one, Period(cut - day, cut), history), charged(one, Period(cut, cut + day), history)]

    assert [charge > 0 for charge in charges] == ([True, False] if minutes else [False, True])
