"""The campaigns of a subscription (design §8)."""

from datetime import date
from typing import Annotated

from pydantic import WithJsonSchema

from billing import bundles
from billing.contract.shapes import Shape
from billing.contract.types import CampaignName, CampaignRef, PricingModel, Share, SubscriptionRef
from billing.database.session import transaction
from billing.errors import NotFound
from billing.sql import queries

_SQL = queries("bundles")


CampaignStatus = Annotated[
    str,
    WithJsonSchema({"type": "string", "enum": ["draft", "planned", "recruiting", "active", "paused", "completed", "closed"]}),
]


class LinkedCampaign(Shape):
    """A campaign with the terms that matter for billing."""

    campaign_id: CampaignRef
    campaign_name: CampaignName
    status: CampaignStatus
    is_active: bool
    pricing_model: PricingModel
    start_date: date | None
    end_date: date | None
    allocation_percentage: Share | None


class SubscriptionCampaigns(Shape):
    """The answer: all campaigns that are linked, active or not, in the order of their ids."""

    subscription_id: SubscriptionRef
    campaigns: list[LinkedCampaign]


def list_subscription_campaigns(company: str, subscription_id: str) -> SubscriptionCampaigns:
    """The campaigns. Raises `NotFound` for a subscription that is not there or another company's."""
    with transaction(company) as db:
        if db.row(_SQL["subscription"], subscription_id=subscription_id, company=company) is None:
            raise NotFound(f"There is no subscription {subscription_id}.")
        rows = db.rows(_SQL["campaigns"], subscription_id=subscription_id)
    campaigns = [
        LinkedCampaign(**row | {"allocation_percentage": share and bundles.show_share(share)})
        for row in rows
        for share in [row["allocation_percentage"]]
    ]
    return SubscriptionCampaigns(subscription_id=subscription_id, campaigns=campaigns)
