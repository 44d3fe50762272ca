"""What a campaign used, as the ledger sums it up and as the pricing models take it."""

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple


class Quantity(NamedTuple):
    """A sum over the campaign's life up to the period's start (`before`), and over the period (`within`)."""

    before: Decimal = Decimal(0)
    within: Decimal = Decimal(0)


class SeatMonth(NamedTuple):
    """A month, or the part of one in the period: `seat_hours` is the sum of u(h), `additional_seat_hours` that of
    max(u(h) − committed, 0); both divided by the hours of the whole month are seat-months."""

    hours_in_month: int
    seat_hours: Decimal = Decimal(0)
    additional_seat_hours: Decimal = Decimal(0)
    peak: Decimal = Decimal(0)


class Consumption(NamedTuple):
    """All that the charges of one period depend on, beside the campaign's terms."""

    seat_months: tuple[SeatMonth, ...] = ()
    seat_months_before: tuple[SeatMonth, ...] = ()
    credits: Quantity = Quantity()
    learners: Quantity = Quantity()
    sessions: Quantity = Quantity()
    volunteer_hours: Quantity = Quantity()

    @property
    def seat_hours(self) -> Decimal:
        """Σ u(h)."""
        return sum((month.seat_hours for month in self.seat_months), Decimal(0))

    @property
    def peak_seats(self) -> Decimal:
        """The seats of the hour that had most."""
        return max((month.peak for month in self.seat_months), default=Decimal(0))


def seat_months(months: tuple[SeatMonth, ...]) -> Fraction:
    """Σ u(h) / H(m)."""
    return sum((Fraction(month.seat_hours) / month.hours_in_month for month in months), Fraction(0))
