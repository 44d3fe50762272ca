"""Closes months and writes documents (design §13): what was read in a snapshot is written in a short transaction that locks the
company's profile, starts over if anything is newer, and takes the next number of the one series."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from billing.database.drafts import Account, load_account, load_drafts
from billing.database.session import APP, Session, load_json, snapshot, transaction
from billing.errors import Conflict
from billing.invoices.compose import issue
from billing.invoices.document import Document
from billing.invoices.numbers import day_of_issue, number_text
from billing.invoices.shown import LINES_MAX
from billing.sql import queries

_SQL = queries("invoices")


class Closed(NamedTuple):
    """The documents that a month's issue made, as they are stored; `made` is false where they were there already."""

    documents: list[dict[str, Any]]
    made: bool


class Credit(NamedTuple):
    """The caller's id for a credit note, and why it is made."""

    id: str
    reason: str


class Read(NamedTuple):
    """What a snapshot said of a company's month; `settled` is until when it has seen everything."""

    account: Account
    settled: datetime
    drafts: list[Document]


class StaleSnapshot(Exception):
    """Something is newer than the snapshot that a transaction rests on. Read again."""


class _Chain(NamedTuple):
    revision: int
    prefix: str
    time_zone: str
    last_issued_on: date | None
    last_sequence: int
    last_sha256: str | None


def close_month(company: str, company_id: str, month: date, recorded_by: str, role: str = APP) -> Closed:
    """Close a month, or issue again what was credited of a closed one; in all currencies together, or not at all.

    Raises `NotFound`; `Conflict` where there is no profile or seller, the month is not over or before `invoiceFrom`, or an
    earlier one is open.
    """
    while True:
        read = read_month(company, company_id, month, role)
        if read.account.is_closed(month) and not read.drafts:
            with transaction(company, role) as db:
                return Closed(documents_of(db, company_id, month), made=False)
        try:
            with transaction(company, role) as db:
                return Closed(_write(db, read, month, recorded_by), made=bool(read.drafts))
        except StaleSnapshot:
            continue


def read_month(company: str, company_id: str, month: date, role: str = APP) -> Read:
    """What would be issued of a month now. Raises as `close_month` does."""
    with transaction(company, role) as db:
        settled = db.value(_SQL["settled"])
    with snapshot(company, role) as db:
        account = load_account(db, company, company_id)
        check_can_close(account, month)
        return Read(account, settled, load_drafts(db, account, month))


def check_can_close(account: Account, month: date) -> None:
    """Raises `Conflict` where the month may not be closed or issued again now."""
    account.check_invoiced(month)
    if account.period(month).end > account.now:
        raise Conflict(f"The month {month:%Y-%m} is not over in {account.zone.key}.")
    if month > account.next_month:
        raise Conflict(f"The month {account.next_month:%Y-%m} is open: months are closed oldest first.")


def _write(db: Session, read: Read, month: date, recorded_by: str) -> list[dict[str, Any]]:
    lock_profile(db, read.account)
    if not read.account.is_closed(month):
        db.rows(_SQL["close_month"], company_id=read.account.id, month=month, settled=read.settled)
    return write_documents(db, read.drafts, recorded_by, seller_revision=read.account.seller_revision)


def lock_profile(db: Session, account: Account) -> None:
    """Lock the company against other closings and credit notes. Raises `StaleSnapshot` where it is not as it was read."""
    if db.value(_SQL["lock_profile"], company_id=account.id) != account.revision:
        raise StaleSnapshot


def write_documents(
    db: Session, drafts: Sequence[Document], recorded_by: str, *, seller_revision: int, credit: Credit | None = None
) -> list[dict[str, Any]]:
    """Number, date, chain and store documents; returns them as they are stored. The chain stays locked until the end of the
    transaction, and the clock is read after it is, so that numbers rise with dates. Raises `StaleSnapshot` where the seller
    is not as it was read."""
    if not drafts:
        return []
    chain = db.one(_Chain, _SQL["lock_chain"])
    assert chain is not None
    if chain.revision != seller_revision:
        raise StaleSnapshot
    now = db.value(_SQL["clock"])
    documents = []
    for draft in drafts:
        document, chain = _numbered(draft, chain, now, recorded_by)
        db.rows(
            _SQL["insert_document"],
            document=json.dumps(document),
            year=int(document["issuedOn"][:4]),
            sequence=chain.last_sequence,
            issued_at=now,
            credit_id=credit and credit.id,
            reason=credit and credit.reason,
        )
        documents.append(document)
    db.rows(_SQL["extend_chain"], issued_on=chain.last_issued_on, sequence=chain.last_sequence, sha256=chain.last_sha256)
    return documents


def _numbered(draft: Document, chain: _Chain, now: datetime, recorded_by: str) -> tuple[dict[str, Any], _Chain]:
    # A seller that moves to a zone where it is yesterday still goes on with today.
    day = max(day_of_issue(now, chain.time_zone), chain.last_issued_on or date.min)
    same_year = chain.last_issued_on is not None and chain.last_issued_on.year == day.year
    sequence = chain.last_sequence + 1 if same_year else 1
    number = number_text(chain.prefix, day.year, sequence)
    issued = issue(
        draft,
        invoice_id=number,
        number=number,
        issued_on=day,
        recorded_by=recorded_by,
        previous_sha256=chain.last_sha256,
    )
    stored = issued.model_dump(mode="json", by_alias=True)
    return stored, chain._replace(last_issued_on=day, last_sequence=sequence, last_sha256=issued.sha256)


def documents_of(db: Session, company_id: str, month: date) -> list[dict[str, Any]]:
    """The uncredited documents of a month, as they are stored; without lines where there are many."""
    rows = db.rows(_SQL["of_month"], company_id=company_id, month=month, most=LINES_MAX)
    return [load_json(row["document"]) for row in rows]
