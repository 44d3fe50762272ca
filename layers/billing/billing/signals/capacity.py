"""How much of what a campaign has committed to is used (design §15).

load = used ÷ committed, null where nothing is committed. The state is `near` from 80 %, `at` for exactly 100 %, `over` above
that. By the model in force:

- seats, over a period, with u(h) and c of each hour: load = Σ u ÷ Σ c, commitment used = Σ min(u, c) ÷ Σ c. Committed and used
  are shown as averages over the hours of the period in the campaign's date range.
- credits, as the balance stands: committed is what was granted and neither withdrawn nor expired, used what grants have paid of
  it, and the overage of the period.
- learners, over the campaign's life: committed is what was agreed, used what was served.
- share of a bundle, over a period: committed is the share, used the learners served ÷ (learners supported × quantity × the
  period's part of a year of 365 days).

Example: March 2025 in Oslo has 743 hours. 40 seats are committed, Σ c = 29,720; Σ u = 31,987 and Σ max(u − c, 0) = 3,419.
Load = 31,987 ÷ 29,720 = 107.63 %, over; commitment used = (31,987 − 3,419) ÷ 29,720 = 96.12 %.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from billing.contract.types import CapacityState, CapacityUnit
from billing.money import exact, quotient
from billing.periods import hours_between
from billing.pricing.iaas import iaas_terms
from billing.pricing.seats import committed_seat_hours
from billing.pricing.statement import Part
from billing.terms.campaign import Campaign
from billing.terms.models import BundleTerms, SeatTerms

NEAR, FULL = Fraction(80, 100), Fraction(1)
HOURS_OF_A_YEAR = 365 * 24


class Balance(NamedTuple):
    """Credits: granted and neither withdrawn nor expired, and what is left of them."""

    granted: Decimal
    remaining: Decimal


class Capacity(NamedTuple):
    """Quantities in `unit`, null where nothing is committed or agreed; `inputs` are what they are computed from."""

    unit: CapacityUnit | None
    committed: Fraction | None = None
    used: Fraction | None = None
    available: Fraction | None = None
    commitment_used: Fraction | None = None
    inputs: Mapping[str, Fraction | Decimal | int] = {}

    @property
    def load(self) -> Fraction | None:
        """Used ÷ committed."""
        return ratio(self.used, self.committed)


NO_CAPACITY = Capacity(None)


def ratio(dividend: Fraction | None, divisor: Fraction | None) -> Fraction | None:
    """The quotient, or None where either is missing or the divisor is zero."""
    return dividend / divisor if dividend is not None and divisor else None


def state(load: Fraction | None) -> CapacityState | None:
    """The state of a load, None below 80 %, and where there is no load.

    >>> [state(Fraction(percent, 100)) for percent in (79, 80, 99, 100, 101)]
    [None, 'near', 'near', 'at', 'over']
    """
    if load is None or load < NEAR:
        return None
    return "near" if load < FULL else "at" if load == FULL else "over"


def of_seats(campaign: Campaign, parts: Sequence[Part]) -> Capacity:
    """The capacity in seats, over the parts in which the campaign is charged by the seat."""
    by_seat = [part for part in parts if isinstance(part.version.terms, SeatTerms)]
    months = [month for part in by_seat for month in part.consumption.seat_months]
    hours = sum(
        hours_between(max(part.period.start, campaign.begins_at), min(part.period.end, campaign.ends_at)) for part in by_seat
    )
    committed = sum((committed_seat_hours(campaign, part, month) for part in by_seat for month in part.months), Decimal(0))
    used = sum((month.seat_hours for month in months), Decimal(0))
    within = used - sum((month.additional_seat_hours for month in months), Decimal(0))
    return Capacity(
        unit="seat",
        committed=_of_each(committed, hours),
        used=_of_each(used, hours),
        available=_of_each(max(committed - used, Decimal(0)), hours),
        commitment_used=_of_each(within, committed),
        inputs={"hours": hours, "seatHours": used, "committedSeatHours": committed, "usedCommittedSeatHours": within},
    )


def _of_each(amount: Decimal, count: Decimal | int) -> Fraction | None:
    return quotient(amount, count) if count else None


def of_credits(balance: Balance, parts: Sequence[Part]) -> Capacity:
    """The capacity in credits: a balance, and the overage of the parts."""
    overage = exact(sum((part.consumption.overage for part in parts), Decimal(0)))
    granted, remaining = exact(balance.granted), exact(balance.remaining)
    return Capacity(
        unit="credit",
        committed=granted,
        used=granted - remaining + overage,
        available=remaining,
        inputs={"granted": granted, "remaining": remaining, "overage": overage},
    )


def of_learners(agreed: Decimal | None, served: Decimal) -> Capacity:
    """The capacity in learners: those agreed on (None where no number was), and those served so far."""
    return Capacity(
        unit="learner",
        committed=None if agreed is None else exact(agreed),
        used=exact(served),
        available=None if agreed is None else max(exact(agreed) - exact(served), Fraction(0)),
        inputs={"learnersServed": served},
    )


def of_share(share: Decimal, supported: Decimal | None, parts: Sequence[Part]) -> Capacity:
    """The capacity of a share of a subscription, whose bundles together support that many learners a year, if stated."""
    learners = sum((part.consumption.learners for part in parts), Decimal(0))
    hours = sum(part.period.hours for part in parts)
    pro_rata = exact(supported) * hours / HOURS_OF_A_YEAR if supported is not None else None
    used = ratio(exact(learners), pro_rata)
    inputs: dict[str, Fraction | Decimal | int] = {"learnersServed": learners, "hours": hours}
    return Capacity(
        unit="share",
        committed=exact(share),
        used=used,
        available=None if used is None else max(exact(share) - used, Fraction(0)),
        inputs=inputs if supported is None else inputs | {"learnersSupported": supported},
    )


class Beside(NamedTuple):
    """What a campaign's capacity is measured by beside its parts."""

    balance: Balance | None = None
    learners_served: Decimal = Decimal(0)
    learners_supported: Decimal | None = None


def capacity(campaign: Campaign, parts: Sequence[Part], beside: Beside) -> Capacity:
    """The capacity by the model in force at the end of the parts; `NO_CAPACITY` for custom and unlinked bundle campaigns."""
    version = parts[-1].version
    if version.pricing_model == "seats":
        return of_seats(campaign, parts)
    if version.pricing_model == "credits":
        return of_credits(beside.balance or Balance(Decimal(0), Decimal(0)), parts)
    if version.pricing_model == "iaas":
        agreed = iaas_terms(version)
        return of_learners(agreed.learners_committed if agreed else None, beside.learners_served)
    if isinstance(version.terms, BundleTerms) and version.terms.share is not None:
        return of_share(version.terms.share, beside.learners_supported, parts)
    return NO_CAPACITY
