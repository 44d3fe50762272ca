"""The migrations as a step of a deployment: CloudFormation waits for its response before the new code takes traffic."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

from billing.telemetry import logger

CLOUDFORMATION_TIMEOUT_SECONDS = 10
"""The time for CloudFormation to accept the response."""

PAUSES_SECONDS = (1, 2, 4, 8)
"""The pauses between attempts to respond. Without a response CloudFormation rolls back what has succeeded."""

REASON_CHARACTERS_MAX = 1000


@contextmanager
def responding_to_cloudformation(event: dict[str, Any]) -> Iterator[None]:
    """Tell CloudFormation how the block ended, where `event` is the request of a custom resource.

    An error is reported as FAILED with its reason, which rolls the deployment back, and is raised again. Any other event,
    such as one sent by hand, needs no report: the function returns its result.
    """
    try:
        yield
    except Exception as error:
        _respond(event, "FAILED", _reason(error))
        raise
    _respond(event, "SUCCESS")


def _respond(event: dict[str, Any], status: str, reason: str = "") -> None:
    if "ResponseURL" not in event:
        return
    names = ("StackId", "RequestId", "LogicalResourceId")
    # A constant id: if it changed, CloudFormation would delete the resource it believes was replaced.
    response = {name: event[name] for name in names} | {"Status": status, "Reason": reason, "PhysicalResourceId": "migrations"}
    # The URL is signed for an empty content type.
    request = Request(event["ResponseURL"], json.dumps(response).encode(), {"Content-Type": ""}, method="PUT")  # noqa: S310
    for pause in PAUSES_SECONDS:
        try:
            _send(request)
        except OSError as error:
            logger.warning("The response to CloudFormation failed", exc_info=error)
            time.sleep(pause)
        else:
            return
    _send(request)


def _send(request: Request) -> None:
    with urlopen(request, timeout=CLOUDFORMATION_TIMEOUT_SECONDS):  # noqa: S310 - CloudFormation's own URL
        pass


def _reason(error: Exception) -> str:
    causes = (error, error.__cause__)
    return "; ".join(f"{type(cause).__name__}: {cause}" for cause in causes if cause)[:REASON_CHARACTERS_MAX]
