"""The hourly seat job: how many volunteers each running campaign has, one record for each campaign and hour (design §7)."""

import json
from datetime import datetime, timedelta
from typing import Any

from pg8000.native import DatabaseError

from billing.database.session import ALL_COMPANIES, JOBS, server_message, timed_out, transaction
from billing.errors import DatabaseUnavailable
from billing.jobs.run import Run, TimeLeft, job_run
from billing.periods import HOUR
from billing.sql import queries
from billing.usage.keys import job_key_suffix

JOB_NAME = "track_seat_usage"
GAP_MAX = timedelta(days=7)
"""How far back missed hours are filled (design §7)."""

_SQL = queries("seat_job")
_RUNS = queries("runs")
_TERMS = queries("terms")


def track_seat_usage(hour: datetime, time_left: TimeLeft) -> dict[str, Any]:
    """Put in force the terms that have come into force, then record every hour missed since the last successful run, and the
    hour; returns the run's result.

    Raises `JobFailed` where a campaign could not be recorded, `DatabaseUnavailable` where the database cannot be reached.
    Hours that were completed stay so, and the next run continues after them.
    """
    with job_run(JOB_NAME, hour, time_left) as run:
        last_completed = _put_terms_in_force(run)
        for each in hours_to_record(hour, last_completed):
            _record_hour(run, each)
    return run.result()


def hours_to_record(hour: datetime, last_completed: datetime | None) -> list[datetime]:
    """The missed hours, oldest first, then `hour`; only `hour` at the first run of all, or for a late delivery."""
    first = hour if last_completed is None else max(last_completed + HOUR, hour - GAP_MAX)
    missed = range(max(0, (hour - first) // HOUR))
    return [*(first + HOUR * n for n in missed), hour]


def _put_terms_in_force(run: Run) -> datetime | None:
    """Changes dated ahead whose instant has come since the last hour that was completed, each campaign by itself (design §10);
    returns that hour."""
    with transaction(ALL_COMPANIES, JOBS) as db:
        row = db.row(_RUNS["progress"], job_name=JOB_NAME)
        last_completed: datetime | None = row["hour"] if row else None
        due: list[str] = db.values(_TERMS["scheduled"], since=last_completed, until=run.hour)
    for campaign_id in due:
        run.check_time()
        try:
            with transaction(ALL_COMPANIES, JOBS) as db:
                db.rows(_TERMS["put_in_force"], campaign_id=campaign_id)
        except DatabaseError as error:
            run.report(campaign_id, server_message(error))
        except DatabaseUnavailable as error:
            if not timed_out(error):
                raise
            run.report(campaign_id, "it takes too long")
    return last_completed


def _record_hour(run: Run, hour: datetime) -> None:
    estimated = hour != run.hour
    metadata = {"source": JOB_NAME} | ({"estimated": True} if estimated else {})
    done = run.record(
        _SQL["record_seats"],
        _SQL["next_seat_campaign"],
        hour=hour,
        key_suffix=job_key_suffix("seat_usage", hour),
        metadata=json.dumps(metadata),
    )
    run.usage_records_created += done.recorded
    run.duplicates_detected += done.duplicates
    if not estimated:
        run.campaigns_processed = done.due
    if not estimated:
        run.completes_hour = True
    elif not run.errors:
        with transaction(ALL_COMPANIES, JOBS) as db:
            db.rows(_RUNS["completed"], job_name=JOB_NAME, hour=hour)
