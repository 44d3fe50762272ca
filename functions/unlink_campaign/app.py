"""DELETE /v1/campaigns/{campaignId}/subscription: undo the link of a campaign to its subscription."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import CampaignId
from billing.api.resolver import Api
from billing.contract.types import EffectiveFrom
from billing.operations.unlink_campaign import unlink_campaign

app = Api(scope="billing/write")


@app.delete(
    "/v1/campaigns/<campaignId>/subscription",
    tags=["Bundles"],
    responses={204: {"description": "There is no link any more."}},
)
def delete(
    campaign_id: CampaignId,
    effective_from: Annotated[EffectiveFrom | None, Query(alias="effectiveFrom")] = None,
) -> Response[None]:
    """Its share is free for others from then on. A campaign that has no link then stays as it is."""
    unlink_campaign(app.company, campaign_id, effective_from, app.recorded_by)
    return Response(status_code=HTTPStatus.NO_CONTENT)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
