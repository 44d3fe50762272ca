"""POST /v1/usage-corrections: correct usage records by records that supersede them."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.resolver import Api
from billing.contract.results import BatchResult
from billing.operations.correct_usage import Corrections, correct_usage

app = Api(scope="billing/usage.correct")


@app.post(
    "/v1/usage-corrections",
    tags=["Usage"],
    responses={
        200: {"description": "Every correction is recorded or a duplicate."},
        207: {"description": "Some corrections are not recorded; `results` says which and why."},
    },
)
def post(batch: Annotated[Corrections, Body()]) -> Response[BatchResult]:
    """The superseded record stays and no longer counts. A record is superseded at most once: a second correction of it is a
    conflict that names the first, and a correction is corrected in turn. Results are in the order of the corrections."""
    result = correct_usage(app.company, batch.corrections, app.recorded_by, now=datetime.now(UTC))
    status = HTTPStatus.MULTI_STATUS if result.rejected else HTTPStatus.OK
    return Response(status_code=status, content_type="application/json", body=result)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
