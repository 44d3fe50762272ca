"""The hourly credit job: every activity of the credits campaigns that is not yet charged becomes a usage record, and grants
whose time is over expire (design §7, §11)."""

from datetime import datetime, timedelta
from typing import Any

from billing import settings
from billing.database.session import ALL_COMPANIES, JOBS, transaction
from billing.jobs import outbox
from billing.jobs.run import CHUNK_CAMPAIGNS, Run, TimeLeft, job_run
from billing.sql import queries

JOB_NAME = "track_credit_usage"
_SQL = queries("credit_job")
_CLOCK = queries("runs")["clock"]


def track_credit_usage(hour: datetime, time_left: TimeLeft) -> dict[str, Any]:
    """Record what was reported before the run began, book expiries, then publish the events that wait; returns the result.

    An activity counts at the hour in which it occurred, however late it was reported; `hour` decides which grants have
    expired. Raises `JobFailed` where a campaign could not be recorded, `DatabaseUnavailable` where the database cannot be
    reached.
    """
    with job_run(JOB_NAME, hour, time_left, raises_alerts=True) as run:
        with transaction(ALL_COMPANIES, JOBS) as db:
            cutoff = db.value(_CLOCK)
            for campaign_id in db.values(_SQL["without_rate"], cutoff=cutoff):
                run.report(campaign_id, "the campaign has no credit_consumption_rate")
        done = run.record(_SQL["record_activities"], _SQL["next_credit_campaign"], cutoff=cutoff)
        run.campaigns_processed, run.usage_records_created = done.due, done.recorded
        _expire(run, hour)
        outbox.publish(run.time_left)
    return run.result()


def _expire(run: Run, hour: datetime) -> None:
    """Usage that is reported late burns the credits that were valid when it happened, until the grace is over."""
    expired_before = hour - timedelta(hours=settings.grace_hours())
    booked = CHUNK_CAMPAIGNS
    while booked == CHUNK_CAMPAIGNS:
        run.check_time()
        with run.transaction() as db:
            booked = db.value(_SQL["expire"], expired_before=expired_before, size=CHUNK_CAMPAIGNS)
