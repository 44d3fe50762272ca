"""GET /v1/campaigns/{campaignId}/usage: what a campaign used in a period, and what that costs."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.http import Api
from billing.operations.get_campaign_usage import CampaignUsage, get_campaign_usage

app = Api(scope="billing/read")


@app.get("/v1/campaigns/<campaignId>/usage")
def get(
    campaign_id: Annotated[str, Path(alias="campaignId")],
    start: Annotated[str, Query()],
    end: Annotated[str, Query()],
) -> CampaignUsage:
    return get_campaign_usage(app.company, campaign_id, start, end)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
