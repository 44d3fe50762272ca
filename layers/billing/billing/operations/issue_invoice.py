"""Closes a month of a company, and issues its documents (design §13)."""

from http import HTTPStatus

from billing.contract.shapes import Request, Shape
from billing.contract.types import Month
from billing.database.documents import check_can_close, close_month
from billing.database.drafts import load_account
from billing.database.session import transaction
from billing.invoices.shown import ShownDocument, shown
from billing.periods import first_day
from billing.sql import queries

_SQL = queries("invoices")


class MonthToIssue(Request):
    """A calendar month in the company's time zone."""

    month: Month


class Invoices(Shape):
    """The documents of the month, one for each currency; none where there was nothing to say, or it is done later."""

    invoices: list[ShownDocument]


def issue_invoice(company: str, company_id: str, month: str, recorded_by: str) -> tuple[Invoices, HTTPStatus]:
    """Close the month, or issue again what was credited of it: 201. 200 where there is nothing to issue, with the month's
    documents; 202 for a company with over 1,000 campaigns, which the next run of `issue_invoices` does.

    Raises `NotFound`, also for another company, and `Conflict` where there is no profile or seller, the month is not over or
    before `invoiceFrom`, or an earlier one is open.
    """
    first = first_day(month)
    with transaction(company) as db:
        account = load_account(db, company, company_id)
        if account.is_large:
            check_can_close(account, first)
            asked = {"company_id": company_id, "month": first, "kind": "issue", "recorded_by": recorded_by}
            db.rows(_SQL["ask"], **asked)
            return Invoices(invoices=[]), HTTPStatus.ACCEPTED
    closed = close_month(company, company_id, first, recorded_by)
    documents = Invoices(invoices=[shown(document) for document in closed.documents])
    return documents, HTTPStatus.CREATED if closed.made else HTTPStatus.OK
