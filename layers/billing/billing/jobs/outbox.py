"""Publishes the events of the outbox to an EventBridge bus (design §16)."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from aws_lambda_powertools.metrics import MetricUnit

from billing import settings
from billing.database.session import ALL_COMPANIES, JOBS, Session, transaction
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


class Announced(NamedTuple):
    """An event that a job has found, and that is not in the outbox yet."""

    company_id: str
    type: str
    subject: str
    data: dict[str, Any]


def publish(time_left: TimeLeft) -> None:
    """Publish every event that waits: of each subject in the order of the ids, of all oldest first.

    One publisher works at a time; another that comes meanwhile leaves the events to it. What the bus does not take is logged,
    counted and left for the next run, with the later events of its subject, and a bus that takes nothing of a request is asked
    no more. An event is sent again where the response, or the commit after it, was lost; its id is the same then, and a
    consumer drops the repeat."""
    bus = settings.alert_bus_name()
    held: list[str] = []
    while bus and time_left() > RESERVE_SECONDS:
        with transaction(ALL_COMPANIES, JOBS) as db:
            waiting = _waiting(db, held) if db.value(_SQL["take_turns"]) else []
            taken = _put(bus, waiting) if waiting else []
            db.rows(_SQL["published"], ids=taken)
        if not taken:
            break
        held += [f"{event.company_id} {event.subject}" for event in waiting if event.id not in taken]
    with transaction(ALL_COMPANIES, JOBS) as db:
        metrics.add_metric(name="UnpublishedAlerts", unit=MetricUnit.Count, value=db.value(_SQL["waiting"]))


def _waiting(db: Session, held: list[str]) -> list[Event]:
    return db.all(Event, _SQL["unpublished"], held=held, size=PUT_EVENTS_MAX)


def write(db: Session, events: Sequence[Announced]) -> None:
    """Put events into the outbox, in the transaction that causes them."""
    db.rows(_SQL["write"], events=json.dumps([event._asdict() for event in events]))


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
