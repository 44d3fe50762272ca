"""The five pricing models by name (design §5); each module states its rule."""

from collections.abc import Callable

from billing.periods import Period
from billing.pricing import bundle, credits, custom, iaas, seats
from billing.pricing.statement import Statement
from billing.terms.campaign import Campaign
from billing.usage.consumption import Consumption

MODELS: dict[str, Callable[[Campaign, Period, Consumption], Statement]] = {
    "seats": seats.charge,
    "credits": credits.charge,
    "bundle": bundle.charge,
    "iaas": iaas.charge,
    "custom": custom.charge,
}


def statement(campaign: Campaign, period: Period, consumption: Consumption) -> Statement:
    """What a campaign is charged for a period."""
    return MODELS[campaign.pricing_model](campaign, period, consumption)
