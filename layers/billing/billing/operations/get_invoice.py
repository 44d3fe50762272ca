"""One document: as JSON, with its lines page by page, or as CSV, HTML or UBL (design §13)."""

from collections.abc import Callable
from typing import Any, NamedTuple

from billing.database.session import load_json, transaction
from billing.errors import FieldError, Invalid, NotAcceptable, NotFound, TooLarge
from billing.invoices.csv import csv_document
from billing.invoices.document import IssuedDocument
from billing.invoices.html import html_document
from billing.invoices.shown import LINES_MAX, DocumentPage
from billing.invoices.ubl import ubl_document
from billing.sql import queries

RENDERING_BYTES = 5 * 1024 * 1024
ALL_LINES = 2**31 - 1

_SQL = queries("invoices")

RENDERINGS: dict[str, Callable[[IssuedDocument], str | bytes]] = {
    "text/csv": csv_document,
    "text/html": html_document,
    "application/xml": ubl_document,
}
JSON = "application/json"
FORMS: dict[str, Any] = {JSON: {"model": DocumentPage}, **{form: {"schema": {"type": "string"}} for form in RENDERINGS}}
"""The forms of a document, as the OpenAPI document has them."""


class _Stored(NamedTuple):
    number: str
    company_id: str
    line_count: int
    credited_by: str | None
    document: str

    def content(self) -> dict[str, Any]:
        return {**load_json(self.document), "creditedBy": self.credited_by}


def get_invoice(company: str, invoice_id: str, accept: str | None, cursor: str | None) -> tuple[str, DocumentPage | str]:
    """The document in the form that the caller's `Accept` prefers, and that form: JSON with at most 1,000 lines, another whole.

    Raises `NotAcceptable`, in UBL also for a currency of three decimals; `NotFound`, also for another company's; `Invalid` for
    a cursor that no page gave; and `TooLarge` for a rendering of over 5 MB.
    """
    form = accepted(accept)
    if form in RENDERINGS:
        return form, _rendered(company, invoice_id, form)
    after = _place(cursor)
    stored = _load(company, invoice_id, after, LINES_MAX)
    following = str(after + LINES_MAX) if after + LINES_MAX < stored.line_count else None
    return JSON, DocumentPage.model_validate({**stored.content(), "nextCursor": following})


def _rendered(company: str, invoice_id: str, form: str) -> str:
    document = IssuedDocument.model_validate(_load(company, invoice_id, 0, ALL_LINES).content())
    content = RENDERINGS[form](document)
    text = content if isinstance(content, str) else content.decode()
    if len(text.encode()) > RENDERING_BYTES:
        raise TooLarge("The document is over 5 MB in this form. Page through its JSON.")
    return text


def accepted(header: str | None) -> str:
    """The form that an `Accept` header prefers; JSON where it prefers several forms equally. Raises `NotAcceptable`.

    >>> accepted(None), accepted("text/html, */*;q=0.8"), accepted("application/*"), accepted("text/csv;q=0.5, text/html;q=0.9")
    ('application/json', 'text/html', 'application/json', 'text/html')
    """
    weights = dict(_range(part) for part in (header or "*/*").split(","))
    forms = [JSON, *RENDERINGS]
    liked = {form: _weight(form, weights) for form in forms}
    best = max(forms, key=lambda form: liked[form])
    if not liked[best]:
        raise NotAcceptable(f"A document is {', '.join(forms)}.")
    return best


def _range(part: str) -> tuple[str, float]:
    media_range, *parameters = (item.strip().lower() for item in part.split(";"))
    weight = next((item[2:] for item in parameters if item.startswith("q=")), "1")
    try:
        return media_range, float(weight)
    except ValueError:
        return media_range, 0.0


def _weight(form: str, weights: dict[str, float]) -> float:
    kinds = (form, f"{form.partition('/')[0]}/*", "*/*")
    return next((weights[kind] for kind in kinds if kind in weights), 0.0)


def _place(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9 or int(cursor) % LINES_MAX:
        raise Invalid("The cursor cannot be used; see errors.", [FieldError("/cursor", "is not a cursor of this document")])
    return int(cursor)


def _load(company: str, invoice_id: str, after: int, size: int) -> _Stored:
    with transaction(company) as db:
        stored = db.one(_Stored, _SQL["document"], number=invoice_id, company=company, after=after, size=size)
    if stored is None:
        raise NotFound(f"There is no invoice {invoice_id}.")
    return stored
