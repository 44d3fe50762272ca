"""A document's lines as CSV, one row for each line."""

from billing.contract.tables import csv_table
from billing.invoices.document import IssuedDocument, Line


def csv_document(document: IssuedDocument) -> str:
    """The lines, covered ones too; the columns have the names of the JSON, after those of the document."""
    columns = [field.alias or name for name, field in Line.model_fields.items()]
    shared = [document.number, document.kind, document.issued_on.isoformat(), document.currency]
    lines = [line.model_dump(mode="json", by_alias=True) for line in document.lines]
    rows = ([*shared, *(values[column] for column in columns)] for values in lines)
    return csv_table(["number", "documentKind", "issuedOn", "currency", *columns], rows)
