"""The campaigns of a subscription (design §8)."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from billing import bundles
from billing.contract.shapes import Shape
from billing.contract.types import CampaignName, CampaignRef, CampaignStatus, PricingModel, Share, SubscriptionRef
from billing.database.bundles import load_subscription
from billing.database.session import transaction
from billing.sql import queries

_SQL = queries("bundles")


class _Campaign(NamedTuple):
    campaign_id: str
    campaign_name: str
    status: CampaignStatus
    is_active: bool
    pricing_model: PricingModel
    start_date: date | None
    end_date: date | None
    allocation_percentage: Decimal | None


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
    """All campaigns that are linked, active or not, in the order of their ids."""

    subscription_id: SubscriptionRef
    campaigns: list[LinkedCampaign]


def list_subscription_campaigns(company: str, subscription_id: str) -> SubscriptionCampaigns:
    """The campaigns. Raises `NotFound` for a subscription that is not there or another company's."""
    with transaction(company) as db:
        load_subscription(db, company, subscription_id)
        rows = db.all(_Campaign, _SQL["campaigns"], subscription_id=subscription_id)
    return SubscriptionCampaigns(subscription_id=subscription_id, campaigns=[_shown(row) for row in rows])


def _shown(row: _Campaign) -> LinkedCampaign:
    share = row.allocation_percentage
    return LinkedCampaign(**row._replace(allocation_percentage=None if share is None else bundles.show_share(share))._asdict())
