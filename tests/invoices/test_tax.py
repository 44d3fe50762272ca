"""The tax of a document (design §13): on the sum of each category and rate, half away from zero."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.invoices.lines import Campaign
from billing.invoices.tax import REVERSE_CHARGE, Tax, tax_groups, tax_on, tax_reason
from billing.money import minor_digits
from tests.invoices import samples

AMOUNTS = st.decimals(Decimal("-1000000000"), Decimal("1000000000"), places=2)
RATES = st.decimals(Decimal(0), Decimal(100), places=2)


@pytest.mark.parametrize(
    ("net", "rate", "currency", "tax"),
    [
        ("2643.54", "25", "EUR", "660.89"),
        ("-2643.54", "25", "EUR", "-660.89"),
        ("0.02", "25", "EUR", "0.01"),
        ("0.01", "25", "EUR", "0.00"),
        ("-0.01", "25", "EUR", "0.00"),
        ("15", "10", "JPY", "2"),
        ("25", "10", "JPY", "3"),
        ("1.005", "10", "KWD", "0.101"),
        ("123456789012345678901234567890.10", "25", "EUR", "30864197253086419725308641972.53"),
    ],
)
def test_a_tie_is_rounded_away_from_zero(net: str, rate: str, currency: str, tax: str) -> None:
    assert f"{tax_on(Decimal(net), Decimal(rate), currency):f}" == tax


@given(AMOUNTS, RATES, st.sampled_from(["EUR", "JPY", "KWD"]))
def test_tax_is_within_half_a_minor_unit_and_odd_in_its_sign(net: Decimal, rate: Decimal, currency: str) -> None:
    tax = tax_on(net, rate, currency)

    error = abs(Fraction(tax) - Fraction(net) * Fraction(rate) / 100)
    assert error <= Fraction(1, 2 * 10 ** minor_digits(currency))
    assert tax_on(-net, rate, currency) == -tax


@given(st.lists(st.tuples(AMOUNTS, st.sampled_from(["25", "15", "12.5"])), min_size=1, max_size=8))
def test_tax_is_of_the_sum_and_not_the_sum_of_taxes(amounts: list[tuple[Decimal, str]]) -> None:
    lines = [
        samples.lines_of(
            [(Campaign("c", "C"), [samples.due("custom.fee", "Fee", "1", "fee", "1", str(amount))])],
            tax=Tax("S", Decimal(rate)),
            earlier=True,
        )
        for amount, rate in amounts
    ]

    groups = tax_groups([line for adjustment in lines for line in adjustment], "EUR", {})

    for group in groups:
        assert group.net_amount == sum(amount for amount, rate in amounts if Decimal(rate) == group.tax_rate)
        assert group.tax_amount == tax_on(group.net_amount, group.tax_rate, "EUR")
    assert {group.tax_rate for group in groups} == {Decimal(rate) for amount, rate in amounts if amount}


def test_the_reason_is_said_for_the_categories_that_need_one() -> None:
    reason = {"taxRate": 0, "taxReason": "Small supplier"}

    assert tax_reason(samples.profile(taxCategory="E", **reason)) == "Small supplier"
    assert tax_reason(samples.profile(taxCategory="AE", taxRate=0)) == REVERSE_CHARGE
    assert tax_reason(samples.profile(taxCategory="Z", **reason)) is None
    assert tax_reason(samples.profile()) is None
