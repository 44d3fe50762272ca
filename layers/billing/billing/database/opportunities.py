"""Loads what the rules of opportunities take, for a company at once (design §15)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from billing import pricing
from billing.database.campaigns import Span, load_company_campaigns
from billing.database.consumption import Charged, load_consumption, load_learners
from billing.database.session import Session
from billing.database.signals import Company, kinds_of, last_days, load_daily, load_positions
from billing.money import total
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
from billing.terms.models import BundleTerms, SeatTerms

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
    linked = [each.campaign.id for each in facts if each.campaign.subscriptions]
    bought = db.all(_Bought, _SQL["bought"], company_id=company.id, campaign_ids=linked, now=now)
    found = [
        *(each for campaign in facts for each in of_campaign(campaign)),
        *(each for row in bought for each in of_subscription(_bought(row), now)),
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
    # What only some rules look at is loaded for their campaigns alone: those of seats, and those that share no bundle.
    by_seat = {each.id: each for each in campaigns if any(isinstance(version.terms, SeatTerms) for version in each.versions)}
    apart = {each.id: each for each in campaigns if not _shares_bundle(each, so_far)}
    looked_back = (apart | by_seat).values()
    spans = ((campaigns, so_far), (looked_back, last), (by_seat.values(), before), (by_seat.values(), days))
    loaded = iter(load_consumption(db, [(campaign, period) for some, period in spans for campaign in some]))
    current, previous, older, lately = ({each.id: next(loaded) for each in some} for some, _ in spans)
    learners = load_learners(db, list(apart), last.end, last.start)
    daily = load_daily(db, zone, kinds_of(current.values()), {*last_days(today), *days_compared(today - DAY)})
    positions = load_positions(db, list(current.values()), so_far, now, daily)
    facts = []
    for campaign, position in zip(campaigns, positions, strict=True):
        in_force = current[campaign.id].parts[-1]
        facts.append(
            Facts(
                campaign=campaign,
                now=now,
                capacity=position.capacity,
                forecast=position.forecast,
                list_price=list_unit_price(campaign, in_force),
                month=so_far,
                last_month=LastMonth(last, _charged(previous[campaign.id]), learners.get(campaign.id, Decimal(0)))
                if campaign.id in apart
                else None,
                seats=_seats(days, lately[campaign.id], {before: older[campaign.id], last: previous[campaign.id]})
                if campaign.id in by_seat
                else None,
                daily=daily.get(campaign.id, {}),
            )
        )
    return facts


def _shares_bundle(campaign: Campaign, period: Period) -> bool:
    """Whether the terms in force at the end of the period are a share of a bundle."""
    terms = campaign.versions_in(period.start, period.end)[-1].terms
    return isinstance(terms, BundleTerms) and terms.share is not None


def _charged(charged: Charged) -> Decimal:
    return pricing.statement(charged.campaign, charged.parts, charged.earlier).total_amount


def _seats(days: Period, lately: Charged, months: Mapping[Period, Charged]) -> SeatFacts:
    campaign = lately.campaign
    committed = [(part, hours) for part in lately.parts if (hours := _committed_hours(campaign, part))]
    above = [(additional_seat_months(part.consumption), list_unit_price(campaign, part)) for part, _ in committed]
    return SeatFacts(
        days=days,
        hours=sum(hours for _, hours in committed),
        hours_over=sum(month.hours_above for part, _ in committed for month in part.consumption.seat_months),
        additional_units=total(units for units, _ in above),
        additional_amount=total(units * price for units, price in above if price is not None),
        months=[(month, seats(campaign, used.parts)) for month, used in months.items()],
    )


def _committed_hours(campaign: Campaign, part: Part) -> int:
    """The hours of a part that have a commitment."""
    terms = part.version.terms
    if not isinstance(terms, SeatTerms) or not terms.committed:
        return 0
    return sum(committed_hours(campaign, part, month) for month in part.months)
