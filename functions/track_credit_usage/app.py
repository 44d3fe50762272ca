"""Hourly, by EventBridge's scheduled event: charge the activities of the credits campaigns, publish alerts."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.jobs.run import handle
from billing.operations.track_credit_usage import track_credit_usage


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    result: dict[str, Any] = handle(event, context, job=track_credit_usage)
    return result
