"""PUT /v1/campaigns/{campaignId}/terms: change the terms of a campaign from an instant on."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import CampaignId
from billing.api.resolver import Api
from billing.operations.set_terms import NewTerms, TermsSet, set_terms

app = Api(scope="billing/terms.write")


@app.put(
    "/v1/campaigns/<campaignId>/terms",
    tags=["Terms"],
    responses={409: {"description": "The id names another change, or the change reaches into invoiced months."}},
)
def put(
    campaign_id: CampaignId,
    new: Annotated[NewTerms, Body()],
    dry_run: Annotated[bool, Query(alias="dryRun", description="Return what would happen, and change nothing.")] = False,
) -> TermsSet:
    """Terms that are not named stay as they are in force. Nothing before `effectiveFrom` moves, to the cent; a change dated
    ahead comes into force by itself, and is taken back by another with the same `effectiveFrom` and the old values."""
    return set_terms(app.company, campaign_id, new, app.recorded_by, dry_run=dry_run)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
