"""Loads what the rules of opportunities take, for a company at once (design §15)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from billing import pricing
from billing.database.campaigns import Span, load_company_campaigns
from billing.database.consumption import Charged, load_consumption, load_learners, nothing_used
from billing.database.session import Session
from billing.database.signals import Company, Daily, kinds_of, load_daily, load_positions
from billing.money import total
from billing.periods import DAY, Period, calendar_month, midnight, month_so_far
from billing.pricing.seats import additional_seat_months, committed_hours
from billing.pricing.statement import Part
from billing.signals.opportunities import (
    SPIKE_UNITS,
    Bought,
    Facts,
    LastMonth,
    Opportunity,
    Over,
    days_compared,
    fitting,
    is_over,
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


class _Periods(NamedTuple):
    """What is looked at: the last two months, the current one until now, and the last 28 days that are over."""

    before: Period
    last: Period
    so_far: Period
    days: Period


def _periods(now: datetime, zone: ZoneInfo) -> _Periods:
    today = now.astimezone(zone).date()
    last = calendar_month(today.replace(day=1) - DAY, zone)
    before = calendar_month(last.start.astimezone(zone).date() - DAY, zone)
    return _Periods(before, last, month_so_far(now, zone), Period(midnight(today - 28 * DAY, zone), midnight(today, zone)))


def load_opportunities(db: Session, company: Company, now: datetime) -> list[Opportunity]:
    """All that the rules find now, the largest amount first."""
    periods = _periods(now, company.zone)
    campaigns = load_company_campaigns(db, company.id, Span(periods.before.start, periods.so_far.end))
    linked = [each.id for each in campaigns if each.subscriptions]
    bought = db.all(_Bought, _SQL["bought"], company_id=company.id, campaign_ids=linked, now=now)
    bundles = db.all(Bundle, _SQL["all_bundles"])
    found = [
        *(each for facts in _load_facts(db, campaigns, periods, now) for each in of_campaign(facts)),
        *(each for row in bought for each in of_subscription(_bought(row), now)),
        *of_company(company.id, _load_last_month(db, campaigns, periods, bundles), bundles),
    ]
    return sorted(found, key=lambda each: (-each.amount, each.subject, each.rule))


def _bought(row: _Bought) -> Bought:
    bundle = Bundle(row.bundle_id, row.name, row.annual_price, row.currency, row.learners_supported)
    return Bought(row.id, bundle, row.quantity, Period(row.starts_at, row.ends_at), row.served)


def _load_facts(db: Session, campaigns: Sequence[Campaign], periods: _Periods, now: datetime) -> Iterator[Facts]:
    if not campaigns:
        return
    by_seat = [each for each in campaigns if any(isinstance(version.terms, SeatTerms) for version in each.versions)]
    spans = ((by_seat, periods.before), (by_seat, periods.last), (campaigns, periods.so_far))
    loaded = iter(load_consumption(db, [(campaign, period) for some, period in spans for campaign in some]))
    before, last, current = ({each.id: next(loaded) for each in some} for some, _ in spans)
    over = _load_over(db, by_seat, periods.days, last, current)
    yesterday = periods.days.end.astimezone(campaigns[0].zone).date() - DAY
    daily = _load_compared(db, campaigns[0].zone, kinds_of(current.values()), yesterday)
    positions = load_positions(db, list(current.values()), periods.so_far, now, forecasts=["credits"])
    for campaign, position in zip(campaigns, positions, strict=True):
        looked_back = ((periods.before, before.get(campaign.id)), (periods.last, last.get(campaign.id)))
        yield Facts(
            campaign=campaign,
            now=now,
            capacity=position.capacity,
            forecast=position.forecast,
            list_price=list_unit_price(campaign, current[campaign.id].parts[-1]),
            month=periods.so_far,
            seats=[(month, seats(campaign, charged.parts)) for month, charged in looked_back if charged],
            over=over.get(campaign.id),
            daily=daily.get(campaign.id, {}),
        )


def _load_over(
    db: Session, campaigns: Sequence[Campaign], days: Period, last: Mapping[str, Charged], current: Mapping[str, Charged]
) -> dict[str, Over]:
    """Of the campaigns that can be over their commitment in these days: not more hours are above it in them than in the two
    months that hold them."""
    asked = [
        (each, days)
        for each in campaigns
        if is_over(
            _hours_above(last[each.id].parts) + _hours_above(current[each.id].parts),
            sum(_committed_hours(each, part) for part in nothing_used(each, days).parts),
        )
    ]
    return {each.campaign.id: _over(days, each) for each in load_consumption(db, asked)} if asked else {}


def _load_last_month(
    db: Session, campaigns: Sequence[Campaign], periods: _Periods, bundles: Sequence[Bundle]
) -> list[LastMonth]:
    """Of the campaigns that share no bundle, in the order of their ids. Where no bundle supports the learners of those that
    served any, the others are left out: they change nothing then."""
    last, apart = periods.last, [each for each in campaigns if not _shares_bundle(each, periods.so_far)]
    learners = load_learners(db, [each.id for each in apart], last.end, last.start)
    served = _last_month(db, [each for each in apart if each.id in learners], last, learners)
    if not any(fitting(bundles, currency, served, last) for currency in {each.currency for each in apart}):
        return served
    others = _last_month(db, [each for each in apart if each.id not in learners], last, learners)
    found = {each.campaign.id: each for each in (*served, *others)}
    return [found[each.id] for each in apart]


def _last_month(db: Session, campaigns: Sequence[Campaign], last: Period, learners: Mapping[str, Decimal]) -> list[LastMonth]:
    return [
        LastMonth(each.campaign, last, _total(each), learners.get(each.campaign.id, Decimal(0)))
        for each in load_consumption(db, [(campaign, last) for campaign in campaigns])
    ]


def _load_compared(db: Session, zone: ZoneInfo, kinds: Mapping[str, str], day: date) -> Daily:
    """What campaigns used on the days that a day is compared with, where it has enough to be a spike; few have."""
    used = load_daily(db, zone, kinds, [day])
    enough = {campaign_id: kinds[campaign_id] for campaign_id, of_day in used.items() if of_day[day] >= SPIKE_UNITS}
    return load_daily(db, zone, enough, days_compared(day)) if enough else {}


def _shares_bundle(campaign: Campaign, period: Period) -> bool:
    """Whether the terms in force at the end of the period are a share of a bundle."""
    terms = campaign.versions_in(period.start, period.end)[-1].terms
    return isinstance(terms, BundleTerms) and terms.share is not None


def _total(charged: Charged) -> Decimal:
    return pricing.statement(charged.campaign, charged.parts, charged.earlier).total_amount


def _over(days: Period, lately: Charged) -> Over:
    committed = [(part, hours) for part in lately.parts if (hours := _committed_hours(lately.campaign, part))]
    above = [(additional_seat_months(part.consumption), list_unit_price(lately.campaign, part)) for part, _ in committed]
    return Over(
        days=days,
        hours=sum(hours for _, hours in committed),
        hours_over=_hours_above(part for part, _ in committed),
        additional_units=total(units for units, _ in above),
        additional_amount=total(units * price for units, price in above if price is not None),
    )


def _hours_above(parts: Iterable[Part]) -> int:
    return sum(month.hours_above for part in parts for month in part.consumption.seat_months)


def _committed_hours(campaign: Campaign, part: Part) -> int:
    """The hours of a part that have a commitment."""
    terms = part.version.terms
    if not isinstance(terms, SeatTerms) or not terms.committed:
        return 0
    return sum(committed_hours(campaign, part, month) for month in part.months)
