"""What a campaign's usage really costs (design §15), from its statement and its ledger alone; null where a divisor is zero.

Cost per learner, session and volunteer hour = total ÷ quantity. Effective unit price = total ÷ used units, beside the list
price in force at the period's end; premium = effective ÷ list − 1. Idle units are those committed and not used; their amount
is at the price in force.

Example: March 2025 of Fjord beach clean-up, 743 hours: 31,987 ÷ 743 = 43.051144 seat-months for 1,561.06 are 36.26 each, list
35.00, +3.6 %. Idle: (29,720 − 28,568) ÷ 743 = 1.550471 seat-months, 54.27.
"""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from billing.money import exact, total
from billing.pricing.credits import list_price
from billing.pricing.iaas import iaas_terms
from billing.pricing.seats import idle_seat_months, seat_months
from billing.pricing.statement import Part, Statement
from billing.signals.capacity import Capacity, of_seats, ratio
from billing.terms.campaign import Campaign
from billing.terms.models import CreditTerms, SeatTerms
from billing.usage.consumption import Consumption, combined


class Seats(NamedTuple):
    """How seats are used, and what of the commitment is idle: seat-months, and their amount at the price in force; null
    where the campaign is not charged by the seat."""

    capacity: Capacity
    idle_units: Fraction | None
    idle_amount: Fraction | None


class Prices(NamedTuple):
    """Money in the statement's currency, exact; null where it has no meaning for the model."""

    used: Consumption
    cost_per_learner: Fraction | None
    cost_per_session: Fraction | None
    cost_per_volunteer_hour: Fraction | None
    used_units: Fraction | None
    effective_unit_price: Fraction | None
    list_unit_price: Fraction | None
    premium: Fraction | None
    seats: Seats
    budget_used: Fraction | None


def prices(campaign: Campaign, parts: Sequence[Part], statement: Statement, budget: Decimal | None) -> Prices:
    """The signals of a period that the parts cover."""
    used, total = combined(part.consumption for part in parts), Fraction(statement.total_amount)
    units = _used_units(parts, used)
    listed = list_unit_price(campaign, parts[-1])
    effective = ratio(total, units)
    above = ratio(effective, listed)
    return Prices(
        used=used,
        cost_per_learner=ratio(total, Fraction(used.learners)),
        cost_per_session=ratio(total, Fraction(used.sessions)),
        cost_per_volunteer_hour=ratio(total, Fraction(used.volunteer_hours)),
        used_units=units,
        effective_unit_price=effective,
        list_unit_price=listed,
        premium=None if above is None else above - 1,
        seats=seats(campaign, parts),
        budget_used=ratio(total, None if budget is None else Fraction(budget)),
    )


def seats(campaign: Campaign, parts: Sequence[Part]) -> Seats:
    """The signals of seats over a period that the parts cover."""
    idle = [_idle(campaign, part) for part in parts if isinstance(part.version.terms, SeatTerms)]
    return Seats(
        capacity=of_seats(campaign, parts),
        idle_units=total(units for units, _ in idle) if idle else None,
        idle_amount=total(units * price for units, price in idle) if idle else None,
    )


def _used_units(parts: Sequence[Part], used: Consumption) -> Fraction | None:
    """In the unit of the model; None where the model has none, or changed within the period."""
    models = {part.version.pricing_model for part in parts}
    if models == {"seats"}:
        return seat_months(used)
    return {"credits": Fraction(used.credits), "iaas": Fraction(used.learners)}.get(models.pop()) if len(models) == 1 else None


def list_unit_price(campaign: Campaign, part: Part) -> Fraction | None:
    """The price of a unit by the terms of a part, where they have one."""
    terms = part.version.terms
    if isinstance(terms, SeatTerms):
        return exact(terms.price_per_month)
    if isinstance(terms, CreditTerms):
        return list_price(campaign, terms)
    learners = iaas_terms(part.version)
    return Fraction(learners.price_per_learner) if learners else None


def _idle(campaign: Campaign, part: Part) -> tuple[Fraction, Fraction]:
    """The seat-months committed and not used, and the price of one."""
    terms = part.version.terms
    assert isinstance(terms, SeatTerms)
    return max(idle_seat_months(campaign, part), Fraction(0)), exact(terms.price_per_month)
