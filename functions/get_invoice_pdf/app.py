"""GET /v1/invoices/{invoiceId}/pdf: a document as a tagged PDF with its UBL embedded."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import InvoiceId
from billing.api.resolver import Api
from billing.operations.get_invoice_pdf import get_invoice_pdf

app = Api(scope="billing/read")


@app.get(
    "/v1/invoices/<invoiceId>/pdf",
    tags=["Invoices"],
    responses={
        200: {"description": "The PDF.", "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
    },
)
def get(invoice_id: InvoiceId):  # type: ignore[no-untyped-def]
    """The same bytes each time."""
    # Without an annotation: Powertools would take the bytes for text.
    return Response(status_code=200, content_type="application/pdf", body=get_invoice_pdf(app.company, invoice_id))


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
