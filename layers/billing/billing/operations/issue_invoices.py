"""The hourly job that closes months, and makes what was requested for companies with many campaigns (design §13)."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import partial
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
    """Do what was requested, close every month that ended `GRACE_HOURS` before the hour, oldest first, and publish the events.

    A company that cannot be invoiced is reported and keeps no other back; months of a company on hold are closed by hand only.
    Raises `JobFailed` where one could not be invoiced, `DatabaseUnavailable` where the database cannot be reached.
    """
    with job_run(JOB_NAME, hour, time_left) as run:
        issued = sum(_answer(run, request) for request in _requests())
        failed: set[str] = set()
        while due := [each for each in _due(hour) if each.company_id not in failed]:
            for each in due:
                made = _reported(run, each.company_id, partial(_close, each.company_id, each.month, JOB_NAME))
                issued += made or 0
                failed |= {each.company_id} if made is None else set()
        outbox.publish(run.time_left)
    return run.result() | {"invoicesIssued": issued}


def _requests() -> list[_Request]:
    with transaction(ALL_COMPANIES, JOBS) as db:
        return db.all(_Request, _SQL["waiting"])


def _due(hour: datetime) -> Iterator[_Due]:
    """The first open month of each company, where its grace is over."""
    after = ""
    while True:
        with transaction(ALL_COMPANIES, JOBS) as db:
            where = {"hour": hour, "grace_hours": settings.grace_hours(), "after": after, "size": CHUNK}
            due = db.all(_Due, _SQL["due"], **where)
        yield from due
        if len(due) < CHUNK:
            return
        after = due[-1].company_id


def _close(company_id: str, month: date, recorded_by: str) -> int:
    """Close the month; returns how many documents that made."""
    closed = close_month(ALL_COMPANIES, company_id, month, recorded_by, JOBS)
    return len(closed.documents) if closed.made else 0


def _answer(run: Run, request: _Request) -> int:
    """Do what was requested for a company; returns how many documents that made."""
    return _reported(run, request.company_id, partial(_done, request)) or 0


def _done(request: _Request) -> int:
    issued, result = 0, None
    if request.kind == "issue":
        issued = _close(request.company_id, request.month, request.recorded_by)
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
    """What the work returns. Where the company cannot be invoiced, that is reported, and None is returned."""
    run.check_time()
    try:
        return work()
    except DatabaseUnavailable:
        raise
    except BillingError as error:
        run.errors.append({"companyId": company_id, "error": error.detail})
        return None
