"""Publishes the events of the outbox to an EventBridge bus (design §16)."""

import json
from datetime import datetime
from typing import Any, NamedTuple

from aws_lambda_powertools.metrics import MetricUnit

from billing import settings
from billing.database.session import ALL_COMPANIES, JOBS, transaction
from billing.instants import format_instant
from billing.jobs.run import RESERVE_SECONDS, TimeLeft
from billing.sql import queries
from billing.telemetry import logger, metrics

SOURCE = "campaign-billing"
PUT_EVENTS_MAX = 10
"""Entries that one PutEvents request may have."""

CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS = 2, 5
"""A bus that hangs costs seconds."""

_SQL = queries("outbox")


class Event(NamedTuple):
    """An event that waits; `subject` is the id of what it is about."""

    id: int
    company_id: str
    type: str
    subject: str
    data: dict[str, Any]
    created_at: datetime


def publish(time_left: TimeLeft) -> None:
    """Publish every event that waits, oldest first. What the bus does not take is logged, counted and left for the next run,
    and a bus that takes nothing of a request is asked no more. An event is sent again where the response, or the commit after
    it, was lost; its id is the same then, and a consumer drops the repeat."""
    bus = settings.alert_bus_name()
    after, failed = 0, 0
    while waiting := _waiting(after):
        after = waiting[-1].id
        taken = _put(bus, waiting) if bus else []
        failed += len(waiting) - len(taken)
        with transaction(ALL_COMPANIES, JOBS) as db:
            db.rows(_SQL["published"], ids=taken)
        if not taken or time_left() < RESERVE_SECONDS:
            break
    metrics.add_metric(name="UnpublishedAlerts", unit=MetricUnit.Count, value=failed)


def _waiting(after: int) -> list[Event]:
    with transaction(ALL_COMPANIES, JOBS) as db:
        return db.all(Event, _SQL["unpublished"], after=after, size=PUT_EVENTS_MAX)


def _put(bus: str, events: list[Event]) -> list[int]:
    """The ids of the events that the bus took."""
    import boto3  # a third of a second at a cold start, so only where there is something to publish
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    config = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS, read_timeout=READ_TIMEOUT_SECONDS, retries={"total_max_attempts": 2}
    )
    try:
        answer = boto3.client("events", config=config).put_events(Entries=[_entry(bus, event) for event in events])
    except (BotoCoreError, ClientError):
        logger.exception("The bus took no event")
        return []
    taken = []
    for event, entry in zip(events, answer["Entries"], strict=True):
        if "ErrorCode" in entry:
            logger.error("The bus refused an event", event_id=event.id, error=entry["ErrorCode"])
        else:
            taken.append(event.id)
    return taken


def _entry(bus: str, event: Event) -> dict[str, Any]:
    return {"EventBusName": bus, "Source": SOURCE, "DetailType": event.type, "Detail": json.dumps(cloud_event(event))}


def cloud_event(event: Event) -> dict[str, Any]:
    """The event as a CloudEvents 1.0 object; `companyid` is an extension attribute."""
    return {
        "specversion": "1.0",
        "id": str(event.id),
        "source": SOURCE,
        "type": event.type,
        "subject": event.subject,
        "time": format_instant(event.created_at),
        "datacontenttype": "application/json",
        "companyid": event.company_id,
        "data": event.data,
    }
