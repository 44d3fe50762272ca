"""Loads a campaign from its tables into the shape that the rules take."""

from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from billing.database.session import Row, Session
from billing.errors import Conflict, NotFound, field_error
from billing.periods import Period
from billing.sql import queries
from billing.terms.campaign import Campaign, Subscription

_SQL = queries("campaigns")


def load_campaign(db: Session, company: str, campaign_id: str) -> Campaign:
    """The campaign with its terms and its subscription. Raises `NotFound`, also for another company's, and `Conflict` where
    another service wrote terms that nothing can be charged by."""
    row = db.row(_SQL["campaign"], campaign_id=campaign_id, company=company)
    if row is None:
        raise NotFound(f"There is no campaign {campaign_id}.")
    try:
        return _campaign(row)
    except ValidationError as error:
        fields = "; ".join(f"{item.pointer} {item.detail}" for item in map(field_error, error.errors(include_input=False)))
        raise Conflict(f"The terms of campaign {campaign_id} cannot be used: {fields}.") from None


def _campaign(row: Row) -> Campaign:
    return Campaign(
        id=row["id"],
        company_id=row["company_id"],
        name=row["name"],
        status=row["status"],
        zone=ZoneInfo(row["time_zone"]),
        currency=row["currency"],
        pricing_model=row["pricing_model"],
        start_date=row["start_date"],
        end_date=row["end_date"],
        budget_allocated=row["budget_allocated"],
        committed_seats=row["committed_seats"],
        seat_price_per_month=row["seat_price_per_month"],
        credit_allocation=row["credit_allocation"],
        credit_price=row["credit_price"],
        **_json_terms(row),
        bundle_allocation_percentage=row["bundle_allocation_percentage"],
        subscription=_subscription(row) if row["subscription_id"] else None,
    )


def _json_terms(row: Row) -> dict[str, Any]:
    if row["pricing_model"] not in ("iaas", "custom"):
        return {}
    from billing.terms.models import CustomTerms, IaasTerms  # shapes that take time to build, and three models do not need

    if row["pricing_model"] == "iaas":
        return {"iaas_metrics": IaasTerms.model_validate(row["iaas_metrics"])}
    return {"custom_pricing_terms": CustomTerms.model_validate(row["custom_pricing_terms"])}


def _subscription(row: Row) -> Subscription:
    return Subscription(
        id=row["subscription_id"],
        status=row["subscription_status"],
        quantity=row["subscription_quantity"],
        period=Period(row["current_period_start"], row["current_period_end"]),
        annual_price=row["annual_price"],
        currency=row["bundle_currency"],
    )
