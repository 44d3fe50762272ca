"""What a campaign used in a period, and what that costs (design §5, §8)."""

from decimal import Decimal
from fractions import Fraction
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from billing import pricing
from billing.bundles import show_share
from billing.contract.shapes import PeriodShape, Shape
from billing.contract.statements import Billing
from billing.contract.types import (
    CampaignName,
    CampaignRef,
    CompanyRef,
    DecimalString,
    PricingModel,
    Share,
    SubscriptionRef,
)
from billing.database.bundles import load_split
from billing.database.campaigns import Span, load_campaign
from billing.database.consumption import load_consumption, load_learners
from billing.database.session import Session, transaction
from billing.money import round_money, show_quantity
from billing.periods import DAY, Period, parse_end, parse_period
from billing.pricing import iaas, seats
from billing.pricing.shown import billing
from billing.terms.campaign import Campaign, Version
from billing.usage.consumption import Consumption, combined


class Usage(Shape):
    """Quantities with six decimals; `seatsUsed` are those of the peak hour, `averageSeats` those of the average hour."""

    seats_used: DecimalString
    seat_hours: DecimalString
    average_seats: DecimalString
    credits_consumed: DecimalString
    learners_served: DecimalString
    sessions_completed: DecimalString


class L2iAllocation(Shape):
    """A bundle campaign's link; the amount is for the whole subscription period."""

    subscription_id: SubscriptionRef
    allocation_percentage: Share
    allocated_amount: DecimalString


class DeliveredOutcome(Shape):
    """`met` is null where nothing was measured."""

    name: Annotated[str, Field(examples=["Completion rate"])]
    threshold: DecimalString
    met: bool | None


class IaasDelivery(Shape):
    """What an IAAS campaign agreed on, and what it has delivered up to the period's end."""

    learners_committed: DecimalString | None
    learners_delivered: DecimalString
    outcomes: list[DeliveredOutcome]


class CampaignUsage(Shape):
    """The summary; `l2iAllocation` is of bundle campaigns, `iaas` of IAAS campaigns, and null of the others."""

    campaign_id: CampaignRef
    campaign_name: CampaignName
    company_id: CompanyRef
    pricing_model: PricingModel
    period: PeriodShape
    usage: Usage
    billing: Billing
    l2i_allocation: L2iAllocation | None = Field(default=None, alias="l2iAllocation")
    iaas: IaasDelivery | None = None


def get_campaign_usage(company: str, campaign_id: str, start: str, end: str) -> CampaignUsage:
    """The summary of a campaign and period.

    Raises `NotFound` for a campaign that is not there or another company's, `InvalidPeriod` for a period that cannot be used.
    """
    with transaction(company) as db:
        campaign = load_campaign(db, company, campaign_id, _span(start, end))
        period = parse_period(start, end, campaign.zone)
        ((_, parts, earlier),) = load_consumption(db, [(campaign, period)], all_usage=True)
        last = parts[-1].version
        link = _l2i_allocation(db, company, campaign)
        used = combined(part.consumption for part in parts)
        delivery = _iaas_delivery(db, campaign, last, period, used)
    return CampaignUsage(
        campaign_id=campaign.id,
        campaign_name=campaign.name,
        company_id=campaign.company_id,
        pricing_model=last.pricing_model,
        period=PeriodShape(start=period.start, end=period.end),
        usage=_usage(period, used),
        billing=billing(pricing.statement(campaign, parts, earlier)),
        l2i_allocation=link,
        iaas=delivery,
    )


def _span(start: str, end: str) -> Span:
    """A span that holds the period whatever the company's time zone is."""
    return Span(parse_end(start, ZoneInfo("UTC")) - DAY, parse_end(end, ZoneInfo("UTC")) + DAY)


def _usage(period: Period, consumption: Consumption) -> Usage:
    return Usage(
        seats_used=show_quantity(consumption.peak_seats),
        seat_hours=show_quantity(consumption.seat_hours),
        average_seats=show_quantity(seats.average_seats(period, consumption)),
        credits_consumed=show_quantity(consumption.credits),
        learners_served=show_quantity(consumption.learners),
        sessions_completed=show_quantity(consumption.sessions),
    )


def _l2i_allocation(db: Session, company: str, campaign: Campaign) -> L2iAllocation | None:
    """The link of now. Its amount is the one that the split says, or where the campaign is not active and so has no part in
    that, its share of the budget."""
    if campaign.linked_to is None or campaign.share is None:
        return None
    subscription, shares, allocation = load_split(db, company, campaign.linked_to)
    amounts = {each.id: amount for each, amount in zip(shares, allocation.amounts, strict=True)}
    own = round_money(Fraction(subscription.budget) * Fraction(campaign.share), subscription.currency)
    return L2iAllocation(
        subscription_id=subscription.id,
        allocation_percentage=show_share(campaign.share),
        allocated_amount=amounts.get(campaign.id, own),
    )


def _iaas_delivery(db: Session, campaign: Campaign, version: Version, period: Period, used: Consumption) -> IaasDelivery | None:
    terms = iaas.iaas_terms(version)
    if terms is None:
        return None
    before = load_learners(db, [campaign.id], period.start).get(campaign.id, Decimal(0))
    return IaasDelivery(
        learners_committed=terms.learners_committed,
        learners_delivered=show_quantity(before + used.learners),
        outcomes=[
            DeliveredOutcome(name=each.name, threshold=each.threshold, met=each.met) for each in terms.outcome_thresholds
        ],
    )
