"""GET /v1/campaigns/{campaignId}/bundle-capacity: whether a campaign can use its subscription."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import CampaignId
from billing.api.resolver import Api
from billing.operations.validate_bundle_capacity import BundleCapacity, validate_bundle_capacity

app = Api(scope="billing/read")


@app.get("/v1/campaigns/<campaignId>/bundle-capacity", tags=["Bundles"])
def get(campaign_id: CampaignId) -> BundleCapacity:
    """Campaigns of the other models need no subscription and are valid. All that is wrong is listed."""
    return validate_bundle_capacity(app.company, campaign_id)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
