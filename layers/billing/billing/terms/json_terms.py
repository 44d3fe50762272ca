"""The terms of IAAS and custom campaigns, which other services write as JSON (design §3)."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

from billing.contract.types import Amount
from billing.errors import shorten

Item = TypeVar("Item")


def check_day(value: object) -> object:
    """The text of a day, as ISO 8601 writes it: pydantic alone also takes a number, for seconds since 1970."""
    if not isinstance(value, str) or not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError('must be a date such as "2025-01-31"')
    return value


class Terms(BaseModel):
    """Terms as other services write them: camelCase, numbers or strings, and members that are not for billing.

    In a request, `check_members` rejects those.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        frozen=True,
        json_schema_extra={"additionalProperties": False},
    )


class Outcome(Terms):
    """An outcome agreed on: met once `measured` reaches `threshold`."""

    name: str
    threshold: Amount
    measured: Amount | None = None

    @property
    def met(self) -> bool | None:
        """Whether the threshold is known to be reached; None where nothing was measured."""
        return None if self.measured is None else self.measured >= self.threshold


class IaasTerms(Terms):
    """`iaas_metrics`."""

    price_per_learner: Amount
    learners_committed: Amount | None = None
    outcome_thresholds: tuple[Outcome, ...] = ()


class VariableComponent(Terms):
    """A rate for each unit, up to `cap` units over the campaign's whole life; known by its name and unit."""

    name: Annotated[str, Field(min_length=1)]
    unit: Literal["session", "learner", "credit", "seat_month", "hour"]
    rate: Amount
    cap: Amount | None = None


class MilestonePayment(Terms):
    """An amount due on a day, known by its name, or without one by that day."""

    name: str | None = Field(default=None, min_length=1, validation_alias=AliasChoices("name", "milestone", "description"))
    amount: Amount
    due_date: Annotated[date, BeforeValidator(check_day)]

    @property
    def known_as(self) -> str:
        """What is one milestone in a campaign's life (design §5)."""
        return self.name or self.due_date.isoformat()


class CustomTerms(Terms):
    """`custom_pricing_terms`."""

    fixed_fee: Amount | None = None
    fixed_fee_interval: Literal["once", "month", "quarter", "year"] = "once"
    variable_components: tuple[VariableComponent, ...] = ()
    milestone_payments: tuple[MilestonePayment, ...] = ()

    @field_validator("variable_components")
    @classmethod
    def _component_names(cls, components: tuple[VariableComponent, ...]) -> tuple[VariableComponent, ...]:
        return _unique(components, [each.name for each in components])

    @field_validator("milestone_payments")
    @classmethod
    def _milestone_names(cls, milestones: tuple[MilestonePayment, ...]) -> tuple[MilestonePayment, ...]:
        return _unique(milestones, [each.known_as for each in milestones])

    def component(self, name: str, unit: str) -> VariableComponent | None:
        """The component that is known so, if there is one."""
        return next((each for each in self.variable_components if (each.name, each.unit) == (name, unit)), None)


def _unique(items: tuple[Item, ...], names: list[str]) -> tuple[Item, ...]:
    repeated = next((name for n, name in enumerate(names) if name in names[:n]), None)
    if repeated is not None:
        raise ValueError(f"must have names of their own; {shorten(repeated)!r} is there twice")
    return items


def check_members(value: Any) -> None:
    """Raises `ValueError` for members that no JSON terms have: in a request they are misspelt."""
    known = {
        to_camel(name)
        for shape in (IaasTerms, Outcome, CustomTerms, VariableComponent, MilestonePayment)
        for name in shape.model_fields
    }
    unknown = next((name for name in _members(value) if name not in known | {"milestone", "description"}), None)
    if unknown is not None:
        raise ValueError(f"has a member that is not known: {shorten(unknown)}")


def _members(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        value = value.values()
    if not isinstance(value, str | int | Decimal | None):
        for item in value:
            yield from _members(item)
