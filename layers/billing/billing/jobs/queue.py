"""The edge to the usage queue: messages in, and for each whether it is done with (design §8).

A message whose event is in the ledger is done with. One whose event can never be recorded is sent to the dead-letter queue
with its reason in the message attribute `reason`, and then is done with too. Every other message is reported as failed, so
that SQS delivers it again: all of them where the database cannot be reached.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing import settings
from billing.contract.results import Result
from billing.errors import DatabaseUnavailable
from billing.telemetry import logger, metrics

IN_THE_LEDGER = ("recorded", "duplicate")
REASON_CHARACTERS_MAX = 1000

Ingest = Callable[[Sequence[str], datetime], list[Result]]

_processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False, logger=logger)  # type: ignore[arg-type]


class Undelivered(Exception):
    """A message that cannot be recorded, and that no dead-letter queue has taken. SQS delivers it again."""


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics(capture_cold_start_metric=True)
def consume(event: dict[str, Any], context: LambdaContext, ingest: Ingest) -> PartialItemFailureResponse:
    """Ingest the messages of one delivery, and respond with those that have to come again."""
    messages = event["Records"]
    try:
        results = ingest([message["body"] for message in messages], datetime.now(UTC))
    except DatabaseUnavailable as error:
        logger.error("The database cannot be reached: all messages wait", cause=repr(error.__cause__))
        metrics.add_metric(name="UsageWaits", unit=MetricUnit.Count, value=len(messages))
        return {"batchItemFailures": [{"itemIdentifier": message["messageId"]} for message in messages]}
    _count(results)
    by_message = {message["messageId"]: result for message, result in zip(messages, results, strict=True)}
    return process_partial_response(event, lambda record: _settle(record, by_message[record.message_id]), _processor, context)


def _settle(message: SQSRecord, result: Result) -> None:
    if result.status in IN_THE_LEDGER:
        return
    # What SQS takes in an attribute: a name that the caller made up may hold other characters.
    reason = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in result.reason or "")[:REASON_CHARACTERS_MAX]
    logger.warning("A message cannot be recorded", message_id=message.message_id, reason=reason)
    if not (queue := settings.usage_dead_letters()):
        raise Undelivered(reason)
    _sqs().send_message(
        QueueUrl=queue,
        MessageBody=message.body,
        MessageAttributes={"reason": {"DataType": "String", "StringValue": reason}},
    )


@cache
def _sqs() -> Any:
    import boto3  # a third of a second at a cold start, so only where there is a dead letter

    return boto3.client("sqs")


def _count(results: list[Result]) -> None:
    for name, statuses in {"UsageIngested": IN_THE_LEDGER, "UsageRefused": ("rejected", "conflict")}.items():
        value = sum(result.status in statuses for result in results)
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
