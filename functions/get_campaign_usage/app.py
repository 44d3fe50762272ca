"""GET /v1/campaigns/{campaignId}/usage: what a campaign used in a period, and what that costs."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import CampaignId, End, Start
from billing.api.resolver import Api
from billing.operations.get_campaign_usage import CampaignUsage, get_campaign_usage

app = Api(scope="billing/read")


@app.get(
    "/v1/campaigns/<campaignId>/usage",
    tags=["Usage"],
    responses={409: {"description": "Another service wrote terms that nothing can be charged by."}},
)
def get(campaign_id: CampaignId, start: Start, end: End) -> CampaignUsage:
    """Charges are additive: those of adjacent periods add up to the charge of both, up to the rounding of each line."""
    return get_campaign_usage(app.company, campaign_id, start, end)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
