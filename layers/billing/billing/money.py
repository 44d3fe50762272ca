"""Money: exact until it is rounded, rounded once, split without loss (design §5).

Amounts are computed as `Fraction`, so that no order of the operations changes them, and become `Decimal` when shown.
"""

from collections.abc import Iterable, Sequence
from decimal import Context, Decimal, Inexact
from fractions import Fraction
from functools import reduce

# ISO 4217, the currencies whose minor unit is not a hundredth.
_NO_MINOR_UNIT = {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV"} | {
    "XAF",
    "XOF",
    "XPF",
}
_THOUSANDTHS = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}
# 28 digits, Decimal's own context, hold no sum of amounts that have 20 before the point, as a price may.
_EXACT = Context(prec=100, traps=[Inexact])
_MINOR_DIGITS = dict.fromkeys(_NO_MINOR_UNIT, 0) | dict.fromkeys(_THOUSANDTHS, 3) | {"CLF": 4, "UYW": 4}


def minor_digits(currency: str) -> int:
    """The decimals of a currency's minor unit (ISO 4217): 2 for EUR, 0 for JPY, 3 for KWD."""
    return _MINOR_DIGITS.get(currency, 2)


def round_half_even(value: Fraction | Decimal, digits: int) -> Decimal:
    """The one place that rounds: to so many decimals, and a tie to the even neighbour.

    >>> round_half_even(Fraction("0.125"), 2), round_half_even(Fraction("0.135"), 2)
    (Decimal('0.12'), Decimal('0.14'))
    """
    # In whole numbers: responses round tens of thousands of figures, and Fraction's arithmetic takes five times as long.
    numerator, denominator = value.as_integer_ratio()
    units, rest = divmod(numerator * 10**digits, denominator)
    if rest * 2 > denominator or (rest * 2 == denominator and units % 2):
        units += 1
    return _of_units(units, digits)


def round_money(amount: Fraction, currency: str) -> Decimal:
    """An amount in the currency's minor unit, half to even."""
    return round_half_even(amount, minor_digits(currency))


def sum_money(amounts: Iterable[Decimal], currency: str) -> Decimal:
    """The exact sum of amounts of a currency, in its minor unit.

    >>> sum_money([Decimal("0.10")] * 3, "EUR"), sum_money([], "JPY")
    (Decimal('0.30'), Decimal('0'))
    """
    return reduce(_EXACT.add, amounts, _of_units(0, minor_digits(currency)))


def show_quantity(quantity: Fraction | Decimal) -> Decimal:
    """A quantity with six decimals, half to even."""
    return round_half_even(quantity, 6)


def show_price(price: Fraction, currency: str) -> Decimal:
    """A unit price with the decimals that it has, at least those of the minor unit and at most six.

    >>> show_price(Fraction(500), "EUR"), show_price(Fraction("0.0015"), "EUR"), show_price(Fraction(1, 3), "EUR")
    (Decimal('500.00'), Decimal('0.0015'), Decimal('0.333333'))
    """
    digits = range(minor_digits(currency), 6)
    return next((round_half_even(price, n) for n in digits if round_half_even(price, n) == price), round_half_even(price, 6))


def split(total: Decimal, shares: Sequence[Decimal], currency: str) -> list[Decimal]:
    """The parts of a total in the proportion of the shares, by the largest-remainder method: they add up to it exactly.

    Every part is rounded down to the minor unit, and the units that are left go to the largest remainders, the first of
    equal ones first. Raises `ValueError` where the shares add up to nothing.

    >>> split(Decimal("100.00"), [Decimal("0.3333")] * 3, "EUR")
    [Decimal('33.34'), Decimal('33.33'), Decimal('33.33')]
    """
    weight = sum(map(Fraction, shares))
    if weight <= 0:
        raise ValueError("the shares add up to nothing")
    digits = minor_digits(currency)
    units = round(Fraction(total) * 10**digits)
    exact = [units * Fraction(share) / weight for share in shares]
    parts = [int(part) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda n: parts[n] - exact[n])
    for n in by_remainder[: units - sum(parts)]:
        parts[n] += 1
    return [_of_units(part, digits) for part in parts]


def _of_units(count: int, digits: int) -> Decimal:
    # Built from text: Decimal's arithmetic would round to the 28 digits of its context.
    return Decimal(f"{count}E-{digits}")
