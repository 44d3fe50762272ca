"""The daily job that reconciles the books of every company (design §14).

It takes the companies checked longest ago first: where the time does not suffice, the same event sent again begins with the
rest, and is done when all were checked since its hour.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from aws_lambda_powertools.metrics import MetricUnit

from billing.database.reconciliation import Check, Reconciliation, check_protection, load_company, reconcile_company
from billing.database.session import ALL_COMPANIES, JOBS, snapshot, transaction
from billing.errors import BillingError, DatabaseUnavailable
from billing.jobs import outbox
from billing.jobs.run import Run, TimeLeft, job_run
from billing.sql import queries
from billing.telemetry import metrics

JOB_NAME = "reconcile"
CHUNK = 1000
"""Companies that are looked up at a time; each has a snapshot of its own."""

_SQL = queries("reconciliation")
_CLOCK = queries("runs")["clock"]


class _Place(NamedTuple):
    id: str
    checked_at: datetime


def reconcile(hour: datetime, time_left: TimeLeft) -> dict[str, Any]:
    """Check every company, keep what is found, and raise the metric and the event where books do not agree.

    Raises `JobFailed` where a company could not be checked, or the time did not suffice; `DatabaseUnavailable` where the
    database cannot be reached.
    """
    checked = differences = 0
    with job_run(JOB_NAME, hour, time_left) as run:
        with snapshot(ALL_COMPANIES, JOBS) as db:
            protection, started_at = check_protection(db), db.value(_CLOCK)
        try:
            for place in _companies(started_at):
                if run.time_is_up() and place.checked_at >= hour:
                    break
                if result := _reconciled(run, place.id, protection):
                    checked += 1
                    differences += sum(len(check.differences) for check in result.checks)
        finally:
            metrics.add_metric(name="ReconciliationDifferences", unit=MetricUnit.Count, value=differences)
        outbox.publish(run.time_left)
    return run.result() | {"companiesChecked": checked, "differences": differences}


def _companies(started_at: datetime) -> Iterator[_Place]:
    """All, those checked longest ago first; what the run itself checks is not listed again."""
    last = _Place("", datetime.fromtimestamp(0, UTC))
    while True:
        with transaction(ALL_COMPANIES, JOBS) as db:
            places = db.all(_Place, _SQL["companies"], until=started_at, checked_at=last.checked_at, after=last.id, size=CHUNK)
        yield from places
        if len(places) < CHUNK:
            return
        last = places[-1]


def _reconciled(run: Run, company_id: str, protection: Check) -> Reconciliation | None:
    run.check_time()
    try:
        with snapshot(ALL_COMPANIES, JOBS) as db:
            company = load_company(db, ALL_COMPANIES, company_id)
            result, last_record = reconcile_company(db, company, protection, whole_chain=True)
    except DatabaseUnavailable:
        raise
    except BillingError as error:
        run.errors.append({"companyId": company_id, "error": error.detail})
        return None
    with transaction(ALL_COMPANIES, JOBS) as db:
        stored = result.model_dump_json(by_alias=True)
        where = {"company_id": company_id, "checked_at": company.now, "last_record": last_record}
        db.rows(_SQL["store"], result=stored, **where)
    return result
