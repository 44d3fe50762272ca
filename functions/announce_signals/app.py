"""Hourly, by EventBridge's scheduled event: announce capacity that crosses a line, opportunities, and pricing signals."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.jobs.run import handle
from billing.operations.announce_signals import announce_signals


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    result: dict[str, Any] = handle(event, context, job=announce_signals)
    return result
