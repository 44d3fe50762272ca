"""GET /v1/subscriptions/{subscriptionId}/allocation: a subscription's budget, split among its active campaigns."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import SubscriptionId
from billing.api.resolver import Api
from billing.operations.split_bundle import BundleSplit, split_bundle

app = Api(scope="billing/read")


@app.get("/v1/subscriptions/<subscriptionId>/allocation", tags=["Bundles"])
def get(subscription_id: SubscriptionId) -> BundleSplit:
    """Valid where the shares add up to 100 % ± 0.1 %; the amounts then add up to the whole budget."""
    return split_bundle(app.company, subscription_id)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
