"""POST /v1/usage-events: record a batch of usage events, each exactly once."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.resolver import Api
from billing.contract.results import BatchResult
from billing.operations.track_usage import UsageBatch, track_usage

app = Api(scope="billing/usage.write")


@app.post(
    "/v1/usage-events",
    tags=["Usage"],
    responses={
        200: {"description": "Every event is recorded or a duplicate."},
        207: {"description": "Some events are not recorded; `results` says which and why."},
    },
)
def post(batch: Annotated[UsageBatch, Body()]) -> Response[BatchResult]:
    """The results are in the order of the events. A repeat, by any number of callers at once, is answered with the first
    record's id. One bad event takes no other down: it is rejected with its reason, and the rest is recorded."""
    result = track_usage(app.company, batch.events, now=datetime.now(UTC))
    status = HTTPStatus.MULTI_STATUS if result.rejected else HTTPStatus.OK
    return Response(status_code=status, content_type="application/json", body=result)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
