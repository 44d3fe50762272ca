"""The credits model beyond its worked examples (design §5): what a credit costs, and whose credits come first."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from billing.pricing import credits
from billing.pricing.statement import CoveredBy
from billing.usage.consumption import Consumption, Quantity
from tests.pricing.reference import campaign, period

JANUARY = period("2025-01-01", "2025-02-01")


@pytest.mark.parametrize(
    ("terms", "price"),
    [
        ({"credit_allocation": Decimal(3), "budget_allocated": Decimal(1)}, Fraction(1, 3)),
        ({"credit_allocation": Decimal(3), "budget_allocated": Decimal(1), "credit_price": Decimal(2)}, Fraction(2)),
        ({"credit_allocation": Decimal(3), "budget_allocated": Decimal(1), "credit_price": Decimal(0)}, Fraction(0)),
        ({"credit_allocation": Decimal(0), "budget_allocated": Decimal(5000)}, Fraction(0)),
        ({"credit_allocation": Decimal(3)}, Fraction(0)),
    ],
    ids=["part of the budget", "price of its own", "free", "no credits to spread the budget on", "no budget"],
)
def test_what_a_credit_costs(terms: dict[str, Any], price: Fraction) -> None:
    one = campaign("credits", **terms)

    assert credits.credit_price(one) == price


@pytest.mark.parametrize(
    ("before", "within", "covered", "beyond"),
    [(0, 100, 100, 0), (0, 101, 100, 1), (99, 2, 1, 1), (100, 5, 0, 5), (150, 5, 0, 5), (0, 0, 0, 0)],
)
def test_earlier_periods_use_the_allocation_first(before: int, within: int, covered: int, beyond: int) -> None:
    one = campaign("credits", credit_allocation=Decimal(100), credit_price=Decimal(1))

    statement = credits.charge(one, JANUARY, Consumption(credits=Quantity(Decimal(before), Decimal(within))))

    assert [line.quantity for line in statement.lines] == [covered, beyond]
    assert [line.covered_by for line in statement.lines] == [CoveredBy.PREPAID_CREDITS, CoveredBy.NONE]
    assert [statement.covered_amount, statement.amount_due, statement.total_amount] == [covered, beyond, within]
    assert statement.quantity == within
