"""A campaign as the rules take it: its model's terms, its dates, its subscription (design §2, §3)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from billing.periods import Period

# A JSON number reaches us as the shortest text that spells it, so that 0.1 is a tenth.
Amount = Annotated[Decimal, BeforeValidator(str), Field(ge=0, allow_inf_nan=False)]


class Terms(BaseModel):
    """Terms as other services write them: camelCase, numbers or strings, and members that are not for billing."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)


class Outcome(Terms):
    """An outcome agreed on: met once `measured` reaches `threshold`."""

    name: str
    threshold: Amount
    measured: Amount | None = None


class IaasTerms(Terms):
    """`iaas_metrics`."""

    price_per_learner: Amount
    learners_committed: Amount | None = None
    outcome_thresholds: tuple[Outcome, ...] = ()


class VariableComponent(Terms):
    """So much for each unit, up to `cap` units over the campaign's whole life."""

    name: str
    unit: Literal["session", "learner", "credit", "seat_month", "hour"]
    rate: Amount
    cap: Amount | None = None


class MilestonePayment(Terms):
    """An amount due on a day."""

    name: str = Field(default="Milestone", validation_alias=AliasChoices("name", "description"))
    amount: Amount
    due_date: date


class CustomTerms(Terms):
    """`custom_pricing_terms`."""

    fixed_fee: Amount | None = None
    fixed_fee_interval: Literal["once", "month", "quarter", "year"] = "once"
    variable_components: tuple[VariableComponent, ...] = ()
    milestone_payments: tuple[MilestonePayment, ...] = ()


@dataclass(frozen=True)
class Subscription:
    """A company's purchase of a bundle; `annual_price` in major units of the bundle's currency."""

    id: str
    status: str
    quantity: int
    period: Period
    annual_price: Decimal
    currency: str


@dataclass(frozen=True)
class Campaign:
    """What is charged. `zone` is the company's; dates are inclusive, and None is open; terms of other models are None."""

    id: str
    company_id: str
    name: str
    status: str
    zone: ZoneInfo
    pricing_model: str
    currency: str | None = None
    start_date: date | None = None
    end_date: date | None = None
    budget_allocated: Decimal | None = None
    committed_seats: Decimal | None = None
    seat_price_per_month: Decimal | None = None
    credit_allocation: Decimal | None = None
    credit_price: Decimal | None = None
    iaas_metrics: IaasTerms | None = None
    custom_pricing_terms: CustomTerms | None = None
    bundle_allocation_percentage: Decimal | None = None
    subscription: Subscription | None = None
