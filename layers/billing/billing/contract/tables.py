"""Tables as CSV (RFC 4180): a header, one row for each line, CRLF.

No cell is one that a spreadsheet takes for a formula: text that begins like one gets an apostrophe before it. Numbers are
written as they are, with a minus where they are below zero.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_FORMULA = re.compile(r"[\s\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


def csv_table(columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> str:
    """The rows under their header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([safe_cell(value) for value in row] for row in rows)
    return text.getvalue()


def safe_cell(value: str | None) -> str:
    """The text of a cell, with an apostrophe where a spreadsheet would take it for a formula.

    >>> safe_cell("=1+1"), safe_cell("-40.00"), safe_cell("-40.00+A1"), safe_cell(None)
    ("'=1+1", '-40.00', "'-40.00+A1", '')
    """
    text = value or ""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text
