"""A document's lines as CSV (RFC 4180): a header, one row for each line, CRLF, UTF-8.

No cell is one that a spreadsheet takes for a formula: text that begins like one gets an apostrophe before it. Numbers are
written as they are, with a minus where they are below zero.
"""

import csv
import io
import re

from billing.invoices.document import IssuedDocument, Line

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_FORMULA = re.compile(r"[\s\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


def csv_document(document: IssuedDocument) -> str:
    """The lines, covered ones too; the columns have the names of the JSON, after those of the document."""
    columns = [field.alias or name for name, field in Line.model_fields.items()]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["number", "documentKind", "issuedOn", "currency", *columns])
    shared = [document.number, document.kind, document.issued_on.isoformat(), document.currency]
    for line in document.lines:
        values = line.model_dump(mode="json", by_alias=True)
        writer.writerow([safe_cell(value) for value in [*shared, *(values[column] for column in columns)]])
    return text.getvalue()


def safe_cell(value: str | None) -> str:
    """The text of a cell, with an apostrophe where a spreadsheet would take it for a formula.

    >>> safe_cell("=1+1"), safe_cell("-40.00"), safe_cell("-40.00+A1"), safe_cell(None)
    ("'=1+1", '-40.00', "'-40.00+A1", '')
    """
    text = value or ""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text
