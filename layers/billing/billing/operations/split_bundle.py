"""How a subscription's budget is split among its active campaigns (design §6)."""

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field

from billing import bundles
from billing.contract.shapes import Shape
from billing.contract.types import CampaignName, CampaignRef, Currency, DecimalString, Share, SubscriptionRef
from billing.database.session import transaction
from billing.errors import NotFound
from billing.money import round_money
from billing.sql import queries

_SQL = queries("bundles")


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
    """The answer; `totalBudget` is the annual price times the quantity bought."""

    subscription_id: SubscriptionRef
    total_budget: DecimalString
    currency: Currency
    campaigns: list[CampaignShare]
    total_allocation_percentage: Share
    validation: Validation


def split_bundle(company: str, subscription_id: str) -> BundleSplit:
    """The split. Raises `NotFound` for a subscription that is not there or another company's."""
    with transaction(company) as db:
        subscription = db.row(_SQL["subscription"], subscription_id=subscription_id, company=company)
        if subscription is None:
            raise NotFound(f"There is no subscription {subscription_id}.")
        campaigns = db.rows(_SQL["active_campaigns"], subscription_id=subscription_id)
    budget, currency = subscription["annual_price"] * subscription["quantity"], subscription["currency"]
    shares = [campaign["bundle_allocation_percentage"] for campaign in campaigns]
    split = bundles.split_budget(budget, shares, currency)
    return BundleSplit(
        subscription_id=subscription_id,
        total_budget=round_money(Fraction(budget), currency),
        currency=currency,
        campaigns=[
            CampaignShare(
                campaign_id=campaign["id"],
                campaign_name=campaign["name"],
                allocation_percentage=share and bundles.show_share(share),
                allocated_amount=amount,
                status="valid" if bundles.is_share(share) else "invalid",
            )
            for campaign, share, amount in zip(campaigns, shares, split.amounts, strict=True)
        ],
        total_allocation_percentage=bundles.show_share(split.total_share),
        validation=Validation(is_valid=not split.errors, errors=split.errors),
    )
