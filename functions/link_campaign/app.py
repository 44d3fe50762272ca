"""PUT /v1/campaigns/{campaignId}/subscription: link a bundle campaign to a subscription, or change its share."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import CampaignId
from billing.api.resolver import Api
from billing.operations.link_campaign import Link, Linked, link_campaign

app = Api(scope="billing/write")


@app.put(
    "/v1/campaigns/<campaignId>/subscription",
    tags=["Bundles"],
    responses={
        409: {"description": "The campaign is not a bundle, the subscription is not active, or less than the share is left."}
    },
)
def put(campaign_id: CampaignId, link: Annotated[Link, Body()]) -> Linked:
    """Both belong to one company, and the shares of a subscription's active campaigns stay within 100 % + 0.1 %. The same
    link again changes nothing. The response says which share is left."""
    return link_campaign(app.company, campaign_id, link, app.recorded_by)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
