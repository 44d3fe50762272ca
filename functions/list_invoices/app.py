"""GET /v1/companies/{companyId}/invoices: the documents of a company, newest first."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import CompanyId
from billing.api.resolver import Api
from billing.operations.list_invoices import InvoiceList, Status, list_invoices

app = Api(scope="billing/read")


@app.get("/v1/companies/<companyId>/invoices", tags=["Invoices"])
def get(
    company_id: CompanyId,
    status: Annotated[Status | None, Query(description="Only those that are credited, or are not; absent: all.")] = None,
    cursor: Annotated[str | None, Query(min_length=1, description="The `nextCursor` of the page before.")] = None,
) -> InvoiceList:
    """Newest first. Documents with more than 1,000 lines are without them."""
    return list_invoices(app.company, company_id, status, cursor)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
