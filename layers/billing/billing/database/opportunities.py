"""Loads what the rules of opportunities take, for a company at once (design §15)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from billing import pricing
from billing.database.campaigns import Span, load_company_campaigns
from billing.database.consumption import Charged, load_consumption, load_learners
from billing.database.session import Session
from billing.database.signals import Company, kinds_of, last_days, load_daily, load_positions
from billing.money import exact
from billing.periods import DAY, Period, calendar_month, midnight, month_so_far
from billing.pricing.seats import additional_seat_months, committed_hours
from billing.pricing.statement import Part
from billing.signals.opportunities import (
    Bought,
    Facts,
    LastMonth,
    Opportunity,
    SeatFacts,
    days_compared,
    of_campaign,
    of_company,
    of_subscription,
)
from billing.signals.prices import list_unit_price, seats
from billing.signals.proposals import Bundle
from billing.sql import queries
from billing.terms.campaign import Campaign
from billing.terms.models import SeatTerms

_SQL = queries("signals")


class _Bought(NamedTuple):
    id: str
    bundle_id: str
    name: str
    annual_price: Decimal
    currency: str
    learners_supported: int | None
    quantity: int
    starts_at: datetime
    ends_at: datetime
    served: Decimal


def load_opportunities(db: Session, company: Company, now: datetime) -> list[Opportunity]:
    """All that the rules find now, the largest amount first."""
    facts = _load_facts(db, company, now)
    bundles = db.all(Bundle, _SQL["all_bundles"])
    bought = [_bought(row) for row in db.all(_Bought, _SQL["bought"], company_id=company.id, now=now)]
    found = [
        *(each for campaign in facts for each in of_campaign(campaign)),
        *(each for subscription in bought for each in of_subscription(subscription, now)),
        *of_company(company.id, facts, bundles),
    ]
    return sorted(found, key=lambda each: (-each.amount, each.subject, each.rule))


def _bought(row: _Bought) -> Bought:
    bundle = Bundle(row.bundle_id, row.name, row.annual_price, row.currency, row.learners_supported)
    return Bought(row.id, bundle, row.quantity, Period(row.starts_at, row.ends_at), row.served)


def _load_facts(db: Session, company: Company, now: datetime) -> list[Facts]:
    zone, today = company.zone, now.astimezone(company.zone).date()
    last = calendar_month(today.replace(day=1) - DAY, zone)
    before = calendar_month(last.start.astimezone(zone).date() - DAY, zone)
    days, so_far = Period(midnight(today - 28 * DAY, zone), midnight(today, zone)), month_so_far(now, zone)
    campaigns = load_company_campaigns(db, company.id, Span(before.start, now))
    if not campaigns:
        return []
    by_seat = [campaign for campaign in campaigns if any(isinstance(each.terms, SeatTerms) for each in campaign.versions)]
    # What only the rules of seats look at is loaded for them alone.
    spans = ((campaigns, so_far), (campaigns, last), (by_seat, before), (by_seat, days))
    loaded = iter(load_consumption(db, [(campaign, period) for some, period in spans for campaign in some]))
    current, previous, older, lately = ({each.id: next(loaded) for each in some} for some, _ in spans)
    learners = load_learners(db, list(previous), last.end, last.start)
    daily = load_daily(db, zone, kinds_of(current.values()), {*last_days(today), *days_compared(today - DAY)})
    positions = load_positions(db, list(current.values()), so_far, now, daily)
    facts = []
    for campaign, position in zip(campaigns, positions, strict=True):
        in_force, charged = current[campaign.id].parts[-1], previous[campaign.id]
        facts.append(
            Facts(
                campaign=campaign,
                now=now,
                capacity=position.capacity,
                forecast=position.forecast,
                list_price=list_unit_price(campaign, in_force),
                month=so_far,
                last_month=LastMonth(last, _total(charged), learners.get(campaign.id, Decimal(0))),
                seats=_seats(days, lately[campaign.id], {before: older[campaign.id], last: charged})
                if campaign.id in lately
                else None,
                daily=daily.get(campaign.id, {}),
            )
        )
    return facts


def _total(charged: Charged) -> Decimal:
    return pricing.statement(charged.campaign, charged.parts, charged.earlier).total_amount


def _seats(days: Period, lately: Charged, months: Mapping[Period, Charged]) -> SeatFacts:
    campaign, hours = lately.campaign, [_hours(lately.campaign, part) for part in lately.parts]
    return SeatFacts(
        days=days,
        hours=sum(committed for committed, _ in hours),
        hours_over=sum(above for _, above in hours),
        additional=sum((_additional(part) for part in lately.parts), Fraction(0)),
        months=[(month, seats(campaign, used.parts)) for month, used in months.items()],
    )


def _additional(part: Part) -> Fraction:
    """What the seats above the commitment of a part cost."""
    terms = part.version.terms
    if not isinstance(terms, SeatTerms):
        return Fraction(0)
    return additional_seat_months(part.consumption) * exact(terms.price_per_month)


def _hours(campaign: Campaign, part: Part) -> tuple[int, int]:
    """The hours of a part with a commitment, and those of them with more seats than committed."""
    terms = part.version.terms
    if not isinstance(terms, SeatTerms) or not terms.committed:
        return 0, 0
    hours = sum(committed_hours(campaign, part, month) for month in part.months)
    return hours, sum(month.hours_above for month in part.consumption.seat_months) if hours else 0
