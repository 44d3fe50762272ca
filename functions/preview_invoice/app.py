"""GET /v1/companies/{companyId}/invoice-preview: what would be issued of a month now."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import CompanyId, MonthOf
from billing.api.resolver import Api
from billing.invoices.shown import Preview
from billing.operations.preview_invoice import preview_invoice

app = Api(scope="billing/read")


@app.get(
    "/v1/companies/<companyId>/invoice-preview",
    tags=["Invoices"],
    responses={
        200: {"description": "The documents, unnumbered."},
        202: {"description": "The company has over 1,000 campaigns: the next run of issue_invoices makes the preview."},
        409: {"description": "No profile or seller, or the month is before invoiceFrom."},
    },
)
def get(company_id: CompanyId, month: MonthOf) -> Response[Preview]:
    """Nothing is issued and nothing is closed. A month that is not over is shown as if it ended with what is recorded."""
    preview, status = preview_invoice(app.company, company_id, month, app.recorded_by)
    return Response(status_code=status, content_type="application/json", body=preview)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
