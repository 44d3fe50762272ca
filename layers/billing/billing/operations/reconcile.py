"""The daily job that reconciles the books of every company (design §14)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from billing.database.reconciliation import Reconciliation, load_company, reconcile_company
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


def reconcile(hour: datetime, time_left: TimeLeft) -> dict[str, Any]:
    """Check every company, keep what is found, and raise the metric and the event where books do not agree.

    Raises `JobFailed` where a company could not be checked, `DatabaseUnavailable` where the database cannot be reached.
    """
    with job_run(JOB_NAME, hour, time_left) as run:
        found = [result for company_id in _companies() if (result := _reconciled(run, company_id))]
        differences = sum(len(check.differences) for result in found for check in result.checks)
        metrics.add_metric(name="ReconciliationDifferences", unit=MetricUnit.Count, value=differences)
        outbox.publish(run.time_left)
    return run.result() | {"companiesChecked": len(found), "differences": differences}


def _companies() -> Iterator[str]:
    after = ""
    while True:
        with transaction(ALL_COMPANIES, JOBS) as db:
            ids: list[str] = db.values(_SQL["companies"], after=after, size=CHUNK)
        yield from ids
        if len(ids) < CHUNK:
            return
        after = ids[-1]


def _reconciled(run: Run, company_id: str) -> Reconciliation | None:
    run.check_time()
    try:
        with snapshot(ALL_COMPANIES, JOBS) as db:
            company = load_company(db, ALL_COMPANIES, company_id)
            result, last_record = reconcile_company(db, company, whole_chain=True)
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
