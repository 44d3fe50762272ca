"""The bundle model beyond its worked example (design §5): whose money, and which part of the subscription's year."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from billing.contract.types import CoveredBy
from billing.periods import Period
from billing.terms.campaign import Campaign, SubscriptionVersion
from tests.pricing.agreed import campaign, following, period, subscription, version
from tests.pricing.reference import charged, stated

YEAR = period("2025-01-01", "2026-01-01")
JULY = datetime(2025, 7, 1, tzinfo=UTC)


def linked(share: str = "0.25", bought: list[SubscriptionVersion] | None = None, **given: Any) -> Campaign:
    subscriptions = {"s": bought or [subscription(YEAR, currency="USD")]}
    terms: dict[str, Any] = {"subscription_id": "s", "share": Decimal(share)}
    return campaign("bundle", currency=None, subscriptions=subscriptions, **terms, **given)


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
    assert charged(linked("1"), period(start, end)) == 50000 * part


def test_a_bundle_is_charged_in_its_own_currency_and_covered_by_the_subscription() -> None:
    statement = stated(linked(bought=[subscription(YEAR, quantity=2, currency="USD")]), YEAR)

    (line,) = statement.lines
    assert (line.currency, statement.currency, line.covered_by) == ("USD", "USD", CoveredBy.SUBSCRIPTION)
    assert (line.key, line.description, line.unit) == ("bundle.share", "Share of the bundle", "bundle")
    assert line.derivation == ("50,000.00 × 2 × 0.25 × 8,760 of 8,760 hours",)
    assert [statement.unit_price, statement.quantity] == [50000, Fraction(1, 2)]
    assert [statement.totals.covered_amount, statement.totals.amount_due] == [25000, 0]


@pytest.mark.parametrize(
    "one",
    [
        campaign("bundle"),
        campaign("bundle", subscriptions={"s": [subscription(YEAR)]}, subscription_id="s"),
        linked(is_active=False),
    ],
    ids=["not linked", "no share", "not active"],
)
def test_without_a_link_that_is_active_there_is_nothing_to_charge(one: Campaign) -> None:
    statement = stated(one, YEAR)

    assert (statement.lines, statement.unit_price, statement.quantity) == ((), None, None)
    assert statement.total_amount == 0


def test_a_bundle_is_charged_whatever_the_status() -> None:
    assert charged(linked(status="closed"), YEAR) == 12500


def test_only_the_instants_at_which_the_campaign_was_linked_are_charged() -> None:
    unlinked = version("bundle")
    one = linked()._replace(versions=following(linked().versions[0], (JULY, unlinked)))

    assert charged(one, YEAR) == 12500 * Fraction(181, 365)
    assert charged(one, Period(JULY, YEAR.end)) == 0


def test_a_period_that_is_cut_short_is_not_rescaled_and_a_gap_is_not_charged() -> None:
    spring = subscription(period("2025-01-01", "2025-04-01"))._replace(ends_at=JULY)
    second = subscription(period("2025-07-01", "2025-10-01"))

    one = linked("1", [spring, second])

    assert charged(one, YEAR) == 50000 * Fraction(90 + 92, 365)
    assert charged(one, period("2025-04-01", "2025-07-01")) == 0


def test_a_new_price_of_the_subscription_counts_from_its_instant_on() -> None:
    first = subscription(YEAR)._replace(ends_at=JULY)
    second = subscription(YEAR, annual_price=Fraction(73000))._replace(starts_at=JULY)

    lines = stated(linked("1", [first, second]), YEAR).lines

    assert [line.exact_amount for line in lines] == [50000 * Fraction(181, 365), 73000 * Fraction(184, 365)]


def test_a_leap_year_has_a_day_more_to_be_shared() -> None:
    leap = subscription(period("2024-01-01", "2025-01-01"))

    assert charged(linked("1", [leap]), period("2024-01-01", "2024-02-01")) == 50000 * Fraction(31, 366)
