"""GET /v1/subscriptions/{subscriptionId}/campaigns: the campaigns that are linked to a subscription."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import SubscriptionId
from billing.api.resolver import Api
from billing.operations.list_subscription_campaigns import SubscriptionCampaigns, list_subscription_campaigns

app = Api(scope="billing/read")


@app.get("/v1/subscriptions/<subscriptionId>/campaigns", tags=["Bundles"])
def get(subscription_id: SubscriptionId) -> SubscriptionCampaigns:
    """All of them, active or not, with the terms that matter for billing."""
    return list_subscription_campaigns(app.company, subscription_id)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
