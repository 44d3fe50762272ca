"""How a subscription's budget is split among its active campaigns (design §6)."""

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from billing import bundles
from billing.contract.shapes import Shape
from billing.contract.types import CampaignName, CampaignRef, Currency, DecimalString, Share, SubscriptionRef
from billing.database.bundles import load_split
from billing.database.session import transaction
from billing.money import round_money


class CampaignShare(Shape):
    """A campaign's part; `status` is `valid`, or `invalid` where its share is outside (0, 1]."""

    campaign_id: CampaignRef
    campaign_name: CampaignName
    allocation_percentage: Share | None
    allocated_amount: DecimalString
    status: Literal["valid", "invalid"]


class Validation(Shape):
    """All that is wrong with the shares."""

    is_valid: bool
    errors: Annotated[list[str], Field(examples=[["The shares add up to 93.25 %, not 100 %."]])]


class BundleSplit(Shape):
    """The split; `totalBudget` is the annual price times the quantity bought."""

    subscription_id: SubscriptionRef
    total_budget: DecimalString
    currency: Currency
    campaigns: list[CampaignShare]
    total_allocation_percentage: Share
    validation: Validation


def split_bundle(company: str, subscription_id: str) -> BundleSplit:
    """The split. Raises `NotFound` for a subscription that is not there or another company's."""
    with transaction(company) as db:
        subscription, campaigns, allocation = load_split(db, company, subscription_id)
    return BundleSplit(
        subscription_id=subscription_id,
        total_budget=round_money(Fraction(subscription.budget), subscription.currency),
        currency=subscription.currency,
        campaigns=[
            CampaignShare(
                campaign_id=campaign.id,
                campaign_name=campaign.name,
                allocation_percentage=None if campaign.share is None else bundles.show_share(campaign.share),
                allocated_amount=amount,
                status="valid" if bundles.is_share(campaign.share) else "invalid",
            )
            for campaign, amount in zip(campaigns, allocation.amounts, strict=True)
        ],
        total_allocation_percentage=bundles.show_share(allocation.total_share),
        validation=Validation(is_valid=not allocation.errors, errors=allocation.errors),
    )
