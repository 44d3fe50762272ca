"""A company's month at a glance (design §15): its campaigns, what they cost, where they stand, and the state of its invoice."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from billing import pricing
from billing.contract.capacity import Capacity
from billing.contract.shapes import PeriodShape, Shape
from billing.contract.types import (
    CampaignName,
    CampaignRef,
    CampaignStatus,
    CompanyRef,
    Currency,
    DecimalString,
    Instant,
    MonthText,
    PricingModel,
)
from billing.database.campaigns import Span, load_company_campaigns
from billing.database.consumption import Charged, load_consumption, load_rest
from billing.database.session import Session, transaction
from billing.database.signals import Position, load_company, load_positions
from billing.money import sum_money
from billing.periods import Period, first_day, parse_month
from billing.sql import queries
from billing.terms.campaign import Campaign

_SQL = queries("signals")


class Charges(Shape):
    """The totals of a statement for the month."""

    total_amount: DecimalString
    covered_amount: DecimalString
    amount_due: DecimalString


class CurrencyCharges(Charges):
    """The sums of one currency; currencies are never added up."""

    currency: Currency


class CampaignOverview(Shape):
    """A campaign with the model and the status in force at the end of the month, or now; `capacity` is null of a month that has
    not begun."""

    campaign_id: CampaignRef
    campaign_name: CampaignName
    pricing_model: PricingModel
    status: CampaignStatus
    is_active: bool
    currency: Currency | None
    charges: Charges
    capacity: Capacity | None


class InvoiceState(Shape):
    """`open` until the month is closed, which it is once, in all currencies together."""

    state: Literal["open", "closed"]


class CompanyOverview(Shape):
    """All campaigns of the company, in the order of their ids; `charges` are those of the whole month, capacity that of its
    part up to `at`."""

    company_id: CompanyRef
    company_name: str
    time_zone: str
    month: MonthText
    period: PeriodShape
    at: Instant
    charges: list[CurrencyCharges]
    invoice: InvoiceState
    campaigns: list[CampaignOverview]


class _Seen(NamedTuple):
    """A campaign, what it is charged, and where it stands."""

    campaign: Campaign
    currency: Currency | None
    charges: Charges
    status: CampaignStatus
    is_active: bool
    pricing_model: PricingModel
    position: Position | None


def get_company_overview(company: str, company_id: str, month: str) -> CompanyOverview:
    """The overview. Raises `NotFound` for another company, and `InvalidPeriod`."""
    now = datetime.now(UTC)
    with transaction(company) as db:
        owner = load_company(db, company, company_id)
        whole = parse_month(month, owner.zone)
        seen = _look(db, company_id, whole, now)
        closed = db.value(_SQL["month_state"], company_id=company_id, month=first_day(month))
    return CompanyOverview(
        company_id=owner.id,
        company_name=owner.name,
        time_zone=str(owner.zone),
        month=month,
        period=PeriodShape(start=whole.start, end=whole.end),
        at=min(now, whole.end),
        charges=_sums(seen),
        invoice=InvoiceState(state="closed" if closed else "open"),
        campaigns=[_shown(each) for each in seen],
    )


def _look(db: Session, company_id: str, whole: Period, now: datetime) -> list[_Seen]:
    """Each campaign over the month. What lies ahead is apart, so that capacity ends now."""
    campaigns = load_company_campaigns(db, company_id, Span(whole.start, whole.end))
    if now <= whole.start:
        nothing = [Charged(campaign, [], []) for campaign in campaigns]
        return [_seen(charged, charged, None) for charged in load_rest(db, company_id, nothing, whole, now)]
    passed = Period(whole.start, min(now, whole.end))
    so_far = load_consumption(db, [(campaign, passed) for campaign in campaigns])
    positions = load_positions(db, so_far, passed, now)
    months = load_rest(db, company_id, so_far, whole, now) if now < whole.end else so_far
    return [_seen(*each) for each in zip(months, so_far, positions, strict=True)]


def _seen(charged: Charged, so_far: Charged, position: Position | None) -> _Seen:
    campaign, parts, earlier = charged
    last = so_far.parts[-1].version
    statement = pricing.statement(campaign, parts, earlier)
    charges = Charges(**statement.totals._asdict())
    return _Seen(campaign, statement.currency, charges, last.status, last.is_active, last.pricing_model, position)  # type: ignore[arg-type]


def _sums(seen: Sequence[_Seen]) -> list[CurrencyCharges]:
    charges: dict[str, list[Charges]] = {}
    for each in seen:
        if each.currency:
            charges.setdefault(each.currency, []).append(each.charges)
    return [
        CurrencyCharges(
            currency=currency,
            total_amount=sum_money((each.total_amount for each in found), currency),
            covered_amount=sum_money((each.covered_amount for each in found), currency),
            amount_due=sum_money((each.amount_due for each in found), currency),
        )
        for currency, found in sorted(charges.items())
    ]


def _shown(seen: _Seen) -> CampaignOverview:
    return CampaignOverview(
        campaign_id=seen.campaign.id,
        campaign_name=seen.campaign.name,
        pricing_model=seen.pricing_model,
        status=seen.status,
        is_active=seen.is_active,
        currency=seen.currency,
        charges=seen.charges,
        capacity=seen.position and seen.position.shown(),
    )
