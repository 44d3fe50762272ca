"""What each model charges (design §5), without a database: the worked examples, the boundaries, and additivity."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import pricing
from billing.periods import Period
from billing.pricing import iaas
from billing.terms.campaign import Campaign, Subscription
from billing.terms.models import CustomTerms, IaasTerms
from billing.usage.consumption import Consumption, Quantity
from tests.pricing.reference import History, campaign, charged, hours, period

JANUARY = period("2025-01-01", "2025-02-01")
YEAR = period("2025-01-01", "2026-01-01")


def subscription(**values: Any) -> Subscription:
    given: dict[str, Any] = {"quantity": 1, "period": YEAR, "annual_price": Decimal(50000)} | values
    return Subscription(id="s", status="active", currency="EUR", **given)


def custom(zone: str = "UTC", start_date: date = date(2025, 1, 1), end_date: date | None = None, **terms: Any) -> Campaign:
    agreed = CustomTerms.model_validate(terms)
    return campaign("custom", zone, start_date=start_date, end_date=end_date, custom_pricing_terms=agreed)


def amounts(one: Campaign, during: Period, history: History | None = None) -> list[str]:
    consumption = (history or History()).consumption(one, during)
    return [str(line.amount) for line in pricing.statement(one, during, consumption).lines]


def fee(interval: str, **values: Any) -> Campaign:
    return custom(fixedFee="100.00", fixedFeeInterval=interval, **values)


@pytest.mark.parametrize(
    ("committed", "seats", "expected"),
    [
        (None, [(744, 30)], ["0.00", "15000.00"]),
        (50, [(744, 30)], ["25000.00", "0.00"]),
        (50, [(372, 60), (372, 40)], ["25000.00", "2500.00"]),
    ],
)
def test_the_worked_examples_of_seats(committed: int | None, seats: list[tuple[int, int]], expected: list[str]) -> None:
    history, first = History(), datetime(2025, 1, 1, tzinfo=UTC)
    for count, taken in seats:
        history.seats |= hours(first, count, taken)
        first += timedelta(hours=count)
    one = campaign(
        "seats", seat_price_per_month=Decimal(500), committed_seats=None if committed is None else Decimal(committed)
    )

    assert amounts(one, JANUARY, history) == expected


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
    one = campaign("seats", seat_price_per_month=Decimal(1), committed_seats=Decimal(744), **dates)

    assert charged(one, JANUARY, History()) == committed_hours


@pytest.mark.parametrize(
    ("one", "total"),
    [
        (campaign("credits", credit_allocation=Decimal(10000), budget_allocated=Decimal(5000)), ["5000.00", "1000.00"]),
        (campaign("credits", credit_allocation=Decimal(10000), credit_price=Decimal("0.25")), ["2500.00", "500.00"]),
        (campaign("credits", credit_allocation=Decimal(0), credit_price=Decimal("0.25")), ["0.00", "3000.00"]),
    ],
    ids=["price of the budget", "price of its own", "no allocation"],
)
def test_credits_within_the_allocation_and_beyond_it(one: Campaign, total: list[str]) -> None:
    history = History(events=[(datetime(2025, 1, 5, tzinfo=UTC), 12000)])

    assert amounts(one, JANUARY, history) == total


def test_the_worked_example_of_a_bundle() -> None:
    one = campaign("bundle", subscription=subscription(), bundle_allocation_percentage=Decimal("0.25"))

    assert amounts(one, JANUARY) == ["1061.64"]
    assert amounts(one, YEAR) == ["12500.00"]
    assert amounts(one, period("2026-01-01", "2026-02-01")) == ["0.00"]


def test_the_worked_example_of_a_cap() -> None:
    component = {"name": "Learners", "unit": "learner", "rate": "500.00", "cap": 100}
    one = custom(variableComponents=[component])
    history = History(events=[(datetime(2025, 1, 31, tzinfo=UTC), 80), (datetime(2025, 2, 1, tzinfo=UTC), 40)])

    assert amounts(one, JANUARY, history) == ["40000.00"]
    assert amounts(one, period("2025-02-01", "2025-03-01"), history) == ["10000.00"]


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
    assert charged(one, during, History()) == 100 * times


def test_a_milestone_is_charged_in_the_period_that_holds_its_midnight() -> None:
    milestone = {"description": "Hundred placements", "amount": "5000", "dueDate": "2025-02-01"}
    one = custom("Europe/Oslo", milestonePayments=[milestone])

    assert amounts(one, period("2025-01-01", "2025-01-31T23:00")) == []
    assert amounts(one, period("2025-01-31T23:00", "2025-02-01")) == ["5000.00"]


@pytest.mark.parametrize(("measured", "met"), [(None, None), ("0.79", False), ("0.8", True)])
def test_an_outcome_is_met_once_what_was_measured_reaches_the_threshold(measured: str | None, met: bool | None) -> None:
    outcome = {"name": "passed", "threshold": 0.8, "measured": measured}
    one = campaign("iaas", iaas_metrics=IaasTerms.model_validate({"pricePerLearner": 1, "outcomeThresholds": [outcome]}))

    delivery = iaas.delivery(one, Consumption(learners=Quantity(Decimal(2), Decimal(3))))

    assert delivery is not None
    assert delivery.learners_delivered == 5
    assert [result[2] for result in delivery.outcomes] == [met]


def test_an_amount_is_rounded_once_from_the_unrounded_quantity() -> None:
    third: dict[str, Any] = {
        "seat_price_per_month": Decimal("0.01"),
        "committed_seats": Decimal(1),
        "end_date": date(2025, 1, 15),
    }

    one = campaign("seats", **third)

    assert amounts(one, JANUARY)[0] == "0.00"
    assert charged(one, JANUARY, History()) == Fraction(15, 31) / 100


COMPONENTS = [
    {"name": unit, "unit": unit, "rate": "1.5", "cap": cap}
    for unit in ("session", "learner", "credit", "seat_month", "hour")
    for cap in (None, 3)
]
CAMPAIGNS = {
    "seats": lambda zone: campaign(
        "seats", zone, seat_price_per_month=Decimal("99.90"), committed_seats=Decimal(7), end_date=date(2025, 5, 20)
    ),
    "credits": lambda zone: campaign("credits", zone, credit_allocation=Decimal(30), budget_allocated=Decimal(100)),
    "bundle": lambda zone: campaign(
        "bundle", zone, subscription=subscription(), bundle_allocation_percentage=Decimal("0.3333")
    ),
    "iaas": lambda zone: campaign("iaas", zone, iaas_metrics=IaasTerms.model_validate({"pricePerLearner": 0.1})),
    "custom": lambda zone: custom(
        zone,
        fixedFee="100",
        fixedFeeInterval="month",
        variableComponents=COMPONENTS,
        milestonePayments=[{"amount": 7, "dueDate": "2025-03-30"}],
    ),
}
INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2025, 6, 30), timezones=st.just(UTC))  # noqa: DTZ001
WHOLE_HOURS = INSTANTS.map(lambda at: at.replace(minute=0, second=0, microsecond=0))
HISTORIES = st.builds(
    History,
    seats=st.dictionaries(WHOLE_HOURS, st.integers(0, 20), max_size=12),
    events=st.lists(st.tuples(INSTANTS, st.integers(0, 20)), max_size=8),
)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Oslo", "Asia/Kolkata", "America/New_York"])
@pytest.mark.parametrize("model", CAMPAIGNS)
@given(history=HISTORIES, cuts=st.lists(INSTANTS, min_size=3, max_size=3, unique=True))
def test_charges_are_additive_over_any_cut(model: str, zone: str, history: History, cuts: list[datetime]) -> None:
    one = CAMPAIGNS[model](zone)
    start, middle, end = sorted(cuts)

    parts = charged(one, Period(start, middle), history) + charged(one, Period(middle, end), history)

    assert charged(one, Period(start, end), history) == parts


@pytest.mark.parametrize("model", ["credits", "iaas"])
@given(at=INSTANTS, quantity=st.integers(1, 100))
def test_a_record_on_a_boundary_is_charged_in_exactly_one_of_two_periods(model: str, at: datetime, quantity: int) -> None:
    one, history = CAMPAIGNS[model]("UTC"), History(events=[(at, quantity)])
    day = timedelta(days=1)

    before, after = charged(one, Period(at - day, at), history), charged(one, Period(at, at + day), history)

    assert before == 0
    assert after > 0


@given(hour=WHOLE_HOURS, minutes=st.integers(0, 59))
def test_an_hour_on_a_boundary_is_charged_in_exactly_one_of_two_periods(hour: datetime, minutes: int) -> None:
    one, history = campaign("seats", seat_price_per_month=Decimal(1)), History(seats={hour: 5})
    cut, day = hour + timedelta(minutes=minutes), timedelta(days=1)

    charges = [charged(one, Period(cut - day, cut), history), charged(one, Period(cut, cut + day), history)]

    assert [charge > 0 for charge in charges] == ([True, False] if minutes else [False, True])
