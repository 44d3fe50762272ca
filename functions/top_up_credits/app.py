"""POST /v1/campaigns/{campaignId}/credits: add bought credits to a campaign's allocation and balance."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import CampaignId
from billing.api.resolver import Api
from billing.operations.top_up_credits import Balance, TopUp, top_up_credits

app = Api(scope="billing/write")


@app.post(
    "/v1/campaigns/<campaignId>/credits",
    tags=["Credits"],
    responses={409: {"description": "The id names another top-up."}},
)
def post(campaign_id: CampaignId, top_up: Annotated[TopUp, Body()]) -> Balance:
    """The same id again is the same top-up, whatever its note, and returns the balance as it is."""
    if top_up.sets_terms:
        app.require("billing/terms.write")
    return top_up_credits(app.company, campaign_id, top_up, app.recorded_by)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
