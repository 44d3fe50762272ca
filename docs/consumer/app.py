"""Tells a campaign's owners of an event, once however often it is delivered (design §16)."""

import json
import os
from typing import Any

import boto3
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent

sns = boto3.client("sns")
seen = DynamoDBPersistenceLayer(table_name=os.environ["SEEN_TABLE"])
# What the outbox sends again is another event to EventBridge: the id in `detail` stays, the id beside it does not.
once = IdempotencyConfig(
    event_key_jmespath="detail.[source, id]", raise_on_no_idempotency_key=True, expires_after_seconds=30 * 86_400
)


@idempotent(config=once, persistence_store=seen)
def lambda_handler(event: dict[str, Any], _context: Any) -> str:
    """The id of the event, also for a repeat of it."""
    detail = event["detail"]
    sns.publish(TopicArn=os.environ["OWNERS_TOPIC"], Subject=detail["type"], Message=json.dumps(detail))
    return str(detail["id"])
