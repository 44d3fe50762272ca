"""The documents of a company, newest first, page by page (design §13)."""

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Literal, NamedTuple

from billing.contract.shapes import Shape
from billing.contract.types import CompanyRef
from billing.database.session import load_json, transaction
from billing.errors import FieldError, Invalid, NotFound
from billing.invoices.shown import LINES_MAX, ShownDocument
from billing.sql import queries

PAGE = 50
"""The highest number of documents on a page."""

PAGE_BYTES = 4_000_000
"""The size of a page's documents, of which the first is always there; Lambda's limit for a response is 6 MB."""

_SQL = queries("invoices")
_CURSOR = re.compile(r"([0-9]{4})-([0-9]{1,9})", re.ASCII)
_NEWEST = (9999, 2**31 - 1)

Status = Literal["open", "credited"]


class InvoiceList(Shape):
    """A page; `nextCursor` is null on the last one."""

    company_id: CompanyRef
    invoices: list[ShownDocument]
    next_cursor: str | None


class _Stored(NamedTuple):
    number: str
    year: int
    sequence: int
    line_count: int
    credited_by: str | None
    document: str


def list_invoices(company: str, company_id: str, status: Status | None, cursor: str | None) -> InvoiceList:
    """A page of documents: `open` ones are not credited. Raises `NotFound`, also for another company, and `Invalid` for a
    cursor that no page gave."""
    year, sequence = _place(cursor)
    with transaction(company) as db:
        if db.row(_SQL["company"], company_id=company_id, company=company) is None:
            raise NotFound(f"There is no company {company_id}.")
        rows = db.all(
            _Stored,
            _SQL["documents"],
            company_id=company_id,
            status=status,
            year=year,
            sequence=sequence,
            most=LINES_MAX,
            size=PAGE + 1,
        )
    page = rows[: max(1, _fitting(rows[:PAGE]))]
    more = len(rows) > len(page)
    return InvoiceList(
        company_id=company_id,
        invoices=[_document(row) for row in page],
        next_cursor=f"{page[-1].year}-{page[-1].sequence}" if more else None,
    )


def _place(cursor: str | None) -> tuple[int, int]:
    if cursor is None:
        return _NEWEST
    place = _CURSOR.fullmatch(cursor)
    if place is None or int(place[2]) > _NEWEST[1]:
        raise Invalid("The cursor cannot be used; see errors.", [FieldError("/cursor", "is not a cursor of this list")])
    return int(place[1]), int(place[2])


def _fitting(rows: Sequence[_Stored]) -> int:
    return sum(size <= PAGE_BYTES for size in accumulate(len(row.document.encode()) for row in rows))


def _document(row: _Stored) -> ShownDocument:
    return ShownDocument.model_validate({**load_json(row.document), "creditedBy": row.credited_by})
