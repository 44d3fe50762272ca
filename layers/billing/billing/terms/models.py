"""The terms of IAAS and custom campaigns, which other services write as JSON (design §3)."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

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
