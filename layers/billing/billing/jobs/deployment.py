"""The migrations as a step of a deployment: CloudFormation waits for its answer before the new code takes traffic."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

from billing.telemetry import logger

ANSWER_TIMEOUT = 10
"""Seconds for CloudFormation to take the answer."""

PAUSES_SECONDS = (1, 2, 4, 8)
"""Between one attempt to answer and the next. Without an answer CloudFormation undoes what has succeeded."""

LONGEST_REASON = 1000


@contextmanager
def reported(event: dict[str, Any]) -> Iterator[None]:
    """Tell CloudFormation how the block ended, where `event` is the request of a custom resource.

    An error is answered as FAILED with its reason, which rolls the deployment back, and is raised again. Any other event,
    such as one sent by hand, is answered by the function itself.
    """
    try:
        yield
    except Exception as error:
        _answer(event, "FAILED", _reason(error))
        raise
    _answer(event, "SUCCESS")


def _answer(event: dict[str, Any], status: str, reason: str = "") -> None:
    if "ResponseURL" not in event:
        return
    names = ("StackId", "RequestId", "LogicalResourceId")
    # One id for ever: another would make CloudFormation delete what it takes for the resource before.
    answer = {name: event[name] for name in names} | {"Status": status, "Reason": reason, "PhysicalResourceId": "migrations"}
    # The URL is signed for an empty content type.
    request = Request(event["ResponseURL"], json.dumps(answer).encode(), {"Content-Type": ""}, method="PUT")  # noqa: S310
    for pause in PAUSES_SECONDS:
        try:
            _send(request)
        except OSError as error:
            logger.warning("CloudFormation could not be answered", exc_info=error)
            time.sleep(pause)
        else:
            return
    _send(request)


def _send(request: Request) -> None:
    with urlopen(request, timeout=ANSWER_TIMEOUT):  # noqa: S310 - CloudFormation's own URL
        pass


def _reason(error: Exception) -> str:
    causes = (error, error.__cause__)
    return "; ".join(f"{type(cause).__name__}: {cause}" for cause in causes if cause)[:LONGEST_REASON]
