"""Money: exact until it is rounded, rounded once, split without loss (design §5).

Amounts are computed as `Fraction`, so that no order of the operations changes them, and become `Decimal` when shown.
"""

from collections.abc import Iterable, Sequence
from decimal import Context, Decimal, Inexact
from fractions import Fraction
from functools import lru_cache, reduce
from math import lcm

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


exact = lru_cache(maxsize=4096)(Fraction)
"""The `Fraction` of a number. Prices and counts are few numbers, many times, and to convert one takes longer than to use it."""


@lru_cache(maxsize=4096)
def quotient(amount: Decimal | int, count: Decimal | int) -> Fraction:
    """What each of `count` is of an amount, exactly."""
    (units, of_units), (parts, of_parts) = amount.as_integer_ratio(), count.as_integer_ratio()
    return Fraction(units * of_parts, of_units * parts)


def total(summands: Iterable[Fraction]) -> Fraction:
    """The sum. Most have one summand or none, and to add 0 to it takes longer than to make it."""
    some = [each for each in summands if each]
    return sum(some[1:], some[0]) if some else Fraction(0)


def minor_digits(currency: str) -> int:
    """The decimals of a currency's minor unit (ISO 4217): 2 for EUR, 0 for JPY, 3 for KWD."""
    return _MINOR_DIGITS.get(currency, 2)


def round_half_even(value: Fraction | Decimal | int, digits: int) -> Decimal:
    """The one place that rounds: to so many decimals, and a tie to the even neighbour.

    >>> round_half_even(Fraction("0.125"), 2), round_half_even(Fraction("0.135"), 2)
    (Decimal('0.12'), Decimal('0.14'))
    """
    return _round_quotient(*value.as_integer_ratio(), digits)


def _round_quotient(numerator: int, denominator: int, digits: int) -> Decimal:
    # In whole numbers: responses round tens of thousands of figures, and Fraction's arithmetic takes five times as long.
    units, rest = divmod(numerator * 10**digits, denominator)
    if rest * 2 > denominator or (rest * 2 == denominator and units % 2):
        units += 1
    return _of_units(units, digits)


def round_money(amount: Fraction, currency: str) -> Decimal:
    """An amount in the currency's minor unit, half to even."""
    return round_half_even(amount, minor_digits(currency))


def round_product(quantity: Fraction, price: Fraction, currency: str) -> Decimal:
    """`round_money` of a quantity times a price.

    >>> round_product(Fraction("0.5"), Fraction("0.25"), "EUR")
    Decimal('0.12')
    """
    (units, of_units), (amount, of_amount) = quantity.as_integer_ratio(), price.as_integer_ratio()
    return _round_quotient(units * amount, of_units * of_amount, minor_digits(currency))


def sum_money(amounts: Iterable[Decimal], currency: str) -> Decimal:
    """The exact sum of amounts of a currency, in its minor unit.

    >>> sum_money([Decimal("0.10")] * 3, "EUR"), sum_money([], "JPY")
    (Decimal('0.30'), Decimal('0'))
    """
    return reduce(_EXACT.add, amounts, _of_units(0, minor_digits(currency)))


def show_quantity(quantity: Fraction | Decimal | int) -> Decimal:
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
    ratios = [share.as_integer_ratio() for share in shares]
    scale = lcm(*(denominator for _, denominator in ratios))
    weights = [numerator * (scale // denominator) for numerator, denominator in ratios]
    weight = sum(weights)
    if weight <= 0:
        raise ValueError("the shares add up to nothing")
    digits = minor_digits(currency)
    units = round(Fraction(total) * 10**digits)
    parts = [units * each // weight for each in weights]
    remainders = [units * each % weight for each in weights]
    by_remainder = sorted(range(len(parts)), key=lambda n: -remainders[n])
    for n in by_remainder[: units - sum(parts)]:
        parts[n] += 1
    return [_of_units(part, digits) for part in parts]


@lru_cache(maxsize=4096)
def _of_units(count: int, digits: int) -> Decimal:
    return _EXACT.scaleb(Decimal(count), -digits)
