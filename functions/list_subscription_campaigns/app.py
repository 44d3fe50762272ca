"""GET /v1/subscriptions/{subscriptionId}/campaigns: the campaigns that are linked to a subscription."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.http import Api
from billing.operations.list_subscription_campaigns import SubscriptionCampaigns, list_subscription_campaigns

app = Api(scope="billing/read")


@app.get("/v1/subscriptions/<subscriptionId>/campaigns")
def get(subscription_id: Annotated[str, Path(alias="subscriptionId")]) -> SubscriptionCampaigns:
    return list_subscription_campaigns(app.company, subscription_id)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
