"""The hourly job that closes the months whose grace is over, and does what companies with many campaigns wait for (design §13)."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NamedTuple

from billing import settings
from billing.database.documents import close_month
from billing.database.drafts import load_account, load_drafts
from billing.database.session import ALL_COMPANIES, JOBS, snapshot, transaction
from billing.errors import BillingError, DatabaseUnavailable
from billing.invoices.shown import Preview, shown_draft
from billing.jobs import outbox
from billing.jobs.run import Run, TimeLeft, job_run
from billing.sql import queries

JOB_NAME = "issue_invoices"
CHUNK = 1000
"""Companies that are looked up at a time; each is invoiced by itself."""

_SQL = queries("invoices")


class _Due(NamedTuple):
    company_id: str
    month: date


class _Request(NamedTuple):
    company_id: str
    month: date
    kind: str
    recorded_by: str


def issue_invoices(hour: datetime, time_left: TimeLeft) -> dict[str, Any]:
    """Do what is waited for, close every month that ended `GRACE_HOURS` before the hour, oldest first, and publish the events.

    A company that cannot be invoiced is reported, and all others are; a month of a company on hold is closed by hand only.
    Raises `JobFailed` where one could not be invoiced, `DatabaseUnavailable` where the database cannot be reached.
    """
    with job_run(JOB_NAME, hour, time_left) as run:
        issued = sum(_answer(run, request) for request in _requests())
        after = ""
        while due := _due(hour, after):
            issued += sum(_close_all(run, company, hour) for company in due)
            after = due[-1].company_id
        outbox.publish(run.time_left)
    return run.result() | {"invoicesIssued": issued}


def _requests() -> list[_Request]:
    with transaction(ALL_COMPANIES, JOBS) as db:
        return db.all(_Request, _SQL["waiting"])


def _due(hour: datetime, after: str) -> list[_Due]:
    with transaction(ALL_COMPANIES, JOBS) as db:
        where = {"hour": hour, "grace_hours": settings.grace_hours(), "after": after, "size": CHUNK}
        return db.all(_Due, _SQL["due"], **where)


def _close_all(run: Run, due: _Due, hour: datetime) -> int:
    """The months of a company that are due, oldest first, and how many documents they made."""
    issued, following = 0, [due]
    while following and following[0].company_id == due.company_id:
        month = following[0].month
        made = _reported(run, due.company_id, lambda: len(_close(due.company_id, month, JOB_NAME)))  # noqa: B023
        if made is None:
            break
        issued += made
        following = _due_of(hour, due.company_id)
    return issued


def _due_of(hour: datetime, company_id: str) -> list[_Due]:
    with transaction(ALL_COMPANIES, JOBS) as db:
        where = {"hour": hour, "grace_hours": settings.grace_hours(), "company_id": company_id}
        return db.all(_Due, _SQL["due_of"], **where)


def _close(company_id: str, month: date, recorded_by: str) -> list[dict[str, Any]]:
    closed = close_month(ALL_COMPANIES, company_id, month, recorded_by, JOBS)
    return closed.documents if closed.made else []


def _answer(run: Run, request: _Request) -> int:
    """Do what a company waits for, and how many documents that made."""
    made = _reported(run, request.company_id, lambda: _done(request))
    return made or 0


def _done(request: _Request) -> int:
    issued, result = 0, None
    if request.kind == "issue":
        issued = len(_close(request.company_id, request.month, request.recorded_by))
    else:
        with snapshot(ALL_COMPANIES, JOBS) as db:
            account = load_account(db, ALL_COMPANIES, request.company_id)
            drafts = load_drafts(db, account, request.month)
        result = Preview(invoices=list(map(shown_draft, drafts))).model_dump_json(by_alias=True)
    with transaction(ALL_COMPANIES, JOBS) as db:
        where = {"company_id": request.company_id, "month": request.month, "kind": request.kind}
        db.rows(_SQL["answer"], result=result, **where)
    return issued


def _reported(run: Run, company_id: str, work: Callable[[], int]) -> int | None:
    """What the work returns; None where the company cannot be invoiced, which is reported."""
    run.check_time()
    try:
        return work()
    except DatabaseUnavailable:
        raise
    except BillingError as error:
        run.errors.append({"companyId": company_id, "error": error.detail})
        return None
