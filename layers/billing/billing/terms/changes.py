"""Which instants terms can change at, and the terms as requests and responses name them (design §10)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator
from pydantic.alias_generators import to_camel

from billing.contract.shapes import Request, Shape
from billing.contract.types import (
    Amount,
    CampaignStatus,
    DecimalString,
    PricingModel,
    Share,
    SubscriptionRef,
    plain_number,
)
from billing.instants import parse_instant
from billing.periods import midnight
from billing.terms.json_terms import CustomTerms, IaasTerms, check_members

FIRST_YEAR, LAST_YEAR = 2000, 2199
DATES = ("start_date", "end_date")
"""Terms whose changes hold from the beginning of time."""


def parse_effective(text: str, zone: ZoneInfo) -> datetime:
    """The instant from which terms can hold: a whole UTC hour, or midnight of a day in the zone; a date is its midnight.

    Raises `ValueError` for any other.
    """
    try:
        instant = midnight(date.fromisoformat(text), zone) if len(text) == len("2025-03-15") else parse_instant(text)
    except (ValueError, OverflowError):
        raise ValueError('must be a date, or an instant with an offset such as "2025-03-15T00:00:00+01:00"') from None
    if not FIRST_YEAR <= instant.astimezone(zone).year <= LAST_YEAR:
        raise ValueError(f"must lie between {FIRST_YEAR} and {LAST_YEAR}")
    whole_hour = instant.minute == instant.second == instant.microsecond == 0
    if not whole_hour and instant != midnight(instant.astimezone(zone).date(), zone):
        raise ValueError("must be a whole UTC hour, or midnight of a day in the company's time zone")
    return instant.astimezone(UTC)


class TermsChange(Request):
    """The terms that change, and their new values; those that are not named stay as they are. Links are made and undone by
    `PUT` and `DELETE …/subscription`."""

    status: CampaignStatus = "active"
    is_active: bool = True
    pricing_model: PricingModel = "seats"
    committed_seats: Amount | None = None
    seat_price_per_month: Amount | None = None
    credit_price: Amount | None = None
    credit_consumption_rate: Amount | None = None
    iaas_metrics: IaasTerms | None = None
    custom_pricing_terms: CustomTerms | None = None
    start_date: date | None = None
    end_date: date | None = None

    @field_validator("iaas_metrics", "custom_pricing_terms", mode="before")
    @classmethod
    def _known_members(cls, value: Any) -> Any:
        check_members(value)
        return value

    def values(self) -> dict[str, Any]:
        """The terms that are named, by their columns, as JSON holds them; numbers as `Decimal`."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: _json_value(value) for name, value in given.items()}


def _json_value(value: Any) -> Any:
    if isinstance(value, IaasTerms | CustomTerms):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return value.isoformat() if isinstance(value, date) else value


class TermsInForce(Shape):
    """All terms with a history, as they are in force at an instant."""

    status: CampaignStatus
    is_active: bool
    pricing_model: PricingModel
    committed_seats: DecimalString | None
    seat_price_per_month: DecimalString | None
    credit_price: DecimalString | None
    credit_consumption_rate: DecimalString | None
    iaas_metrics: Annotated[dict[str, Any] | None, Field(description="As they were written.")]
    custom_pricing_terms: Annotated[dict[str, Any] | None, Field(description="As they were written.")]
    l2i_subscription_id: Annotated[SubscriptionRef | None, Field(alias="l2iSubscriptionId")]
    bundle_allocation_percentage: Annotated[Share | None, BeforeValidator(lambda share: share and f"{share:.4f}")]
    start_date: date | None
    end_date: date | None


def camel_case(terms: dict[str, Any]) -> dict[str, Any]:
    """Terms by the names and in the form of responses: decimals as strings, JSON terms as they were written."""
    # pydantic takes the digit of `l2i` for the end of a word.
    return {to_camel(name).replace("l2I", "l2i"): _shown(value) for name, value in terms.items()}


def _shown(value: Any) -> Any:
    return plain_number(Decimal(value)) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value
