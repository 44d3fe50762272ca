"""POST /v1/invoices/{invoiceId}/credit-note: take a document back."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import InvoiceId
from billing.api.resolver import Api
from billing.invoices.shown import ShownDocument
from billing.operations.credit_invoice import CreditRequest, credit_invoice

app = Api(scope="billing/invoice.write")


@app.post(
    "/v1/invoices/<invoiceId>/credit-note",
    tags=["Invoices"],
    responses={
        200: {"description": "The credit note was there already."},
        201: {"description": "The credit note."},
        409: {"description": "The document is a credit note, or credited under another id."},
    },
)
def post(invoice_id: InvoiceId, credit: Annotated[CreditRequest, Body()]) -> Response[ShownDocument]:
    """Every due line and every tax with the opposite sign. Then the month may be issued again."""
    note, status = credit_invoice(app.company, invoice_id, credit, app.recorded_by)
    return Response(status_code=status, content_type="application/json", body=note)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
