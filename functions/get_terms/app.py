"""GET /v1/campaigns/{campaignId}/terms: the terms in force at an instant, and all their changes."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import CampaignId
from billing.api.resolver import Api
from billing.contract.types import InstantIn
from billing.operations.get_terms import CampaignTerms, get_terms

app = Api(scope="billing/read")


@app.get("/v1/campaigns/<campaignId>/terms", tags=["Terms"])
def get(
    campaign_id: CampaignId,
    at: Annotated[InstantIn | None, Query(description="An instant with an offset; absent: now.")] = None,
) -> CampaignTerms:
    """The changes are in the order in which they hold, past and scheduled."""
    return get_terms(app.company, campaign_id, at)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
