"""The capacity of a campaign, and when it runs out (design §15)."""

from datetime import UTC, datetime

from billing.contract.capacity import Capacity
from billing.contract.types import CampaignName, CampaignRef, PricingModel
from billing.database.campaigns import Span, load_campaign
from billing.database.consumption import load_consumption
from billing.database.session import transaction
from billing.database.signals import load_positions
from billing.periods import DAY, month_so_far


class CampaignCapacity(Capacity):
    """A campaign's capacity over the current calendar month, up to now."""

    campaign_id: CampaignRef
    campaign_name: CampaignName
    pricing_model: PricingModel


def get_capacity(company: str, campaign_id: str) -> CampaignCapacity:
    """The capacity now. Raises `NotFound` for a campaign that is not there or another company's."""
    now = datetime.now(UTC)
    with transaction(company) as db:
        campaign = load_campaign(db, company, campaign_id, Span(since=now - 32 * DAY))
        period = month_so_far(now, campaign.zone)
        charged = load_consumption(db, [(campaign, period)])
        (position,) = load_positions(db, charged, period, now)
    return CampaignCapacity(
        campaign_id=campaign.id,
        campaign_name=campaign.name,
        pricing_model=charged[0].parts[-1].version.pricing_model,
        **dict(position.shown()),
    )
