"""The hourly credit job: every activity of the credits campaigns that is not yet charged becomes a charge (design §7)."""

from datetime import datetime
from typing import Any

from billing.database.session import ALL_COMPANIES, JOBS, Row, Session, transaction
from billing.jobs import outbox
from billing.jobs.run import TimeLeft, job_run
from billing.sql import queries

JOB_NAME = "track_credit_usage"
_SQL = queries("credits")


def track_credit_usage(hour: datetime, time_left: TimeLeft) -> dict[str, Any]:
    """Charge what was recorded before the run began, then publish the alerts that wait; answers the run's result.

    An activity is charged at the hour in which it occurred, however late it was recorded, so `hour` names the run only.
    Raises `JobFailed` where a campaign could not be charged, `DatabaseUnavailable` where the database is away.
    """
    with job_run(JOB_NAME, hour, time_left) as run:
        with transaction(ALL_COMPANIES, JOBS) as db:
            cutoff = db.value(_SQL["cutoff"])
            for row in db.rows(_SQL["without_rate"], cutoff=cutoff):
                run.errors.append({"campaignId": row["id"], "error": "the campaign has no credit_consumption_rate"})
        done = run.charge(
            lambda db, after, size: _charge(db, after, size, cutoff),
            lambda db, after: db.row(_SQL["next_campaign"], after=after, cutoff=cutoff),
        )
        run.campaigns_processed = done["due"]
        run.usage_records_created = done["charged"]
        run.low_credit_alerts = done["alerts"]
        outbox.publish()
    return run.result()


def _charge(db: Session, after: str, size: int, cutoff: datetime) -> Row:
    chunk = db.rows(_SQL["charge_activities"], after=after, size=size, cutoff=cutoff)[0]
    return chunk | {"alerts": db.value(_SQL["alerts_raised"])}
