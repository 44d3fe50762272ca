"""Loads what the rules of opportunities take, for a company at once (design §15)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from billing import pricing
from billing.database.campaigns import Span, load_campaigns
from billing.database.consumption import Charged, load_consumption
from billing.database.session import Row, Session
from billing.database.signals import Company, load_daily, load_positions
from billing.periods import DAY, Period, calendar_month, hours_between, midnight, month_so_far
from billing.signals.opportunities import SPIKE_WEEKS, Bought, Facts, Opportunity, of_campaign, of_company, of_subscription
from billing.signals.prices import Prices, list_unit_price, prices
from billing.signals.proposals import Bundle
from billing.sql import queries
from billing.terms.models import SeatTerms

_SQL = queries("signals")
KINDS = {"credits": "credit_usage", "iaas": "learner_served"}
"""What a day's units are, by the pricing model; sessions of the others."""


def load_opportunities(db: Session, company: Company, now: datetime) -> list[Opportunity]:
    """All that the rules find now, the largest amount first."""
    facts = _load_facts(db, company, now)
    bundles = db.all(Bundle, _SQL["all_bundles"])
    bought = [_bought(row) for row in db.rows(_SQL["bought"], company_id=company.id, now=now)]
    found = [
        *(each for campaign in facts for each in of_campaign(campaign)),
        *(each for subscription in bought for each in of_subscription(subscription, now)),
        *of_company(company.id, facts, bundles),
    ]
    return sorted(found, key=lambda each: (-each.amount, each.subject, each.rule))


def _bought(row: Row) -> Bought:
    bundle = Bundle(row["bundle_id"], row["name"], row["annual_price"], row["currency"], row["learners_supported"])
    return Bought(row["id"], bundle, row["quantity"], Period(row["starts_at"], row["ends_at"]), row["served"])


def _load_facts(db: Session, company: Company, now: datetime) -> list[Facts]:
    zone, today = company.zone, now.astimezone(company.zone).date()
    last = calendar_month(today.replace(day=1) - DAY, zone)
    before = calendar_month(last.start.astimezone(zone).date() - DAY, zone)
    days = Period(midnight(today - 28 * DAY, zone), midnight(today, zone))
    ids = [row["id"] for row in db.rows(_SQL["campaigns"], company_id=company.id)]
    campaigns = load_campaigns(db, company.id, ids, Span(before.start, now))
    if not campaigns:
        return []
    so_far = month_so_far(now, zone)
    spans = (so_far, days, before, last)
    loaded = load_consumption(db, [(campaign, period) for period in spans for campaign in campaigns])
    current, lately, older, newer = (loaded[n * len(campaigns) : (n + 1) * len(campaigns)] for n in range(len(spans)))
    positions = load_positions(db, current, so_far, now)
    over = _load_hours_over(db, lately, days)
    daily = load_daily(db, zone, ids, today, 7 * SPIKE_WEEKS + 1)
    facts = []
    for n, campaign in enumerate(campaigns):
        part = current[n].parts[-1]
        statement = pricing.statement(campaign, lately[n].parts, lately[n].earlier)
        additional = sum((line.exact_amount for line in statement.lines if line.key == "seats.additional"), Fraction(0))
        kind = KINDS.get(part.version.pricing_model, "session_completed")
        facts.append(
            Facts(
                campaign=campaign,
                now=now,
                capacity=positions[n].capacity,
                forecast=positions[n].forecast,
                list_price=list_unit_price(campaign, part),
                month=so_far,
                hours=_committed_hours(lately[n], days),
                hours_over=over.get(campaign.id, 0),
                last_days=days,
                additional=additional,
                months=[_month(before, older[n]), _month(last, newer[n])],
                daily=daily.get((campaign.id, kind), {}),
            )
        )
    return facts


def _month(period: Period, charged: Charged) -> tuple[Period, Prices, Decimal]:
    statement = pricing.statement(charged.campaign, charged.parts, charged.earlier)
    return period, prices(charged.campaign, charged.parts, statement, None), statement.total_amount


def _committed(charged: Charged) -> SeatTerms | None:
    terms = charged.parts[-1].version.terms
    return terms if isinstance(terms, SeatTerms) and terms.committed else None


def _committed_hours(charged: Charged, days: Period) -> int:
    campaign = charged.campaign
    return hours_between(max(days.start, campaign.begins_at), min(days.end, campaign.ends_at)) if _committed(charged) else 0


def _load_hours_over(db: Session, lately: Sequence[Charged], days: Period) -> dict[str, int]:
    committed = {each.campaign.id: str(terms.committed) for each in lately if (terms := _committed(each))}
    if not committed:
        return {}
    where = {"campaign_ids": list(committed), "committed": list(committed.values())}
    rows = db.rows(_SQL["hours_over"], start=days.start, end=days.end, **where)
    return {row["campaign_id"]: row["hours"] for row in rows}
