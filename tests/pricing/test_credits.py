"""The credits model beyond its worked examples (design §5, §11): what a credit costs, and who pays for it."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from billing.contract.types import CoveredBy
from billing.pricing import credits
from billing.terms.models import CreditTerms
from tests.pricing.agreed import campaign, following, period, version
from tests.pricing.reference import History, Movement, stated

JANUARY = period("2025-01-01", "2025-02-01")
FIRST, SECOND = datetime(2025, 1, 2, tzinfo=UTC), datetime(2025, 1, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("agreed", "first_grant", "price"),
    [
        (None, Fraction(1, 3), Fraction(1, 3)),
        (Decimal(2), Fraction(1, 3), Fraction(2)),
        (Decimal(0), Fraction(1, 3), Fraction(0)),
        (Decimal(2), None, Fraction(2)),
    ],
    ids=["that of the first grant", "a price of its own", "free", "no grant"],
)
def test_the_list_price_of_a_credit(agreed: Decimal | None, first_grant: Fraction | None, price: Fraction) -> None:
    one = campaign("credits", first_grant_price=first_grant)

    assert credits.list_price(one, CreditTerms(agreed)) == price


def test_what_grants_paid_is_a_line_for_each_of_their_prices_and_what_none_paid_is_due() -> None:
    one = campaign("credits", price=Decimal("6.50"))
    paid = [Movement(FIRST, Fraction("6.5"), 200), Movement(SECOND, Fraction(6), 40), Movement(SECOND, Fraction("6.5"), 10)]
    history = History(movements=[*paid, Movement(SECOND, None, 36)])

    statement = stated(one, JANUARY, history)

    prepaid, due = CoveredBy.PREPAID_CREDITS, CoveredBy.NONE
    assert [(line.key, line.quantity, line.unit_price, line.covered_by) for line in statement.lines] == [
        ("credits.prepaid", Fraction(210), Fraction("6.5"), prepaid),
        ("credits.prepaid", Fraction(40), Fraction(6), prepaid),
        ("credits.overage", Fraction(36), Fraction("6.5"), due),
    ]
    assert [(line.description, line.currency, line.derivation) for line in statement.lines] == [
        ("Prepaid credits", "EUR", ("210 credits × 6.50",)),
        ("Prepaid credits", "EUR", ("40 credits × 6.00",)),
        ("Credits beyond the prepaid ones", "EUR", ("36 credits × 6.50",)),
    ]
    assert [statement.totals.covered_amount, statement.totals.amount_due] == [1605, 234]
    assert (statement.quantity, statement.unit_price) == (Fraction(286), None)


def test_both_lines_are_there_when_nothing_is_used() -> None:
    statement = stated(campaign("credits", price=Decimal(2)), JANUARY)

    assert [(line.key, line.quantity, line.unit_price) for line in statement.lines] == [
        ("credits.prepaid", Fraction(0), Fraction(2)),
        ("credits.overage", Fraction(0), Fraction(2)),
    ]


def test_overage_costs_the_list_price_in_force_at_its_timestamp_and_what_was_burned_its_grants() -> None:
    dearer = version("credits", price=Decimal(7))
    one = campaign("credits", versions=following(version("credits", price=Decimal(5)), (SECOND, dearer)))
    history = History(movements=[Movement(at, price, 10) for at in (FIRST, SECOND) for price in (Fraction(4), None)])

    lines = [line for line in stated(one, JANUARY, history).lines if line.quantity]

    assert [(line.key, line.quantity, line.unit_price) for line in lines] == [
        ("credits.prepaid", Fraction(20), Fraction(4)),
        ("credits.overage", Fraction(10), Fraction(5)),
        ("credits.overage", Fraction(10), Fraction(7)),
    ]
