"""A batch of messages of the usage queue: each is one event, recorded exactly once."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.jobs.queue import consume
from billing.operations.ingest_usage import ingest_usage


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    result: dict[str, Any] = consume(event, context, ingest=ingest_usage)
    return result
