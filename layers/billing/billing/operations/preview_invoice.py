"""Shows what would be issued of a month now, without a number (design §13)."""

from http import HTTPStatus

from billing.database.drafts import load_account, load_drafts
from billing.database.session import load_json, snapshot, transaction
from billing.invoices.shown import Preview, shown_draft
from billing.periods import first_day
from billing.sql import queries

_SQL = queries("invoices")


def preview_invoice(company: str, company_id: str, month: str, recorded_by: str) -> tuple[Preview, HTTPStatus]:
    """What would be issued: 200. 202 for a company with over 1,000 campaigns: the next run of `issue_invoices` makes the
    preview, which is then returned for a day.

    Raises `NotFound`, also for another company, and `Conflict` where there is no profile or seller, or the month is before
    `invoiceFrom`.
    """
    first = first_day(month)
    with snapshot(company) as db:
        account = load_account(db, company, company_id)
        account.check_invoiced(first)
        if not account.is_large:
            return Preview(invoices=list(map(shown_draft, load_drafts(db, account, first)))), HTTPStatus.OK
    with transaction(company) as db:
        made = db.row(_SQL["preview_made"], company_id=company_id, month=first)
        if made is not None:
            return Preview.model_validate(load_json(made["result"])), HTTPStatus.OK
        db.rows(_SQL["ask"], company_id=company_id, month=first, kind="preview", recorded_by=recorded_by)
    return Preview(invoices=[]), HTTPStatus.ACCEPTED
