"""Loads what signals are read from, for all campaigns of a company at once (design §15)."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple
from zoneinfo import ZoneInfo

from billing.contract.capacity import Capacity as CapacityShape
from billing.contract.capacity import GrantLeft
from billing.contract.types import GrantSource
from billing.database.consumption import Charged, load_learners
from billing.database.session import Session, load_json
from billing.errors import NotFound
from billing.money import show_quantity
from billing.periods import DAY, Period
from billing.signals.capacity import Balance, Beside, Capacity, capacity
from billing.signals.forecast import DAYS_MAX, Forecast, forecast
from billing.signals.shown import capacity_shape, forecast_shape
from billing.sql import queries
from billing.terms.campaign import Campaign
from billing.terms.models import BundleTerms

_SQL = queries("signals")


class Company(NamedTuple):
    """A company; `time_zone` is an IANA name."""

    id: str
    name: str
    time_zone: str

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Grant(NamedTuple):
    """A grant that is not booked as expired."""

    campaign_id: str
    id: int
    source: GrantSource
    credits: Decimal
    withdrawn: Decimal
    remaining: Decimal
    priority: int
    expires_at: datetime | None

    def shown(self) -> GrantLeft:
        return GrantLeft(
            grant_id=str(self.id),
            source=self.source,
            credits=show_quantity(self.credits),
            remaining=show_quantity(self.remaining),
            priority=self.priority,
            expires_at=self.expires_at,
        )


class Position(NamedTuple):
    """Where a campaign stands at an instant, over a period up to it."""

    at: datetime
    period: Period
    capacity: Capacity
    grants: list[Grant]
    forecast: Forecast | None

    def shown(self) -> CapacityShape:
        """In the shape of responses."""
        grants = [grant.shown() for grant in self.grants]
        return capacity_shape(self.capacity, self.period, grants, forecast_shape(self.at, self.forecast))


class _Supported(NamedTuple):
    subscription_id: str
    learners: int | None


Daily = Mapping[str, Mapping[date, Decimal]]
"""What was used on each day, by campaign; days without use are left out."""

KINDS = {"credits": "credit_usage", "iaas": "learner_served"}
"""What a day's units are, by the pricing model; sessions of the others."""


def load_company(db: Session, company: str, company_id: str) -> Company:
    """The company. Raises `NotFound` for another than the caller's."""
    found = db.one(Company, _SQL["company"], company_id=company_id, company=company)
    if found is None:
        raise NotFound(f"There is no company {company_id}.")
    return found


def kinds_of(charged: Iterable[Charged]) -> dict[str, str]:
    """What campaigns are compared by from day to day, by their ids."""
    return {each.campaign.id: KINDS.get(each.parts[-1].version.pricing_model, "session_completed") for each in charged}


def load_daily(db: Session, zone: ZoneInfo, kinds: Mapping[str, str], days: Iterable[date]) -> Daily:
    """What campaigns used on each of some days, each of its own kind of usage."""
    names = {day.isoformat(): day for day in days}
    where = {"campaign_ids": list(kinds), "kinds": list(kinds.values()), "days": list(names), "zone": str(zone)}
    text = db.value(_SQL["daily"], **where)
    return {
        campaign_id: {names[day]: quantity for day, quantity in used.items()}
        for campaign_id, used in load_json(text or "{}").items()
    }


def load_positions(
    db: Session, charged: Sequence[Charged], period: Period, now: datetime, forecasts: Collection[str] = tuple(KINDS)
) -> list[Position]:
    """The positions of campaigns of one company, in their order, over a period that `charged` covers. Balances and what they
    are burned by are those of `now`, whatever the period; `forecasts` are the pricing models that are to have one."""
    if not charged:
        return []
    ids = _by_model(charged)
    grants = _load_grants(db, ids["credits"])
    learners = load_learners(db, ids["iaas"], period.end) if ids["iaas"] else {}
    supported = _load_supported(db, charged)
    zone, today = charged[0].campaign.zone, now.astimezone(charged[0].campaign.zone).date()
    days = [today - n * DAY for n in range(DAYS_MAX, 0, -1)]
    counted = [each for each in charged if each.parts[-1].version.pricing_model in forecasts]
    daily: dict[str, Mapping[date, Decimal]] = {each.campaign.id: {} for each in counted}
    if counted:
        daily |= load_daily(db, zone, kinds_of(counted), days)
    # Where something was used on the first of these days, they are all of the campaign's life.
    begun = {campaign_id for campaign_id, used in daily.items() if days[0] in used}
    undated = [each.campaign.id for each in counted if each.campaign.start_date is None and each.campaign.id not in begun]
    first_days = _load_first_days(db, zone, undated) | dict.fromkeys(begun, days[0])
    positions = []
    for each in charged:
        owned = grants.get(each.campaign.id, [])
        beside = Beside(_balance(owned), learners.get(each.campaign.id, Decimal(0)), supported.get(each.campaign.id))
        used = capacity(each.campaign, each.parts, beside)
        first = each.campaign.start_date or first_days.get(each.campaign.id, today)
        ahead = _forecast(used, daily.get(each.campaign.id), days[bisect_left(days, first) :], now)
        positions.append(Position(now, period, used, owned, ahead))
    return positions


def _by_model(charged: Iterable[Charged]) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {model: [] for model in ("seats", "credits", "bundle", "iaas", "custom")}
    for each in charged:
        ids[each.parts[-1].version.pricing_model].append(each.campaign.id)
    return ids


def _load_grants(db: Session, campaign_ids: list[str]) -> dict[str, list[Grant]]:
    grants: dict[str, list[Grant]] = {}
    for grant in db.table(_grant, _SQL["grants"], campaign_ids=campaign_ids) if campaign_ids else ():
        grants.setdefault(grant.campaign_id, []).append(grant)
    return grants


def _grant(
    campaign_id: str,
    grant_id: int,
    source: GrantSource,
    credits: str,
    withdrawn: str,
    remaining: str,
    priority: int,
    expires_at: str | None,
) -> Grant:
    numbers = (Decimal(credits), Decimal(withdrawn), Decimal(remaining))
    return Grant(campaign_id, grant_id, source, *numbers, priority, datetime.fromisoformat(expires_at) if expires_at else None)


def _balance(grants: Sequence[Grant]) -> Balance:
    granted = sum((grant.credits - grant.withdrawn for grant in grants), Decimal(0))
    return Balance(granted, sum((grant.remaining for grant in grants), Decimal(0)))


def _load_supported(db: Session, charged: Sequence[Charged]) -> dict[str, Decimal]:
    """The learners that the subscription of each linked campaign supports in a year, all that were bought together."""
    links = {each.campaign.id: terms.subscription_id for each in charged if (terms := _link(each)) and terms.subscription_id}
    if not links:
        return {}
    rows = db.all(_Supported, _SQL["supported"], subscription_ids=sorted(set(links.values())))
    each_supports = {row.subscription_id: row.learners for row in rows}
    return {
        each.campaign.id: Decimal(learners * quantity)
        for each in charged
        if each.campaign.id in links
        and (learners := each_supports.get(links[each.campaign.id])) is not None
        and (quantity := bought(each.campaign, links[each.campaign.id], each.parts[-1].period.end))
    }


def _link(charged: Charged) -> BundleTerms | None:
    terms = charged.parts[-1].version.terms
    return terms if isinstance(terms, BundleTerms) else None


def bought(campaign: Campaign, subscription_id: str, until: datetime) -> int | None:
    """How many of a bundle its subscription had just before an instant."""
    versions = campaign.subscriptions.get(subscription_id, ())
    return next((version.quantity for version in versions if version.starts_at < until <= version.ends_at), None)


def _load_first_days(db: Session, zone: ZoneInfo, campaign_ids: list[str]) -> dict[str, date]:
    text = db.value(_SQL["first_days"], campaign_ids=campaign_ids, zone=str(zone)) if campaign_ids else None
    return {campaign_id: date.fromisoformat(day) for campaign_id, day in load_json(text or "{}").items()}


def _forecast(used: Capacity, daily: Mapping[date, Decimal] | None, days: Sequence[date], now: datetime) -> Forecast | None:
    """Of what is available; `days` are the last ones of the campaign's life that are over. None where nothing was loaded."""
    if daily is None or used.available is None:
        return None
    return forecast(now, Fraction(used.available), [daily.get(day, Decimal(0)) for day in days])
