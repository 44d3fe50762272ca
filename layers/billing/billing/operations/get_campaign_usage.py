"""What a campaign used in a period, and what that costs (design §5, §8)."""

from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from billing import pricing
from billing.contract.shapes import PeriodShape, Shape
from billing.contract.types import (
    CampaignName,
    CampaignRef,
    CompanyRef,
    Currency,
    DecimalString,
    PricingModel,
    Share,
    SubscriptionRef,
)
from billing.database.campaigns import load_campaign
from billing.database.session import Row, Session, transaction
from billing.instants import EARLIEST
from billing.money import round_money, show_price, show_quantity
from billing.periods import Month, Period, first_hour, months, parse_period
from billing.pricing import bundle, custom, iaas, seats
from billing.pricing.statement import CoveredBy, Line, Statement
from billing.sql import queries
from billing.terms.campaign import Campaign
from billing.usage.consumption import Consumption, Quantity, SeatMonth

_SQL = queries("campaigns")


class Usage(Shape):
    """Quantities with six decimals; `seatsUsed` are those of the peak hour, `averageSeats` those of the average hour."""

    seats_used: DecimalString
    seat_hours: DecimalString
    average_seats: DecimalString
    credits_consumed: DecimalString
    learners_served: DecimalString
    sessions_completed: DecimalString


class BillingLine(Shape):
    """One charge; `coveredBy` says what has paid for it already."""

    description: Annotated[str, Field(examples=["Committed seats"])]
    quantity: DecimalString
    unit: Annotated[str, Field(examples=["seat-month"])]
    unit_price: DecimalString
    amount: DecimalString
    covered_by: CoveredBy


class Billing(Shape):
    """`unitPrice` and `quantity` are of the model's own unit, null where its lines have units of their own."""

    unit_price: DecimalString | None
    quantity: DecimalString | None
    currency: Currency | None
    lines: list[BillingLine]
    total_amount: DecimalString
    covered_amount: DecimalString
    amount_due: DecimalString


class L2iAllocation(Shape):
    """A bundle campaign's link; the amount is for the whole subscription period."""

    subscription_id: SubscriptionRef
    allocation_percentage: Share
    allocated_amount: DecimalString


class Outcome(Shape):
    """`met` is null where nothing was measured."""

    name: Annotated[str, Field(examples=["Completion rate"])]
    threshold: DecimalString
    met: bool | None


class IaasDelivery(Shape):
    """What an IAAS campaign agreed on, and what it has delivered up to the period's end."""

    learners_committed: DecimalString | None
    learners_delivered: DecimalString
    outcomes: list[Outcome]


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
        campaign = load_campaign(db, company, campaign_id)
        period = parse_period(start, end, campaign.zone)
        consumption = _consumption(db, campaign, period)
    statement = pricing.statement(campaign, period, consumption)
    return CampaignUsage(
        campaign_id=campaign.id,
        campaign_name=campaign.name,
        company_id=campaign.company_id,
        pricing_model=campaign.pricing_model,
        period=PeriodShape(start=period.start, end=period.end),
        usage=_usage(period, consumption),
        billing=_billing(statement),
        l2i_allocation=_l2i_allocation(campaign),
        iaas=_iaas_delivery(campaign, consumption),
    )


def _consumption(db: Session, campaign: Campaign, period: Period) -> Consumption:
    parameters = {"campaign_id": campaign.id, "start": period.start, "end": period.end}
    totals = {row["kind"]: Quantity(row["before"], row["within"]) for row in db.rows(_SQL["totals"], **parameters)}
    within = months(period, campaign.zone)
    before = _months_before(campaign, period)
    seat_months = _seat_months(db, campaign, [*before, *within])
    return Consumption(
        seat_months=seat_months[len(before) :],
        seat_months_before=seat_months[: len(before)],
        credits=totals.get("credit_usage", Quantity()),
        learners=totals.get("learner_served", Quantity()),
        sessions=totals.get("session_completed", Quantity()),
        volunteer_hours=totals.get("volunteer_hours", Quantity()),
    )


def _months_before(campaign: Campaign, period: Period) -> list[Month]:
    """From the earliest record that there can be; only where the campaign's terms look so far back."""
    if not custom.needs_seats_before(campaign) or period.start <= EARLIEST:
        return []
    return months(Period(EARLIEST, period.start), campaign.zone)


def _seat_months(db: Session, campaign: Campaign, slices: list[Month]) -> tuple[SeatMonth, ...]:
    rows = db.rows(
        _SQL["seats_by_slice"],
        campaign_id=campaign.id,
        committed=campaign.committed_seats or Decimal(0),
        starts=[first_hour(month.start).isoformat() for month in slices],
        end=first_hour(slices[-1].end),
    )
    sums = {row["slice"]: row for row in rows}
    return tuple(_seat_month(month, sums.get(number)) for number, month in enumerate(slices))


def _seat_month(month: Month, sums: Row | None) -> SeatMonth:
    if sums is None:
        return SeatMonth(month.hours_in_month)
    return SeatMonth(month.hours_in_month, sums["seat_hours"], sums["additional_seat_hours"], sums["peak"])


def _usage(period: Period, consumption: Consumption) -> Usage:
    return Usage(
        seats_used=show_quantity(consumption.peak_seats),
        seat_hours=show_quantity(consumption.seat_hours),
        average_seats=show_quantity(seats.average_seats(period, consumption)),
        credits_consumed=show_quantity(consumption.credits.within),
        learners_served=show_quantity(consumption.learners.within),
        sessions_completed=show_quantity(consumption.sessions.within),
    )


def _billing(statement: Statement) -> Billing:
    return Billing(
        unit_price=show_price(statement.unit_price, statement.currency or "") if statement.unit_price is not None else None,
        quantity=show_quantity(statement.quantity) if statement.quantity is not None else None,
        currency=statement.currency,
        lines=[_line(line) for line in statement.lines],
        total_amount=statement.total_amount,
        covered_amount=statement.covered_amount,
        amount_due=statement.amount_due,
    )


def _line(line: Line) -> BillingLine:
    return BillingLine(
        description=line.description,
        quantity=show_quantity(line.quantity),
        unit=line.unit,
        unit_price=show_price(line.unit_price, line.currency),
        amount=line.amount,
        covered_by=line.covered_by,
    )


def _l2i_allocation(campaign: Campaign) -> L2iAllocation | None:
    subscription, share = campaign.subscription, campaign.bundle_allocation_percentage
    if subscription is None or share is None:
        return None
    amount = bundle.allocated(subscription, Fraction(share))
    return L2iAllocation(
        subscription_id=subscription.id,
        allocation_percentage=share,
        allocated_amount=round_money(amount, subscription.currency),
    )


def _iaas_delivery(campaign: Campaign, consumption: Consumption) -> IaasDelivery | None:
    delivery = iaas.delivery(campaign, consumption)
    if delivery is None:
        return None
    return IaasDelivery(
        learners_committed=delivery.learners_committed,
        learners_delivered=show_quantity(delivery.learners_delivered),
        outcomes=[Outcome(name=name, threshold=threshold, met=met) for name, threshold, met in delivery.outcomes],
    )
