"""A statement: its lines, and totals that are sums of rounded lines (design §5)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from billing.contract.types import CoveredBy
from billing.money import round_product, sum_money
from billing.periods import Month, Period
from billing.terms.campaign import Version
from billing.usage.consumption import Consumption


class Part(NamedTuple):
    """The part of a period in which one version of the terms is in force; `months` are its calendar months, cut to it, and
    those of `consumption.seat_months`."""

    version: Version
    period: Period
    months: Sequence[Month]
    consumption: Consumption


class Line(NamedTuple):
    """One charge; quantity and unit price are exact, and the amount is rounded once, from both.

    `key` is the line's component without its price (design §13). `derivation` holds the arithmetic of its summands, each
    with its numbers and the price; `estimated` is the part of the quantity that rests on estimated hours."""

    key: str
    description: str
    quantity: Fraction
    unit: str
    unit_price: Fraction
    currency: str
    start: datetime
    end: datetime
    derivation: tuple[str, ...]
    covered_by: CoveredBy = CoveredBy.NONE
    estimated: Fraction = Fraction(0)

    @property
    def exact_amount(self) -> Fraction:
        """The amount before rounding, which is what adds up over periods."""
        return self.quantity * self.unit_price

    @property
    def amount(self) -> Decimal:
        """In the currency's minor unit."""
        return round_product(self.quantity, self.unit_price, self.currency)

    @property
    def estimated_amount(self) -> Decimal:
        """What of the amount rests on estimated hours."""
        return round_product(self.estimated, self.unit_price, self.currency)


class Totals(NamedTuple):
    """The sum of all lines, of those that are paid for already, and of the rest."""

    total_amount: Decimal
    covered_amount: Decimal
    amount_due: Decimal


class Statement(NamedTuple):
    """The lines of one campaign and period; `unit` is that of the model in force at its end, where that has one, and
    `of_one_model` whether that model was in force throughout."""

    lines: tuple[Line, ...]
    currency: str | None
    unit: str | None = None
    of_one_model: bool = True

    @property
    def unit_price(self) -> Fraction | None:
        """What one unit costs; None where the lines have units or prices of their own."""
        prices = {line.unit_price for line in self.lines if line.unit == self.unit}
        return prices.pop() if len(prices) == 1 else None

    @property
    def quantity(self) -> Fraction | None:
        """The units charged; None where the model has no unit, or changed."""
        quantities = [line.quantity for line in self.lines if line.unit == self.unit]
        return sum(quantities, Fraction(0)) if quantities and self.of_one_model else None

    @property
    def totals(self) -> Totals:
        """What the rounded lines add up to."""
        currency = self.currency or ""
        covered = sum_money((line.amount for line in self.lines if line.covered_by is not CoveredBy.NONE), currency)
        due = sum_money((line.amount for line in self.lines if line.covered_by is CoveredBy.NONE), currency)
        return Totals(sum_money((covered, due), currency), covered, due)

    @property
    def total_amount(self) -> Decimal:
        return self.totals.total_amount


def merged(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Lines with the same description, unit, unit price and `coveredBy` as one, their quantities added before rounding."""
    together: dict[tuple[object, ...], Line] = {}
    for line in lines:
        # The hash of a Fraction takes longer than its addition; that of its two integers does not.
        price = line.unit_price.as_integer_ratio()
        name = (line.key, line.description, line.unit, price, line.covered_by, line.currency)
        together[name] = _added(together[name], line) if name in together else line
    return tuple(together.values())


def _added(one: Line, other: Line) -> Line:
    return one._replace(
        quantity=one.quantity + other.quantity,
        estimated=one.estimated + other.estimated,
        start=min(one.start, other.start),
        end=max(one.end, other.end),
        derivation=_summands(one, other),
    )


def _summands(one: Line, other: Line) -> tuple[str, ...]:
    """Summands that come to nothing are left out beside others."""
    if not other.quantity:
        return one.derivation
    return other.derivation if not one.quantity else one.derivation + other.derivation
