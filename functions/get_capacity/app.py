"""GET /v1/campaigns/{campaignId}/capacity: how much of its commitment a campaign uses, and when it runs out."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import CampaignId
from billing.api.resolver import Api
from billing.operations.get_capacity import CampaignCapacity, get_capacity

app = Api(scope="billing/read")


@app.get(
    "/v1/campaigns/<campaignId>/capacity",
    tags=["Signals"],
    responses={409: {"description": "Another service wrote terms that nothing can be charged by."}},
)
def get(campaign_id: CampaignId) -> CampaignCapacity:
    """Over the current calendar month, up to now; credits as they stand, learners over the campaign's life."""
    return get_capacity(app.company, campaign_id)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
