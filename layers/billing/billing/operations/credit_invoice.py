"""Takes an issued document back by a credit note, once (design §13)."""

from http import HTTPStatus
from typing import Any, NamedTuple

from billing.contract.shapes import Request
from billing.contract.types import Reason, Text
from billing.database.documents import Credit, StaleSnapshot, lock_profile, write_documents
from billing.database.drafts import load_account
from billing.database.session import Session, load_json, snapshot, transaction
from billing.errors import Conflict, FieldError, NotFound
from billing.invoices.compose import credit_note
from billing.invoices.document import IssuedDocument
from billing.invoices.shown import ShownDocument, shown
from billing.sql import queries

ALL_LINES = 2**31 - 1

_SQL = queries("invoices")


class CreditRequest(Request):
    """The same `id` again is the same credit note."""

    id: Text
    reason: Reason


class _CreditNote(NamedTuple):
    number: str
    corrects: str
    credit_id: str


def credit_invoice(company: str, invoice_id: str, credit: CreditRequest, recorded_by: str) -> tuple[ShownDocument, HTTPStatus]:
    """The credit note: 201 where it is made, 200 where it was there.

    Raises `NotFound`, also for another company's document; `Conflict` for a credit note, for a document that is credited under
    another id, and for an id that names the credit note of another document.
    """
    while True:
        with snapshot(company) as db:
            document = _load(db, company, invoice_id)
            if existing := _existing(db, document, credit):
                return shown(_stored(db, company, existing)), HTTPStatus.OK
            note = credit_note(document)
            account = load_account(db, company, document.company_id)
        try:
            with transaction(company) as db:
                lock_profile(db, account)
                (made,) = write_documents(
                    db,
                    [note],
                    recorded_by,
                    seller_revision=account.seller_revision,
                    credit=Credit(credit.id, credit.reason),
                )
            return shown(made), HTTPStatus.CREATED
        except StaleSnapshot:
            continue


def _load(db: Session, company: str, invoice_id: str) -> IssuedDocument:
    return IssuedDocument.model_validate(_stored(db, company, invoice_id))


def _stored(db: Session, company: str, invoice_id: str) -> dict[str, Any]:
    row = db.row(_SQL["document"], number=invoice_id, company=company, after=0, size=ALL_LINES)
    if row is None:
        raise NotFound(f"There is no invoice {invoice_id}.")
    document: dict[str, Any] = load_json(row["document"])
    return document


def _existing(db: Session, document: IssuedDocument, credit: CreditRequest) -> str | None:
    """The credit note that the request asks for, if it is there."""
    where = {"number": document.number, "company_id": document.company_id, "credit_id": credit.id}
    for row in db.all(_CreditNote, _SQL["credit_note_of"], **where):
        if (row.corrects, row.credit_id) == (document.number, credit.id):
            return row.number
        if row.corrects == document.number:
            raise Conflict(f"{document.number} is credited by {row.number} already.")
        raise Conflict(f"The id names the credit note of {row.corrects}.", [FieldError("/id", "names another credit note")])
    return None
