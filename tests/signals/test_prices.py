"""Pricing signals: the formulas in three currencies, with zero and missing data (design §15)."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from billing import pricing
from billing.periods import calendar_month, months
from billing.pricing.statement import Part
from billing.signals.prices import Prices, prices
from billing.terms.campaign import BEGINNING, END, Campaign, Version
from billing.terms.models import BundleTerms, CreditTerms, SeatTerms
from billing.usage.consumption import Burned, Consumption, SeatMonth

OSLO = ZoneInfo("Europe/Oslo")
MARCH = calendar_month(date(2025, 3, 1), OSLO)


def signals(
    model: str,
    terms: Any,
    used: Consumption,
    *,
    currency: str = "EUR",
    budget: str | None = None,
    status: str = "active",
    **of: Any,
) -> Prices:
    version = Version(BEGINNING, END, model, terms, status)
    campaign = Campaign("c", "company", "Clean-up", OSLO, [version], currency, **of)
    part = Part(version, MARCH, months(MARCH, OSLO), used)
    statement = pricing.statement(campaign, [part])
    return prices(campaign, [part], statement, None if budget is None else Decimal(budget))


def figures(*values: Any) -> tuple[Any, ...]:
    return values


def seats(used: str, above: str = "0") -> Consumption:
    return Consumption(seat_months=(SeatMonth(MARCH.hours, Decimal(used), Decimal(above)),))


@pytest.mark.parametrize(
    ("currency", "price", "effective"),
    [("EUR", "35.00", "1561.06"), ("JPY", "5200", "231928"), ("KWD", "10.125", "451.591")],
    ids=["EUR", "JPY", "KWD"],
)
def test_a_seat_costs_the_total_by_the_seat_months_used(currency: str, price: str, effective: str) -> None:
    terms = SeatTerms(Decimal(price), Decimal(40))

    march = signals("seats", terms, seats("31987", "3419"), currency=currency, budget=effective)

    units = Fraction(31987, 743)
    assert (march.used_units, march.list_unit_price) == (units, Fraction(price))
    assert march.effective_unit_price == Fraction(effective) / units
    assert march.premium == Fraction(effective) / units / Fraction(price) - 1
    assert march.seats.idle_units == Fraction(29720 - 28568, 743)
    assert march.seats.idle_amount == Fraction(29720 - 28568, 743) * Fraction(price)
    assert march.budget_used == 1


def test_without_use_nothing_has_a_price_and_all_of_the_commitment_is_idle() -> None:
    march = signals("seats", SeatTerms(Decimal(35), Decimal(40)), seats("0"), budget="0")

    assert figures(march.used_units, march.effective_unit_price, march.premium) == (0, None, None)
    assert (march.cost_per_learner, march.cost_per_session, march.cost_per_volunteer_hour) == (None, None, None)
    assert figures(march.seats.idle_units, march.seats.idle_amount) == (40, 1400)
    assert figures(march.seats.capacity.load, march.budget_used) == (0, None)


def test_without_a_commitment_there_is_no_load_and_nothing_idle() -> None:
    march = signals("seats", SeatTerms(Decimal(35)), seats("743", "743"))

    assert figures(march.seats.capacity.load, march.seats.capacity.commitment_used, march.seats.idle_units) == (None, None, 0)
    assert figures(march.effective_unit_price, march.premium) == (35, 0)


def test_a_free_seat_has_no_premium() -> None:
    assert signals("seats", SeatTerms(Decimal(0), Decimal(1)), seats("743")).premium is None


def test_nothing_is_idle_while_the_status_is_not_charged() -> None:
    assert signals("seats", SeatTerms(Decimal(35), Decimal(40)), seats("743"), status="draft").seats.idle_units == 0


def test_a_credit_costs_what_grants_and_overage_come_to() -> None:
    used = Consumption(
        credits=Decimal("236.5"), overage=Decimal("36.5"), burned=(Burned(Fraction(6), Decimal(200)),), sessions=Decimal(43)
    )

    march = signals("credits", CreditTerms(Decimal("6.50")), used)

    assert (march.used_units, march.list_unit_price) == (Fraction("236.5"), Fraction("6.5"))
    assert march.effective_unit_price == Fraction("1437.25") / Fraction("236.5")
    assert march.cost_per_session == Fraction("1437.25") / 43
    assert march.seats.idle_units is None


def test_a_bundle_has_no_unit_of_its_own_but_a_cost_for_each_learner() -> None:
    march = signals("bundle", BundleTerms(), Consumption(learners=Decimal(65), volunteer_hours=Decimal(10)))

    assert (march.used_units, march.list_unit_price, march.effective_unit_price) == (None, None, None)
    assert figures(march.cost_per_learner, march.cost_per_volunteer_hour) == (0, 0)
