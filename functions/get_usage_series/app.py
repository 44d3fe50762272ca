"""GET /v1/campaigns/{campaignId}/usage-series: what a campaign used in each hour, day or month of a period."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import CampaignId, End, Start
from billing.api.resolver import Api
from billing.operations.get_usage_series import UsageSeries, get_usage_series
from billing.signals.series import Interval

app = Api(scope="billing/read")


@app.get(
    "/v1/campaigns/<campaignId>/usage-series",
    tags=["Signals"],
    responses={409: {"description": "Another service wrote terms that nothing can be charged by."}},
)
def get(
    campaign_id: CampaignId,
    start: Start,
    end: End,
    interval: Annotated[Interval, Query(description="The length of a point, in the company's time zone.")],
) -> UsageSeries:
    """At most 2,000 points, for charts. Corrected records count as they were corrected."""
    return get_usage_series(app.company, campaign_id, start, end, interval)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
