"""A campaign as the rules take it: its model's terms, its dates, its subscription (design §2, §3)."""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from billing.periods import Period

if TYPE_CHECKING:
    from billing.terms.models import CustomTerms, IaasTerms


class Subscription(NamedTuple):
    """A company's purchase of a bundle; `annual_price` in major units of the bundle's currency."""

    id: str
    status: str
    quantity: int
    period: Period
    annual_price: Decimal
    currency: str


class Campaign(NamedTuple):
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
    iaas_metrics: "IaasTerms | None" = None
    custom_pricing_terms: "CustomTerms | None" = None
    bundle_allocation_percentage: Decimal | None = None
    subscription: Subscription | None = None
