"""The arithmetic of a line in words and numbers, so that a pocket calculator gives its amount (design §5).

`×`, `÷`, `+` and `−` mean what they say, `a of b` is `a ÷ b`, and words are units and remarks.

>>> from decimal import Decimal
>>> number(Fraction("16655")), number(Fraction(1, 3)), price(Fraction("59.9"), "EUR")
('16,655', '1 ÷ 3', '59.90')
"""

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from billing.money import show_price
from billing.periods import HOUR, MICROSECOND, Period


def number(value: Fraction | Decimal) -> str:
    """A number exactly: a decimal without trailing zeros, or where none spells it, a quotient."""
    if isinstance(value, Decimal):
        text = f"{value:,f}".replace("-", "−")
        return text.rstrip("0").rstrip(".") if "." in text else text
    sign = "−" if value < 0 else ""
    rest = value.denominator
    if rest == 1:
        return f"{sign}{abs(value.numerator):,}"
    for factor in (2, 5):
        while rest % factor == 0:
            rest //= factor
    if rest != 1:
        return f"{value.numerator:,} ÷ {value.denominator:,}"
    digits = 0
    while (value * 10**digits).denominator != 1:
        digits += 1
    whole, fraction = divmod(abs((value * 10**digits).numerator), 10**digits)
    return f"{sign}{whole:,}.{fraction:0{digits}d}"


@lru_cache(maxsize=1024)
def price(value: Fraction, currency: str) -> str:
    """A unit price with the decimals of its currency at least; exactly."""
    shown = show_price(value, currency)
    return f"{shown:,f}" if Fraction(shown) == value else number(value)


@lru_cache(maxsize=1024)
def hours(part: Period, whole: Period) -> str:
    """A part of a whole in hours: `743 of 8,760 hours`."""
    return f"{_hours(part)} of {_hours(whole)} hours"


def _hours(period: Period) -> str:
    return number(Fraction((period.end - period.start) // MICROSECOND, HOUR // MICROSECOND))
