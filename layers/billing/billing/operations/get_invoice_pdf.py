"""One document as a PDF (design §13)."""

from billing.database.session import load_json, transaction
from billing.errors import NotFound, TooLarge
from billing.invoices.document import IssuedDocument
from billing.invoices.pdf import pdf_document
from billing.sql import queries

PDF_BYTES = 4 * 1024 * 1024
"""Base64 adds a third, and Lambda's limit for a response is 6 MB."""

ALL_LINES = 2**31 - 1

_SQL = queries("invoices")


def get_invoice_pdf(company: str, invoice_id: str) -> bytes:
    """The PDF, the same bytes each time. Raises `NotFound`, also for another company's, and `TooLarge`."""
    with transaction(company) as db:
        row = db.row(_SQL["document"], number=invoice_id, company=company, after=0, size=ALL_LINES)
    if row is None:
        raise NotFound(f"There is no invoice {invoice_id}.")
    pdf = pdf_document(IssuedDocument.model_validate(load_json(row["document"])))
    if len(pdf) > PDF_BYTES:
        raise TooLarge("The PDF is over 4 MB. Page through the document's JSON.")
    return pdf
