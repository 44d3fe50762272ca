"""What a campaign used, as the ledger sums it up and as the pricing models take it."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple


class SeatMonth(NamedTuple):
    """A month, or a part of one: `seat_hours` is the sum of u(h), `additional_seat_hours` that of max(u(h) − committed, 0);
    both divided by the hours of the whole month are seat-months. What of them rests on estimated hours stands beside, and the
    number of hours that have more seats than committed."""

    hours_in_month: int
    seat_hours: Decimal = Decimal(0)
    additional_seat_hours: Decimal = Decimal(0)
    peak: Decimal = Decimal(0)
    estimated_seat_hours: Decimal = Decimal(0)
    estimated_additional_seat_hours: Decimal = Decimal(0)
    hours_above: int = 0


class Burned(NamedTuple):
    """Credits that grants of one price paid for; `price` is that of one credit."""

    price: Fraction
    credits: Decimal


class Consumption(NamedTuple):
    """What was used in a period while one version of the terms was in force, all of it or what the terms look at; `burned` and
    `overage` say who pays for the credits (design §11)."""

    seat_months: tuple[SeatMonth, ...] = ()
    credits: Decimal = Decimal(0)
    learners: Decimal = Decimal(0)
    sessions: Decimal = Decimal(0)
    volunteer_hours: Decimal = Decimal(0)
    burned: tuple[Burned, ...] = ()
    overage: Decimal = Decimal(0)

    @property
    def seat_hours(self) -> Decimal:
        """Σ u(h)."""
        return sum((month.seat_hours for month in self.seat_months), Decimal(0))

    @property
    def peak_seats(self) -> Decimal:
        """The seats of the hour that had most."""
        return max((month.peak for month in self.seat_months), default=Decimal(0))


def combined(consumptions: Iterable[Consumption]) -> Consumption:
    """The consumption of periods that follow each other; who pays for credits is left out."""
    parts = list(consumptions)
    return Consumption(
        seat_months=tuple(month for part in parts for month in part.seat_months),
        credits=sum((part.credits for part in parts), Decimal(0)),
        learners=sum((part.learners for part in parts), Decimal(0)),
        sessions=sum((part.sessions for part in parts), Decimal(0)),
        volunteer_hours=sum((part.volunteer_hours for part in parts), Decimal(0)),
    )
