"""Hourly, by EventBridge's scheduled event: close the months whose grace is over, and issue their documents."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.jobs.run import handle
from billing.operations.issue_invoices import issue_invoices


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    result: dict[str, Any] = handle(event, context, job=issue_invoices)
    return result
