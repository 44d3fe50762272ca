"""What the hourly jobs share: the hour they work on, how they go through the campaigns, and what a run reports (design §7)."""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import uuid4

from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pg8000.native import DatabaseError

from billing import settings
from billing.database.session import ALL_COMPANIES, JOBS, Session, server_message, timed_out, transaction
from billing.errors import DatabaseUnavailable, Invalid, JobFailed
from billing.instants import format_instant, parse_instant
from billing.sql import queries
from billing.telemetry import logger, metrics

CHUNK_CAMPAIGNS = 20_000
"""Campaigns, or activities, per transaction: enough to amortise its overhead, few enough to commit within seconds."""

RESERVE_SECONDS = 10
"""No further chunk is begun this close to the function's end: a chunk takes less."""

_SQL = queries("runs")

TimeLeft = Callable[[], float]
"""The seconds until Lambda ends the function."""

Job = Callable[[datetime, TimeLeft], dict[str, Any]]


class Recorded(NamedTuple):
    """What a chunk, or all of them, recorded: `due` campaigns, of which `duplicates` had their record already, and `recorded`
    records. A chunk also says after which campaign the next begins, and whether it is the last."""

    due: int = 0
    recorded: int = 0
    duplicates: int = 0
    last: str | None = None
    done: bool = True

    def with_chunk(self, chunk: "Recorded") -> "Recorded":
        """The sums with those of a further chunk."""
        return Recorded(self.due + chunk.due, self.recorded + chunk.recorded, self.duplicates + chunk.duplicates)


@dataclass
class Run:
    """One run of a job, and what it has done so far. Where it `completes_hour`, that is noted with its end, if it succeeds."""

    job_name: str
    hour: datetime
    time_left: TimeLeft
    raises_alerts: bool = False
    completes_hour: bool = False
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    job_id: str = field(default_factory=lambda: str(uuid4()))
    ended_at: datetime | None = None
    campaigns_processed: int = 0
    usage_records_created: int = 0
    duplicates_detected: int = 0
    alerts: int = 0
    errors: list[dict[str, str]] = field(default_factory=list)

    def record(self, record: str, next_due: str, **parameters: Any) -> Recorded:
        """Run the query `record` chunk by chunk, each in a transaction of its own, and return the sums.

        It takes `after`, the campaign before the first to look at, and `size`, and returns a `Recorded`. Where a chunk fails
        or takes too long, smaller ones find the campaign that cannot be recorded, which `next_due` names; it is reported and
        passed over, and all others are recorded."""
        after, size = "", CHUNK_CAMPAIGNS
        total = Recorded()
        while True:
            self.check_time()
            try:
                with self.transaction() as db:
                    db.rows(_SQL["take_turns"], job_name=self.job_name)
                    chunk = db.all(Recorded, record, after=after, size=size, **parameters)[0]
            except (DatabaseError, DatabaseUnavailable) as error:
                if isinstance(error, DatabaseUnavailable) and not timed_out(error):
                    raise
                if size == 1:
                    after = self._pass_over(next_due, after, error, parameters)
                size = max(1, size // 2)
                continue
            total = total.with_chunk(chunk)
            if chunk.done:
                return total
            after, size = after if chunk.last is None else chunk.last, min(CHUNK_CAMPAIGNS, size * 2)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A transaction of the run, whose alerts are counted: the events of balances that crossed a line."""
        with transaction(ALL_COMPANIES, JOBS) as db:
            last_event = db.value(_SQL["last_event"]) if self.raises_alerts else 0
            yield db
            self.alerts += db.value(_SQL["alerts_raised"], after=last_event) if self.raises_alerts else 0

    def time_is_up(self) -> bool:
        """Whether there is no time for another transaction."""
        return self.time_left() < RESERVE_SECONDS

    def check_time(self) -> None:
        """Raises `JobFailed` where there is no time for another transaction."""
        if self.time_is_up():
            raise JobFailed("The time is nearly up. What was recorded is committed, and the next run does the rest.")

    def _pass_over(self, next_due: str, after: str, error: Exception, parameters: dict[str, Any]) -> str:
        logger.exception("A campaign cannot be recorded", exc_info=error)
        with transaction(ALL_COMPANIES, JOBS) as db:
            campaign_id = next(iter(db.rows(next_due, after=after, **parameters)), {"id": None})["id"]
        if campaign_id is None:  # another run has recorded it in the meantime
            return after
        self.report(campaign_id, server_message(error) if isinstance(error, DatabaseError) else "it takes too long")
        return str(campaign_id)

    def report(self, campaign_id: str, error: str) -> None:
        """Report a campaign that could not be recorded."""
        self.errors.append({"campaignId": campaign_id, "error": error})

    def result(self) -> dict[str, Any]:
        """The result of design §7; `duration` in seconds."""
        ended_at = self.ended_at or datetime.now(UTC)
        return {
            "success": not self.errors,
            "jobId": self.job_id,
            "startTime": format_instant(self.started_at),
            "endTime": format_instant(ended_at),
            "duration": (ended_at - self.started_at).total_seconds(),
            "campaignsProcessed": self.campaigns_processed,
            "usageRecordsCreated": self.usage_records_created,
            "duplicatesDetected": self.duplicates_detected,
            "errors": self.errors,
            **({"lowCreditAlerts": self.alerts} if self.raises_alerts else {}),
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
def job_run(job_name: str, hour: datetime, time_left: TimeLeft, *, raises_alerts: bool = False) -> Iterator[Run]:
    """A run whose start, end and result are stored where `SAVE_JOB_RESULTS` says so.

    Raises `Invalid` for an hour that lies ahead of the database's clock; `JobFailed` if a campaign could not be recorded, or
    the time did not suffice: Lambda invokes the function again with the same event, and that run does what is left.
    """
    run = Run(job_name, hour, time_left, raises_alerts)
    _start(run)
    try:
        yield run
        if run.errors:
            raise JobFailed(f"{len(run.errors)} campaigns could not be recorded, first {run.errors[0]}")
    except Exception as error:
        _end(run, "failed", {"failure": str(error)})
        raise
    _end(run, "succeeded", {})


def _start(run: Run) -> None:
    with transaction(ALL_COMPANIES, JOBS) as db:
        now = db.value(_SQL["clock"])
        if run.hour > now:
            hour, clock = format_instant(run.hour), format_instant(now)
            raise Invalid(f"The hour {hour} lies ahead of the database's clock, which is at {clock}.")
        _store(db, "started", run, job_name=run.job_name, scheduled_for=run.hour, started_at=run.started_at)


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
        "LowCreditAlerts": run.alerts,
    }
    for name, count in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
    logger.info("The run has ended", status=status, result=result)
    with transaction(ALL_COMPANIES, JOBS) as db:
        if run.completes_hour and result["success"]:
            db.rows(_SQL["completed"], job_name=run.job_name, hour=run.hour)
        _store(db, "ended", run, ended_at=run.ended_at, status=status, result=json.dumps(result))


def _store(db: Session, query: str, run: Run, **parameters: Any) -> None:
    if settings.save_job_results():
        db.rows(_SQL[query], id=run.job_id, **parameters)
