"""Errors as responses, `application/problem+json` (RFC 9457; design §8), and what the log keeps of them."""

import json
import traceback
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestUnsupportedContentType
from pg8000.native import DatabaseError

from billing.api.body import NOT_JSON
from billing.database.session import server_message
from billing.errors import BillingError, DatabaseUnavailable, Malformed, NotFound
from billing.telemetry import logger

RETRY_AFTER_SECONDS = "2"


def problem(error: BillingError) -> Response[str]:
    """The response that states an error."""
    body: dict[str, Any] = {"type": "about:blank", "title": error.title, "status": error.status, "detail": error.detail}
    if error.errors:
        body["errors"] = [{"pointer": item.pointer, "detail": item.detail} for item in error.errors]
    headers: dict[str, str | list[str]] = {"Content-Type": "application/problem+json"}
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = RETRY_AFTER_SECONDS
    return Response(status_code=error.status, headers=headers, body=json.dumps(body))


def no_route(_: Exception) -> Response[str]:
    """The response where no route matches the request."""
    return problem(NotFound("There is no such route."))


def _failed(error: BillingError) -> Response[str]:
    if error.status >= 500:
        _log(error)
    return problem(error)


def _unexpected(error: Exception) -> Response[str]:
    _log(error)
    return problem(BillingError("Something went wrong on our side. The error has been logged."))


def _unsupported_content(_: Exception) -> Response[str]:
    return problem(Malformed(NOT_JSON))


def _not_utf8(_: Exception) -> Response[str]:
    return problem(Malformed("The body is not UTF-8."))


HANDLERS: dict[type[Exception], Callable[[Any], Response[str]]] = {
    BillingError: _failed,
    RequestUnsupportedContentType: _unsupported_content,
    UnicodeDecodeError: _not_utf8,
    Exception: _unexpected,
}
"""The response to each error that may reach the resolver; the class nearest to the error's own decides."""


def _log(error: Exception) -> None:
    """Logs what failed and where, without an exception's message, which may quote the caller's values or the statement."""
    cause = error.__cause__
    said = server_message(cause) if isinstance(cause, DatabaseError) else repr(cause)
    trace = traceback.format_tb((cause or error).__traceback__)
    logger.error(
        type(error).__name__, cause=said if isinstance(error, DatabaseUnavailable) else type(cause).__name__, trace=trace
    )
