"""Hourly, by EventBridge's scheduled event: one seat_usage record for each running campaign."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.jobs.run import handle
from billing.operations.track_seat_usage import track_seat_usage


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    result: dict[str, Any] = handle(event, context, job=track_seat_usage)
    return result
