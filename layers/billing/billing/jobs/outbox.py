"""Publishes the alerts of the outbox to an EventBridge bus (design §7)."""

import json
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from billing import settings
from billing.database.session import ALL_COMPANIES, JOBS, Row, transaction
from billing.instants import format_instant
from billing.sql import queries
from billing.telemetry import logger, metrics

SOURCE = "campaign-billing"
ENTRIES = 10
"""Entries that one PutEvents request may have."""

_SQL = queries("credits")


def publish() -> None:
    """Publish every alert that waits, oldest first. What the bus does not take is logged, counted and left for the next
    run. Each event carries the alert's id, by which a consumer recognises a repeat: one is sent again where the answer,
    or the commit after it, was lost."""
    bus = settings.alert_bus_name()
    after, failed = 0, 0
    while waiting := _waiting(after):
        after = waiting[-1]["id"]
        taken = _put(bus, waiting) if bus else []
        failed += len(waiting) - len(taken)
        with transaction(ALL_COMPANIES, JOBS) as db:
            db.rows(_SQL["published"], ids=taken)
    metrics.add_metric(name="UnpublishedAlerts", unit=MetricUnit.Count, value=failed)


def _waiting(after: int) -> list[Row]:
    with transaction(ALL_COMPANIES, JOBS) as db:
        return db.rows(_SQL["unpublished_alerts"], after=after, size=ENTRIES)


def _put(bus: str, alerts: list[Row]) -> list[int]:
    """The ids of the alerts that the bus took."""
    import boto3  # a third of a second at a cold start, so only where there is something to publish
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = boto3.client("events").put_events(Entries=[_entry(bus, alert) for alert in alerts])
    except (BotoCoreError, ClientError):
        logger.exception("The bus took no alert")
        return []
    taken = []
    for alert, entry in zip(alerts, answer["Entries"], strict=True):
        if "ErrorCode" in entry:
            logger.error("The bus refused an alert", alert_id=alert["id"], error=entry["ErrorCode"])
        else:
            taken.append(alert["id"])
    return taken


def _entry(bus: str, alert: Row) -> dict[str, Any]:
    detail = {
        "alertId": str(alert["id"]),
        "companyId": alert["company_id"],
        "campaignId": alert["campaign_id"],
        "createdAt": format_instant(alert["created_at"]),
        **alert["detail"],
    }
    return {"EventBusName": bus, "Source": SOURCE, "DetailType": alert["kind"], "Detail": json.dumps(detail)}
