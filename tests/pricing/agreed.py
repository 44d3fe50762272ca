"""Campaigns and what was agreed for them, for tests that need no database."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from billing.periods import Period
from billing.terms.campaign import BEGINNING, END, Campaign, SubscriptionVersion, Version
from billing.terms.json_terms import CustomTerms, IaasTerms
from billing.terms.models import BundleTerms, CreditTerms, SeatTerms

OWN_FIELDS = ("currency", "start_date", "end_date", "subscriptions", "first_grant_price")


def terms(model: str, **given: Any) -> Any:
    """The terms of a model."""
    shapes: dict[str, Any] = {"seats": SeatTerms, "credits": CreditTerms, "bundle": BundleTerms}
    json_shapes: dict[str, Any] = {"iaas": IaasTerms, "custom": CustomTerms}
    return shapes[model](**given) if model in shapes else json_shapes[model].model_validate(given)


def version(model: str, *, status: str = "active", is_active: bool = True, **given: Any) -> Version:
    """A version of terms, for all time."""
    return Version(BEGINNING, END, model, terms(model, **given), status, is_active)


def following(first: Version, *changes: tuple[datetime, Version]) -> list[Version]:
    """The versions that a first one and changes of it come to, each from its instant on; in the order of the instants."""
    edges = [BEGINNING, *(at for at, _ in changes), END]
    versions = [first, *(changed for _, changed in changes)]
    return [
        each._replace(starts_at=start, ends_at=end)
        for each, start, end in zip(versions, edges, edges[1:], strict=False)
        if start < end
    ]


def campaign(
    model: str, zone: str = "UTC", *, status: str = "active", versions: list[Version] | None = None, **given: Any
) -> Campaign:
    """A campaign of EUR that begins with 2025, unless said otherwise; what is not one of its own fields is one of its terms."""
    own = {name: given.pop(name) for name in OWN_FIELDS if name in given}
    values: dict[str, Any] = {"currency": "EUR", "start_date": date(2025, 1, 1)} | own
    agreed = versions or [version(model, status=status, **given)]
    return Campaign(id="c", company_id="k", name="Beach clean-up", zone=ZoneInfo(zone), versions=agreed, **values)


def subscription(first: Period, **given: Any) -> SubscriptionVersion:
    """A bundle of 50,000.00 EUR a year from the beginning of a period to its end."""
    values: dict[str, Any] = {"quantity": 1, "annual_price": Fraction(50000), "currency": "EUR"} | given
    return SubscriptionVersion(starts_at=first.start, ends_at=END, period=first, **values)


def period(start: str, end: str) -> Period:
    return Period(datetime.fromisoformat(start).replace(tzinfo=UTC), datetime.fromisoformat(end).replace(tzinfo=UTC))


def hours(first: datetime, count: int, seats: int) -> dict[datetime, int]:
    return {first + timedelta(hours=n): seats for n in range(count)}
