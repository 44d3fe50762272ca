"""Daily, by EventBridge's scheduled event: reconcile the books of every company."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.jobs.run import handle
from billing.operations.reconcile import reconcile


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    result: dict[str, Any] = handle(event, context, job=reconcile)
    return result
