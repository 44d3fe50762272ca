"""Rounding and splitting (design §5)."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.money import minor_digits, round_money, show_price, show_quantity, split

SHARES = st.lists(st.decimals(0, 1, places=4), min_size=1, max_size=40).filter(any)


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("0.005", "EUR", "0.00"),
        ("0.015", "EUR", "0.02"),
        ("0.0150001", "EUR", "0.02"),
        ("2.5", "JPY", "2"),
        ("3.5", "JPY", "4"),
        ("1.0005", "KWD", "1.000"),
        ("1.23455", "CLF", "1.2346"),
    ],
)
def test_a_tie_goes_to_the_even_neighbour_in_the_currencys_minor_unit(amount: str, currency: str, rounded: str) -> None:
    assert str(round_money(Fraction(amount), currency)) == rounded


def test_no_amount_is_too_long_to_be_exact() -> None:
    amount = "12345678901234567890123456789012.34"

    assert str(round_money(Fraction(amount), "EUR")) == amount
    assert split(Decimal(amount), [Decimal(1)], "EUR") == [Decimal(amount)]


def test_a_quantity_has_six_decimals() -> None:
    assert [str(show_quantity(Fraction(n, 3))) for n in (0, 1, 3)] == ["0.000000", "0.333333", "1.000000"]


@pytest.mark.parametrize(
    ("price", "shown"), [("12", "12.00"), ("500.00", "500.00"), ("0.0015", "0.0015"), ("0.1234567", "0.123457")]
)
def test_a_price_has_the_decimals_that_it_needs(price: str, shown: str) -> None:
    assert str(show_price(Fraction(price), "EUR")) == shown


def test_a_price_has_at_least_the_decimals_of_its_currency() -> None:
    assert [str(show_price(Fraction(5), currency)) for currency in ("JPY", "EUR", "KWD")] == ["5", "5.00", "5.000"]


@given(total=st.decimals(0, 10**9, places=2), shares=SHARES, currency=st.sampled_from(["EUR", "JPY", "KWD"]))
def test_the_parts_add_up_to_the_whole_and_none_is_a_unit_off(total: Decimal, shares: list[Decimal], currency: str) -> None:
    parts = split(total, shares, currency)

    whole = round_money(Fraction(total), currency)
    unit = Fraction(1, 10 ** minor_digits(currency))
    assert sum(parts) == whole
    assert all(
        abs(Fraction(part) - Fraction(whole) * Fraction(share) / sum(map(Fraction, shares))) < unit
        for part, share in zip(parts, shares, strict=True)
    )


def test_what_is_left_goes_to_the_largest_remainders_first() -> None:
    parts = split(Decimal("100.00"), [Decimal(share) for share in ("0.111", "0.555", "0.334")], "EUR")

    assert list(map(str, parts)) == ["11.10", "55.50", "33.40"]
    assert list(map(str, split(Decimal("0.01"), [Decimal("0.4"), Decimal("0.6")], "EUR"))) == ["0.00", "0.01"]


@pytest.mark.parametrize("shares", [["0.001"] * 1000, ["0.3333"] * 3, ["0.5", "0.501"]], ids=len)
def test_the_parts_add_up_whatever_the_shares_come_to(shares: list[str]) -> None:
    parts = split(Decimal("49999.99"), list(map(Decimal, shares)), "EUR")

    assert sum(parts) == Decimal("49999.99")
    assert max(parts[:-1]) - min(parts[:-1]) <= Decimal("0.01")


def test_of_equal_remainders_the_first_gets_the_unit() -> None:
    assert list(map(str, split(Decimal("100.00"), [Decimal("0.3333")] * 3, "EUR"))) == ["33.34", "33.33", "33.33"]


def test_shares_that_add_up_to_nothing_cannot_be_split() -> None:
    with pytest.raises(ValueError, match="nothing"):
        split(Decimal(1), [], "EUR")
