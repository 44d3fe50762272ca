"""What a usage would cost by each pricing model (design §15): the statement of a campaign that has it, by the same rating code.

The usage is spread over whole calendar months in UTC, seats evenly. Credits = (volunteer hours + sessions) × the rate, bought
at the price of a credit. As many of a bundle are bought as support the learners pro rata, and at least one. A model
without a price has no proposal: nothing is guessed.

Example: 120 seat-months in 3 months, 30 committed at 35.00: 90 committed are 3,150.00, 30 additional 1,050.00, in all 4,200.00.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from billing import pricing
from billing.periods import DAY, Month, Period, midnight, months, months_later
from billing.pricing.statement import Part, Statement
from billing.terms.campaign import BEGINNING, END, Campaign, SubscriptionVersion, Version
from billing.terms.models import BundleTerms, CreditTerms, SeatTerms
from billing.usage.consumption import Burned, Consumption, SeatMonth

if TYPE_CHECKING:
    from billing.terms.json_terms import CustomTerms, IaasTerms

UTC_ZONE = ZoneInfo("UTC")


class Usage(NamedTuple):
    """What would be used in `months` calendar months together."""

    months: int
    seat_months: Decimal = Decimal(0)
    volunteer_hours: Decimal = Decimal(0)
    learners: Decimal = Decimal(0)
    sessions: Decimal = Decimal(0)


class Terms(NamedTuple):
    """The terms that are proposed for each model; None where there are none."""

    seats: SeatTerms | None = None
    credits: CreditTerms | None = None
    credit_rate: Decimal | None = None
    iaas: "IaasTerms | None" = None
    custom: "CustomTerms | None" = None


class Bundle(NamedTuple):
    """A bundle on offer, with the price of a year."""

    id: str
    name: str
    annual_price: Decimal
    currency: str
    learners_supported: int | None


class Proposal(NamedTuple):
    """A statement; `bundle` and how many are bought are of the bundle model."""

    pricing_model: str
    statement: Statement
    bundle: Bundle | None = None
    quantity: int | None = None


def proposed_period(now: datetime, count: int) -> Period:
    """`count` calendar months in UTC, beginning with the next one."""
    first = months_later(now.astimezone(UTC).date().replace(day=1), 1)
    return Period(midnight(first, UTC_ZONE), midnight(months_later(first, count), UTC_ZONE))


def proposals(usage: Usage, currency: str, terms: Terms, bundles: Sequence[Bundle], period: Period) -> list[Proposal]:
    """A proposal for each model that has terms, and for each bundle, the cheapest first."""
    found = [*_by_terms(usage, currency, terms, period), *(_of_bundle(usage, bundle, period) for bundle in bundles)]
    return sorted(found, key=lambda each: each.statement.total_amount)


def _by_terms(usage: Usage, currency: str, terms: Terms, period: Period) -> Iterator[Proposal]:
    along = months(period, UTC_ZONE)
    if terms.seats:
        yield _proposal("seats", terms.seats, currency, period, _consumption(usage, along, terms.seats.committed))
    used = _consumption(usage, along)
    if terms.credits and terms.credits.price is not None and terms.credit_rate is not None:
        credits = (usage.volunteer_hours + usage.sessions) * terms.credit_rate
        paid = used._replace(credits=credits, burned=(Burned(Fraction(terms.credits.price), credits),))
        yield _proposal("credits", terms.credits, currency, period, paid)
    if terms.iaas:
        yield _proposal("iaas", terms.iaas, currency, period, used)
    if terms.custom:
        credits = (usage.volunteer_hours + usage.sessions) * (terms.credit_rate or 0)
        yield _proposal("custom", terms.custom, currency, period, used._replace(credits=credits))


def _consumption(usage: Usage, along: Sequence[Month], committed: Decimal = Decimal(0)) -> Consumption:
    """The usage of the months. Seats spread evenly are above the commitment in all of them or in none, and only the sums of
    seat-months count, so that the first month holds them exactly."""
    above = max(usage.seat_months - committed * usage.months, Decimal(0))
    seats = [SeatMonth(month.hours_in_month) for month in along]
    hours = along[0].hours_in_month
    seats[0] = SeatMonth(hours, usage.seat_months * hours, above * hours)
    return Consumption(
        seat_months=tuple(seats),
        learners=usage.learners,
        sessions=usage.sessions,
        volunteer_hours=usage.volunteer_hours,
    )


def _proposal(
    model: str, terms: "SeatTerms | CreditTerms | IaasTerms | CustomTerms", currency: str, period: Period, used: Consumption
) -> Proposal:
    version = Version(BEGINNING, END, model, terms)
    return Proposal(model, pricing.statement(_campaign(version, currency, period), [_part(version, period, used)]))


def _of_bundle(usage: Usage, bundle: Bundle, period: Period) -> Proposal:
    supported = Fraction(bundle.learners_supported or 0) * usage.months / 12
    quantity = max(1, ceil(Fraction(usage.learners) / supported)) if supported else 1
    version = Version(BEGINNING, END, "bundle", BundleTerms(bundle.id, Decimal(1)))
    campaign = _campaign(version, bundle.currency, period)._replace(
        subscriptions={bundle.id: list(_years(bundle, quantity, period))}
    )
    part = _part(version, period, _consumption(usage, months(period, UTC_ZONE)))
    return Proposal("bundle", pricing.statement(campaign, [part]), bundle, quantity)


def _years(bundle: Bundle, quantity: int, period: Period) -> Iterator[SubscriptionVersion]:
    """The periods of a subscription that is renewed as long as the usage lasts."""
    start = period.start
    while start < period.end:
        end = midnight(months_later(start.date(), 12), UTC_ZONE)
        yield SubscriptionVersion(start, end, quantity, Fraction(bundle.annual_price), bundle.currency, Period(start, end))
        start = end


def _campaign(version: Version, currency: str, period: Period) -> Campaign:
    last_day: date = (period.end - DAY).date()
    return Campaign("proposal", "proposal", "Proposal", UTC_ZONE, [version], currency, period.start.date(), last_day)


def _part(version: Version, period: Period, used: Consumption) -> Part:
    return Part(version, period, months(period, UTC_ZONE), used)
