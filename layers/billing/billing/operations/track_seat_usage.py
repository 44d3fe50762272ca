"""The hourly seat job: how many volunteers each running campaign has, one record for each campaign and hour (design §7)."""

import json
from datetime import datetime, timedelta
from typing import Any

from billing.database.session import ALL_COMPANIES, JOBS, transaction
from billing.jobs.run import Run, TimeLeft, job_run
from billing.sql import queries
from billing.usage.keys import job_key_suffix

JOB_NAME = "track_seat_usage"
LONGEST_GAP = timedelta(days=7)
"""How far back missed hours are filled (design §7)."""

HOUR = timedelta(hours=1)
_SQL = queries("jobs")


def track_seat_usage(hour: datetime, time_left: TimeLeft) -> dict[str, Any]:
    """Charge the hour, and before it every hour missed since the last successful run; answers the run's result.

    Raises `JobFailed` where a campaign could not be charged, `DatabaseUnavailable` where the database is away. Hours that
    were completed stay so, and the next run continues after them.
    """
    with job_run(JOB_NAME, hour, time_left) as run:
        for each in hours_to_charge(hour, _last_completed()):
            _charge_hour(run, each)
    return run.result()


def hours_to_charge(hour: datetime, last_completed: datetime | None) -> list[datetime]:
    """The missed hours, oldest first, then `hour`; only `hour` at the first run of all, or for a late delivery."""
    first = hour if last_completed is None else max(last_completed + HOUR, hour - LONGEST_GAP)
    missed = range(max(0, (hour - first) // HOUR))
    return [*(first + HOUR * n for n in missed), hour]


def _last_completed() -> datetime | None:
    with transaction(ALL_COMPANIES, JOBS) as db:
        row = db.row(_SQL["progress"], job_name=JOB_NAME)
    return row["hour"] if row else None


def _charge_hour(run: Run, hour: datetime) -> None:
    estimated = hour != run.hour
    metadata = {"source": JOB_NAME} | ({"estimated": True} if estimated else {})
    record = {"key_suffix": job_key_suffix("seat_usage", hour), "metadata": json.dumps(metadata)}
    done = run.charge(
        lambda db, after, size: db.rows(_SQL["charge_seats"], after=after, size=size, hour=hour, **record)[0],
        lambda db, after: db.row(_SQL["next_seat_campaign"], after=after, hour=hour),
    )
    run.usage_records_created += done["charged"]
    run.duplicates_detected += done["duplicates"]
    if not estimated:
        run.campaigns_processed = done["due"]
    if not run.errors:
        with transaction(ALL_COMPANIES, JOBS) as db:
            db.rows(_SQL["completed"], job_name=JOB_NAME, hour=hour)
