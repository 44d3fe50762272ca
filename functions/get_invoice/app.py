"""GET /v1/invoices/{invoiceId}: a document as JSON, CSV, HTML or UBL, by the request's Accept."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import InvoiceId
from billing.api.resolver import Api
from billing.operations.get_invoice import FORMS, get_invoice

app = Api(scope="billing/read")


@app.get(
    "/v1/invoices/<invoiceId>",
    tags=["Invoices"],
    responses={
        200: {"description": "The document, in the form that the request prefers.", "content": FORMS},
        406: {"description": "No form of the document is one that the request accepts."},
    },
)
def get(
    invoice_id: InvoiceId,
    cursor: Annotated[str | None, Query(min_length=1, description="Of the next lines, in JSON.")] = None,
) -> Response[Any]:
    """As `text/csv`, `text/html` or `application/xml` (UBL 2.1) the document is whole; 413 where that is over 5 MB."""
    form, body = get_invoice(app.company, invoice_id, app.current_event.headers.get("accept"), cursor)
    return Response(status_code=200, content_type=form, body=body)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
