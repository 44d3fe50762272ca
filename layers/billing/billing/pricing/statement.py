"""A statement: its lines, and totals that are sums of rounded lines (design §5)."""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from billing.money import round_money


class CoveredBy(StrEnum):
    """What has paid for a line already."""

    NONE = "none"
    PREPAID_CREDITS = "prepaid_credits"
    SUBSCRIPTION = "subscription"


class Line(NamedTuple):
    """One charge; quantity and unit price are exact, and the amount is rounded once, from both."""

    description: str
    quantity: Fraction
    unit: str
    unit_price: Fraction
    currency: str
    covered_by: CoveredBy = CoveredBy.NONE

    @property
    def exact_amount(self) -> Fraction:
        """The amount before rounding, which is what adds up over periods."""
        return self.quantity * self.unit_price

    @property
    def amount(self) -> Decimal:
        """In the currency's minor unit."""
        return round_money(self.exact_amount, self.currency)


class Statement(NamedTuple):
    """The lines of one campaign and period; `unit_price` and `quantity` are of the model's own unit, where it has one."""

    lines: tuple[Line, ...]
    currency: str | None
    unit_price: Fraction | None = None
    quantity: Fraction | None = None

    @property
    def total_amount(self) -> Decimal:
        return self._sum(self.lines)

    @property
    def covered_amount(self) -> Decimal:
        return self._sum(line for line in self.lines if line.covered_by != CoveredBy.NONE)

    @property
    def amount_due(self) -> Decimal:
        return self._sum(line for line in self.lines if line.covered_by == CoveredBy.NONE)

    def _sum(self, lines: Iterable[Line]) -> Decimal:
        return round_money(sum((Fraction(line.amount) for line in lines), Fraction(0)), self.currency or "")
