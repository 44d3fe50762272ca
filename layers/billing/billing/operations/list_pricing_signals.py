"""What the usage of a company's campaigns really costs, in a period (design §15)."""

from decimal import Decimal
from fractions import Fraction
from typing import Annotated, NamedTuple

from pydantic import Field

from billing import pricing
from billing.contract.capacity import Ratio
from billing.contract.shapes import PeriodShape, Shape
from billing.contract.tables import csv_table
from billing.contract.types import CampaignName, CampaignRef, CompanyRef, Currency, DecimalString, PricingModel
from billing.database.campaigns import Span, load_campaigns
from billing.database.consumption import Charged, load_consumption
from billing.database.session import transaction
from billing.database.signals import load_company
from billing.money import round_money, show_price, show_quantity
from billing.periods import parse_period
from billing.pricing.seats import seat_months
from billing.signals.prices import prices
from billing.signals.shown import show_optional, show_ratio
from billing.sql import queries

_SQL = queries("signals")


class PricingSignal(Shape):
    """Money in `currency`; null where a divisor is zero, or the model has no such unit."""

    campaign_id: CampaignRef
    campaign_name: CampaignName
    pricing_model: PricingModel
    currency: Currency | None
    total_amount: DecimalString
    seat_months: DecimalString
    credits: DecimalString
    learners: DecimalString
    sessions: DecimalString
    volunteer_hours: DecimalString
    cost_per_learner: DecimalString | None
    cost_per_session: DecimalString | None
    cost_per_volunteer_hour: DecimalString | None
    used_units: DecimalString | None
    effective_unit_price: DecimalString | None
    list_unit_price: DecimalString | None
    premium: Annotated[Ratio | None, Field(description="Effective ÷ list − 1.")]
    seat_hours: DecimalString | None
    committed_seat_hours: DecimalString | None
    used_committed_seat_hours: DecimalString | None
    commitment_used: Annotated[Ratio | None, Field(description="Used committed ÷ committed seat-hours.")]
    load: Annotated[Ratio | None, Field(description="Seat-hours ÷ committed seat-hours.")]
    idle_units: DecimalString | None
    idle_amount: DecimalString | None
    budget: DecimalString | None
    budget_used: Annotated[Ratio | None, Field(description="Total ÷ budget.")]


class PricingSignals(Shape):
    """The signals of all campaigns, in the order of their ids."""

    company_id: CompanyRef
    period: PeriodShape
    signals: list[PricingSignal]

    def csv(self) -> str:
        """One row for each campaign, the columns by the names of the JSON."""
        columns = [field.alias or name for name, field in PricingSignal.model_fields.items()]
        rows = [signal.model_dump(mode="json", by_alias=True) for signal in self.signals]
        return csv_table(
            ["companyId", "start", "end", *columns],
            ([self.company_id, *self._ends(), *(row[column] for column in columns)] for row in rows),
        )

    def _ends(self) -> list[str]:
        return list(self.period.model_dump(mode="json").values())


class _Campaign(NamedTuple):
    id: str
    status: str
    budget_allocated: Decimal | None


def list_pricing_signals(company: str, company_id: str, start: str, end: str) -> PricingSignals:
    """The signals. Raises `NotFound` for another company, and `InvalidPeriod`."""
    with transaction(company) as db:
        period = parse_period(start, end, load_company(db, company, company_id).zone)
        known = {each.id: each.budget_allocated for each in db.all(_Campaign, _SQL["campaigns"], company_id=company_id)}
        campaigns = load_campaigns(db, company, list(known), Span(period.start, period.end))
        charged = load_consumption(db, [(campaign, period) for campaign in campaigns], all_usage=True)
    return PricingSignals(
        company_id=company_id,
        period=PeriodShape(start=period.start, end=period.end),
        signals=[_signal(each, known[each.campaign.id]) for each in charged],
    )


def _signal(charged: Charged, budget: Decimal | None) -> PricingSignal:
    campaign, parts, earlier = charged
    statement = pricing.statement(campaign, parts, earlier)
    found, currency = prices(campaign, parts, statement, budget), statement.currency or ""
    seat_hours = found.seats.capacity.inputs if found.seats.idle_units is not None else {}
    return PricingSignal(
        campaign_id=campaign.id,
        campaign_name=campaign.name,
        pricing_model=parts[-1].version.pricing_model,
        currency=statement.currency,
        total_amount=statement.total_amount,
        seat_months=show_quantity(seat_months(found.used)),
        credits=show_quantity(found.used.credits),
        learners=show_quantity(found.used.learners),
        sessions=show_quantity(found.used.sessions),
        volunteer_hours=show_quantity(found.used.volunteer_hours),
        cost_per_learner=_money(found.cost_per_learner, currency),
        cost_per_session=_money(found.cost_per_session, currency),
        cost_per_volunteer_hour=_money(found.cost_per_volunteer_hour, currency),
        used_units=show_optional(found.used_units),
        effective_unit_price=_money(found.effective_unit_price, currency),
        list_unit_price=None if found.list_unit_price is None else show_price(found.list_unit_price, currency),
        premium=show_ratio(found.premium),
        seat_hours=show_optional(seat_hours.get("seatHours")),
        committed_seat_hours=show_optional(seat_hours.get("committedSeatHours")),
        used_committed_seat_hours=show_optional(seat_hours.get("usedCommittedSeatHours")),
        commitment_used=show_ratio(found.seats.capacity.commitment_used),
        load=show_ratio(found.seats.capacity.load),
        idle_units=show_optional(found.seats.idle_units),
        idle_amount=_money(found.seats.idle_amount, currency),
        budget=None if budget is None else round_money(Fraction(budget), currency),
        budget_used=show_ratio(found.budget_used),
    )


def _money(amount: Fraction | None, currency: str) -> Decimal | None:
    return None if amount is None else round_money(amount, currency)
