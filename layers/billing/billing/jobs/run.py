"""What the hourly jobs share: the hour they work on, how they go through the campaigns, and what a run reports (design §7)."""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pg8000.native import DatabaseError

from billing import settings
from billing.database.session import ALL_COMPANIES, JOBS, Row, Session, server_message, transaction
from billing.errors import JobFailed
from billing.instants import format_instant, parse_instant
from billing.sql import queries
from billing.telemetry import logger, metrics

CHUNK = 20_000
"""Campaigns in one transaction: so many that the statement is nearly all of the work, so few that it takes seconds."""

_SQL = queries("jobs")

RESERVE = 10
"""Seconds before the function's end at which no further chunk is begun: more than a chunk takes."""

Charge = Callable[[Session, str, int], Row]
"""Charges up to so many campaigns after an id, in their order; answers `due`, `charged`, …, and the `last` id."""

TimeLeft = Callable[[], float]
"""The seconds until Lambda ends the function."""

Job = Callable[[datetime, TimeLeft], dict[str, Any]]

NextDue = Callable[[Session, str], Row | None]
"""The `id` of the first campaign that `Charge` would take after an id; None where there is none."""


@dataclass
class Run:
    """One run of a job, and what it has done so far."""

    job_name: str
    hour: datetime
    time_left: TimeLeft
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    job_id: str = field(default_factory=lambda: str(uuid4()))
    ended_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    campaigns_processed: int = 0
    usage_records_created: int = 0
    duplicates_detected: int = 0
    low_credit_alerts: int | None = None
    """Alerts raised; of the credit job only."""
    errors: list[dict[str, str]] = field(default_factory=list)

    def charge(self, charge: Charge, next_due: NextDue) -> Row:
        """Charge all campaigns in chunks, each a transaction; the sums of what `charge` counts.

        Where a chunk fails, smaller ones find the campaign that cannot be charged; it is reported and passed over, and
        all others are charged."""
        after, size = "", CHUNK
        total: Counter[str] = Counter()
        while True:
            if self.time_left() < RESERVE:
                raise JobFailed("The time is nearly up. What was charged is committed, and the next run does the rest.")
            try:
                with transaction(ALL_COMPANIES, JOBS) as db:
                    db.rows(_SQL["take_turns"], job_name=self.job_name)
                    chunk = charge(db, after, size)
            except DatabaseError as error:
                if size == 1:
                    after = self._pass_over(next_due, after, error)
                size = max(1, size // 2)
                continue
            last = chunk.pop("last")
            total.update(chunk)
            if chunk["due"] < size:
                return dict(total)
            after, size = last, min(CHUNK, size * 2)

    def _pass_over(self, next_due: NextDue, after: str, error: DatabaseError) -> str:
        logger.exception("A campaign cannot be charged", exc_info=error)
        with transaction(ALL_COMPANIES, JOBS) as db:
            campaign = next_due(db, after)
        if campaign is None:  # another run has charged it in the meantime
            return after
        campaign_id = str(campaign["id"])
        self.errors.append({"campaignId": campaign_id, "error": server_message(error)})
        return campaign_id

    def result(self) -> dict[str, Any]:
        """The result of design §7; `duration` in seconds."""
        return {
            "success": not self.errors,
            "jobId": self.job_id,
            "startTime": format_instant(self.started_at),
            "endTime": format_instant(self.ended_at),
            "duration": (self.ended_at - self.started_at).total_seconds(),
            "campaignsProcessed": self.campaigns_processed,
            "usageRecordsCreated": self.usage_records_created,
            "duplicatesDetected": self.duplicates_detected,
            "errors": self.errors,
            **({} if self.low_credit_alerts is None else {"lowCreditAlerts": self.low_credit_alerts}),
        }


@logger.inject_lambda_context(correlation_id_path=correlation_paths.EVENT_BRIDGE, clear_state=True)
@metrics.log_metrics(capture_cold_start_metric=True)
def handle(event: dict[str, Any], context: LambdaContext, job: Job) -> dict[str, Any]:
    """Run a job for the hour of EventBridge's scheduled event: its `time` truncated to the hour, never the clock's, so
    that a repeated or late delivery of an event is the same run."""
    hour = parse_instant(event.get("time")).replace(minute=0, second=0, microsecond=0)
    # Whoever calls without Lambda's clock has all the time.
    milliseconds_left = getattr(context, "get_remaining_time_in_millis", lambda: math.inf)
    return job(hour, lambda: milliseconds_left() / 1000)


@contextmanager
def job_run(job_name: str, hour: datetime, time_left: TimeLeft) -> Iterator[Run]:
    """A run whose start, end and result are stored where `SAVE_JOB_RESULTS` says so.

    Raises `JobFailed` if a campaign could not be charged, or the time did not suffice: Lambda invokes the function again
    with the same event, and that run does what is left.
    """
    run = Run(job_name, hour, time_left)
    _store(_SQL["started"], job_name=job_name, scheduled_for=hour, id=run.job_id, started_at=run.started_at)
    try:
        yield run
        if run.errors:
            raise JobFailed(f"{len(run.errors)} campaigns could not be charged, first {run.errors[0]}")
    except Exception as error:
        _end(run, "failed", {"failure": str(error)})
        raise
    _end(run, "succeeded", {})


def _end(run: Run, status: str, failure: dict[str, str]) -> None:
    run.ended_at = datetime.now(UTC)
    result = run.result() | ({"success": False} | failure if failure else {})
    metrics.add_dimension(name="job", value=run.job_name)
    metrics.add_metric(name="RunSucceeded" if result["success"] else "RunFailed", unit=MetricUnit.Count, value=1)
    counts = {
        "CampaignsProcessed": run.campaigns_processed,
        "UsageRecordsCreated": run.usage_records_created,
        "DuplicatesDetected": run.duplicates_detected,
        "CampaignsInError": len(run.errors),
        "LowCreditAlerts": run.low_credit_alerts or 0,
    }
    for name, count in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
    logger.info("The run has ended", status=status, result=result)
    _store(_SQL["ended"], id=run.job_id, ended_at=run.ended_at, status=status, result=json.dumps(result))


def _store(sql: str, **parameters: Any) -> None:
    if settings.save_job_results():
        with transaction(ALL_COMPANIES, JOBS) as db:
            db.rows(sql, **parameters)
