"""Whether a campaign can use its subscription (design §6)."""

from decimal import Decimal
from typing import Annotated, NamedTuple

from pydantic import Field

from billing import bundles
from billing.contract.shapes import Shape
from billing.contract.types import CampaignRef
from billing.database.session import transaction
from billing.errors import NotFound
from billing.sql import queries

_SQL = queries("bundles")


class _Campaign(NamedTuple):
    pricing_model: str
    share: Decimal | None
    subscription_status: str | None


class BundleCapacity(Shape):
    """All that is wrong, not only the first."""

    campaign_id: CampaignRef
    valid: bool
    errors: Annotated[list[str], Field(examples=[["The campaign is not linked to a subscription."]])]


def validate_bundle_capacity(company: str, campaign_id: str) -> BundleCapacity:
    """The capacity. Raises `NotFound` for a campaign that is not there or another company's."""
    with transaction(company) as db:
        campaign = db.one(_Campaign, _SQL["capacity"], campaign_id=campaign_id, company=company)
    if campaign is None:
        raise NotFound(f"There is no campaign {campaign_id}.")
    errors = bundles.capacity_errors(*campaign)
    return BundleCapacity(campaign_id=campaign_id, valid=not errors, errors=errors)
