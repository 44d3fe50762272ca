"""The bundle model beyond its worked example (design §5): whose money, and which part of the subscription's period."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from billing.pricing import bundle
from billing.pricing.statement import CoveredBy
from billing.terms.campaign import Campaign, Subscription
from billing.usage.consumption import Consumption
from tests.pricing.reference import campaign, period

YEAR = period("2025-01-01", "2026-01-01")


def linked(share: str | None = "0.25", quantity: int = 1) -> Campaign:
    subscription = Subscription("s", "active", quantity, YEAR, Decimal(50000), "USD")
    terms: dict[str, Any] = {"bundle_allocation_percentage": None if share is None else Decimal(share)}
    return campaign("bundle", currency=None, subscription=subscription, **terms)


@pytest.mark.parametrize(
    ("start", "end", "part"),
    [
        ("2025-01-01", "2026-01-01", Fraction(1)),
        ("2020-01-01", "2030-01-01", Fraction(1)),
        ("2024-12-01", "2025-01-02", Fraction(1, 365)),
        ("2025-12-31T12:00:00", "2026-02-01", Fraction(1, 730)),
        ("2024-01-01", "2025-01-01", Fraction(0)),
        ("2026-01-01", "2026-02-01", Fraction(0)),
        ("2025-06-01T00:00:00", "2025-06-01T00:00:00.000001", Fraction(1, 365 * 24 * 60 * 60 * 10**6)),
    ],
)
def test_the_part_of_the_subscriptions_period_is_charged_to_the_microsecond(start: str, end: str, part: Fraction) -> None:
    statement = bundle.charge(linked("1"), period(start, end), Consumption())

    assert [line.exact_amount for line in statement.lines] == [50000 * part]


def test_a_bundle_is_charged_in_its_own_currency_and_covered_by_the_subscription() -> None:
    statement = bundle.charge(linked(quantity=2), YEAR, Consumption())

    (line,) = statement.lines
    assert (line.currency, statement.currency, line.covered_by) == ("USD", "USD", CoveredBy.SUBSCRIPTION)
    assert line.unit == "bundle"
    assert [statement.unit_price, statement.quantity] == [50000, Fraction(1, 2)]
    assert [statement.covered_amount, statement.amount_due] == [25000, 0]


@pytest.mark.parametrize("one", [campaign("bundle"), linked(share=None)], ids=["not linked", "no share"])
def test_without_a_link_and_a_share_there_is_nothing_to_charge(one: Campaign) -> None:
    statement = bundle.charge(one, YEAR, Consumption())

    assert (statement.lines, statement.unit_price, statement.quantity) == ((), None, None)
    assert statement.total_amount == 0


def test_the_allocation_is_the_shares_amount_for_the_whole_subscription_period() -> None:
    subscription = linked(quantity=3).subscription

    assert subscription is not None
    assert bundle.allocated(subscription, Fraction(1, 3)) == 50000
