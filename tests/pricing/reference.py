"""A slow and obvious account of what a campaign is charged, to hold the fast one against: every hour, event, movement and
instant by itself, each by the terms in force there (design §5, §10, §11)."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from billing import pricing
from billing.periods import HOUR, Month, Period, first_hour, midnight, months, months_later
from billing.pricing.statement import Part, Statement
from billing.terms.campaign import Campaign, Version
from billing.terms.json_terms import CustomTerms, IaasTerms, VariableComponent
from billing.terms.models import BundleTerms, CreditTerms, SeatTerms
from billing.usage.consumption import Burned, Consumption, SeatMonth

FIRST_USAGE = datetime(2024, 12, 1, tzinfo=UTC)
"""Before all usage of the tests."""


class Movement(NamedTuple):
    """Credits that a grant paid for, at its price, or where that is None none did."""

    at: datetime
    price: Fraction | None
    credits: int


@dataclass
class History:
    """The effective records: seats by their hour, all other events by their instant; and who paid for the credits."""

    seats: dict[datetime, int] = field(default_factory=dict)
    events: list[tuple[datetime, int]] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)

    def parts(self, campaign: Campaign, during: Period) -> list[Part]:
        """The parts of a period, as the database loads them."""
        return [
            self._part(campaign, version, Period(max(during.start, version.starts_at), min(during.end, version.ends_at)))
            for version in campaign.versions_in(during.start, during.end)
        ]

    def earlier(self, campaign: Campaign, during: Period) -> list[Part]:
        """The parts of the campaign's life before a period."""
        return self.parts(campaign, Period(FIRST_USAGE, during.start)) if during.start > FIRST_USAGE else []

    def _part(self, campaign: Campaign, version: Version, during: Period) -> Part:
        slices = months(during, campaign.zone)
        quantity = Decimal(sum(n for at, n in self.events if at in during))
        burned: dict[Fraction | None, int] = defaultdict(int)
        for movement in self.movements:
            if movement.at in during:
                burned[movement.price] += movement.credits
        consumption = Consumption(
            seat_months=tuple(self._month(version, month) for month in slices),
            credits=quantity,
            learners=quantity,
            sessions=quantity,
            volunteer_hours=quantity,
            burned=tuple(Burned(price, Decimal(credits)) for price, credits in burned.items() if price is not None),
            overage=Decimal(burned[None]),
        )
        return Part(version, during, slices, consumption)

    def _month(self, version: Version, month: Month) -> SeatMonth:
        hours = [n for at, n in self.seats.items() if first_hour(month.start) <= at < first_hour(month.end)]
        committed = version.terms.committed if isinstance(version.terms, SeatTerms) else Decimal(0)
        additional = sum((max(n - committed, Decimal(0)) for n in hours), Decimal(0))
        return SeatMonth(month.hours_in_month, Decimal(sum(hours)), additional, Decimal(max(hours, default=0)))


def stated(campaign: Campaign, during: Period, history: History | None = None) -> Statement:
    """The statement of a period."""
    used = history or History()
    return pricing.statement(campaign, used.parts(campaign, during), used.earlier(campaign, during))


def charged(campaign: Campaign, during: Period, history: History | None = None) -> Fraction:
    """The whole charge of a period, before rounding."""
    return sum((line.exact_amount for line in stated(campaign, during, history).lines), Fraction(0))


def slowly_charged(campaign: Campaign, during: Period, history: History) -> Fraction:
    """The same, without any of the code under test: each thing that is charged, at the instant at which it is."""
    return sum((amount for at, amount in _charges(campaign, history, during) if at in during), Fraction(0))


def _charges(campaign: Campaign, history: History, during: Period) -> Iterator[tuple[datetime, Fraction]]:
    yield from _seat_charges(campaign, history, during)
    yield from _credit_charges(campaign, history)
    yield from _learner_charges(campaign, history)
    yield from _share_charges(campaign, during)
    yield from _fees(campaign)
    yield from _components(campaign, history)
    yield from _milestones(campaign)


def _seat_charges(campaign: Campaign, history: History, during: Period) -> Iterator[tuple[datetime, Fraction]]:
    for hour in _each_hour(during):
        version = campaign.version_at(hour)
        if isinstance(version.terms, SeatTerms):
            committed = Fraction(version.terms.committed)
            additional = max(history.seats.get(hour, 0) - committed, Fraction(0))
            in_dates = campaign.begins_at <= hour < campaign.ends_at
            seats = additional + (committed if _is_charged(version) and in_dates else 0)
            yield hour, seats / _hours_of_month(campaign, hour) * Fraction(version.terms.price_per_month)


def _credit_charges(campaign: Campaign, history: History) -> Iterator[tuple[datetime, Fraction]]:
    for at, price, credits in history.movements:
        terms = campaign.version_at(at).terms
        if isinstance(terms, CreditTerms):
            list_price = campaign.first_grant_price if terms.price is None else Fraction(terms.price)
            assert list_price is not None
            yield at, credits * (list_price if price is None else price)


def _learner_charges(campaign: Campaign, history: History) -> Iterator[tuple[datetime, Fraction]]:
    for at, learners in history.events:
        terms = campaign.version_at(at).terms
        if isinstance(terms, IaasTerms):
            yield at, learners * Fraction(terms.price_per_learner)


def _share_charges(campaign: Campaign, during: Period) -> Iterator[tuple[datetime, Fraction]]:
    """Between two neighbouring instants at which anything may change, nothing does."""
    bought = [each for versions in campaign.subscriptions.values() for each in versions]
    edges = {during.start, during.end}
    edges |= {edge for each in campaign.versions for edge in (each.starts_at, each.ends_at)}
    edges |= {edge for each in bought for edge in (each.starts_at, each.ends_at, each.period.start, each.period.end)}
    instants = sorted(edge for edge in edges if during.start <= edge <= during.end)
    for start, end in pairwise(instants):
        version = campaign.version_at(start)
        if not isinstance(version.terms, BundleTerms) or not version.is_active or version.terms.subscription_id is None:
            continue
        for each in campaign.subscriptions[version.terms.subscription_id]:
            if each.starts_at <= start < each.ends_at and start in each.period:
                begun = each.period.start.astimezone(campaign.zone)
                year = begun.replace(year=begun.year + 1).astimezone(UTC) - each.period.start
                share = Fraction(version.terms.share or 0) * Fraction((end - start) / timedelta.resolution)
                yield start, each.annual_price * each.quantity * share / Fraction(year / timedelta.resolution)


def _fees(campaign: Campaign) -> Iterator[tuple[datetime, Fraction]]:
    if campaign.start_date is None:
        return
    instants = sorted({campaign.begins_at, *(each.starts_at for each in campaign.versions)})
    for instant in instants:
        fee = _fee(campaign, instant, "once")
        if fee is not None:
            yield instant, fee
            break
    for interval, step in {"month": 1, "quarter": 3, "year": 12}.items():
        for number in range(0, 60, step):
            instant = midnight(months_later(campaign.start_date, number), campaign.zone)
            fee = _fee(campaign, instant, interval)
            if fee is not None:
                yield instant, fee


def _fee(campaign: Campaign, instant: datetime, interval: str) -> Fraction | None:
    """What falls due at the instant, if it is the day of a fee of that interval."""
    version = campaign.version_at(instant)
    terms = version.terms
    if not isinstance(terms, CustomTerms) or terms.fixed_fee is None or terms.fixed_fee_interval != interval:
        return None
    in_dates = campaign.begins_at <= instant < campaign.ends_at
    return Fraction(terms.fixed_fee) if _is_charged(version) and in_dates else None


def _components(campaign: Campaign, history: History) -> Iterator[tuple[datetime, Fraction]]:
    used: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for at, component, quantity in sorted(_component_usage(campaign, history), key=lambda each: each[0]):
        known_as = (component.name, component.unit)
        before, used[known_as] = used[known_as], used[known_as] + quantity
        cap = used[known_as] if component.cap is None else Fraction(component.cap)
        yield at, (min(cap, used[known_as]) - min(cap, before)) * Fraction(component.rate)


def _component_usage(campaign: Campaign, history: History) -> Iterator[tuple[datetime, VariableComponent, Fraction]]:
    hours = [(at, Fraction(seats) / _hours_of_month(campaign, at), True) for at, seats in history.seats.items()]
    events = [(at, Fraction(quantity), False) for at, quantity in history.events]
    for at, quantity, of_seats in hours + events:
        terms = campaign.version_at(at).terms
        if isinstance(terms, CustomTerms):
            for component in terms.variable_components:
                if (component.unit == "seat_month") is of_seats:
                    yield at, component, quantity


def _milestones(campaign: Campaign) -> Iterator[tuple[datetime, Fraction]]:
    agreed = [each.terms for each in campaign.versions if isinstance(each.terms, CustomTerms)]
    milestones = [milestone for terms in agreed for milestone in terms.milestone_payments]
    instants = {midnight(milestone.due_date, campaign.zone) for milestone in milestones}
    paid: set[str] = set()
    for instant in sorted(instants | {each.starts_at for each in campaign.versions}):
        terms = campaign.version_at(instant).terms
        for milestone in terms.milestone_payments if isinstance(terms, CustomTerms) else ():
            if milestone.known_as not in paid and midnight(milestone.due_date, campaign.zone) <= instant:
                paid.add(milestone.known_as)
                yield instant, Fraction(milestone.amount)


def _each_hour(during: Period) -> Iterator[datetime]:
    hour = first_hour(during.start)
    while hour < during.end:
        yield hour
        hour += HOUR


def _hours_of_month(campaign: Campaign, instant: datetime) -> int:
    first = instant.astimezone(campaign.zone).date().replace(day=1)
    begins, ends = midnight(first, campaign.zone), midnight(months_later(first, 1), campaign.zone)
    return Period(begins, ends).hours


def _is_charged(version: Version) -> bool:
    return version.is_active and version.status in {"recruiting", "active", "paused"}
