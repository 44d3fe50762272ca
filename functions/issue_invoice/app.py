"""POST /v1/companies/{companyId}/invoices: close a month and issue its documents."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import CompanyId
from billing.api.resolver import Api
from billing.operations.issue_invoice import Invoices, MonthToIssue, issue_invoice

app = Api(scope="billing/invoice.write")


@app.post(
    "/v1/companies/<companyId>/invoices",
    tags=["Invoices"],
    responses={
        200: {"description": "There is nothing to issue; the documents of the month."},
        201: {"description": "The documents that were issued."},
        202: {"description": "The company has over 1,000 campaigns: the next run of issue_invoices does it."},
        409: {"description": "No profile or seller, the month is not over, or an earlier one is open."},
    },
)
def post(company_id: CompanyId, new: Annotated[MonthToIssue, Body()]) -> Response[Invoices]:
    """Closes the month in all currencies, or issues again what was credited of it. Send it again as often as you like."""
    invoices, status = issue_invoice(app.company, company_id, new.month, app.recorded_by)
    return Response(status_code=status, content_type="application/json", body=invoices)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
