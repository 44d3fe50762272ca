"""POST /v1/companies/{companyId}/adjustments: put an amount on a company's next document."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import CompanyId
from billing.api.resolver import Api
from billing.operations.add_adjustment import Adjustment, NewAdjustment, add_adjustment

app = Api(scope="billing/invoice.write")


@app.post(
    "/v1/companies/<companyId>/adjustments",
    tags=["Invoices"],
    responses={
        200: {"description": "The adjustment was there already."},
        201: {"description": "The adjustment."},
        409: {"description": "The id names another adjustment."},
    },
)
def post(company_id: CompanyId, new: Annotated[NewAdjustment, Body()]) -> Response[Adjustment]:
    """It is on the next document of its currency; where that is credited, on the one after."""
    adjustment, status = add_adjustment(app.company, company_id, new, app.recorded_by)
    return Response(status_code=status, content_type="application/json", body=adjustment)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
