"""The edge to API Gateway: who calls, what the body says, and errors as problem+json (design §8, RFC 9457)."""

import json
import re
import threading
import traceback
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestUnsupportedContentType, RequestValidationError
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.typing import LambdaContext
from pg8000.native import DatabaseError
from pydantic_core import to_json

import billing
from billing.contract.parsing import parse_json
from billing.contract.types import is_storable
from billing.database.session import ALL_COMPANIES, server_message
from billing.errors import (
    BillingError,
    DatabaseUnavailable,
    FieldError,
    Forbidden,
    Invalid,
    Malformed,
    NotFound,
    Unauthenticated,
    field_error,
)
from billing.periods import InvalidPeriod
from billing.telemetry import logger, metrics

PLATFORM_SCOPE = "billing/platform"
RETRY_AFTER_SECONDS = "2"
NOT_JSON = "The body must be JSON, with the content type application/json."

# Powertools keeps the request on a class, and an execution environment serves one at a time. A process with threads
# (a local gateway, a test) has to do the same.
_one_at_a_time = threading.Lock()


class Api(APIGatewayHttpResolver):
    """The routes of one function, for callers whose token has `scope`."""

    def __init__(self, scope: str) -> None:
        super().__init__(
            enable_validation=True,
            json_body_deserializer=parse_json,
            serializer=lambda body: to_json(body).decode(),
            response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
        )
        self.scope = scope
        self.exception_handler(BillingError)(_refused)
        self.exception_handler(RequestValidationError)(self._invalid_request)
        self.exception_handler(RequestUnsupportedContentType)(_unsupported_content)
        self.exception_handler(InvalidPeriod)(_invalid_period)
        self.exception_handler(UnicodeDecodeError)(_not_utf8)
        self.use([_check_query])
        self.exception_handler(Exception)(_unexpected)
        self.not_found(_no_route)

    @property
    def company(self) -> str:
        """The company that the caller may act for, or `ALL_COMPANIES`."""
        return str(self.context["company"])

    @property
    def recorded_by(self) -> str:
        """Who is recorded for what the request changes (design §10): the token's `sub`, or `client_id`, or `unknown`."""
        claims = self.current_event.request_context.authorizer.jwt_claim
        names = (str(claims.get(claim) or "") for claim in ("sub", "client_id"))
        return next((name for name in names if name and is_storable(name)), "unknown")

    def require(self, scope: str) -> None:
        """Raises `Forbidden` where the token lacks a scope that the operation needs for this request only."""
        if scope not in caller_scopes(self.current_event):
            raise Forbidden(f"The token lacks the scope {scope}.")

    def handle(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Answer one request of API Gateway, payload format 2.0."""
        with _one_at_a_time:
            answer: dict[str, Any] = _handle(event, context, app=self)
            return answer

    def unknown_parameters(self) -> list[FieldError]:
        """The query parameters that the route does not have. A misspelt `cursor` would be the first page for ever."""
        route = self.context["_route"]
        if route not in (*self._static_routes, *self._dynamic_routes):  # Powertools makes one of its own for a 404
            return []
        known = {field.alias for field in route.dependant.query_params}
        unknown = self.current_event.query_string_parameters.keys() - known
        return [field_error({"loc": ("query", name), "type": "extra_forbidden"}) for name in sorted(unknown)]

    def _invalid_request(self, error: RequestValidationError) -> Response[str]:
        errors = [*map(field_error, error.errors()), *self.unknown_parameters()]
        return problem(Invalid("The request breaks a rule; see errors.", errors))


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
@metrics.log_metrics(capture_cold_start_metric=True)
def _handle(event: dict[str, Any], context: LambdaContext, app: Api) -> dict[str, Any]:
    event = event | {"headers": _lower_content_type(event.get("headers") or {})}
    try:
        request = APIGatewayProxyEventV2(event)
        app.context.update(company=caller_company(request, app.scope))
        check_content_type(request)
    except BillingError as error:
        refusal = problem(error)
        answer: dict[str, Any] = {"statusCode": refusal.status_code, "headers": refusal.headers, "body": refusal.body}
    else:
        answer = app.resolve(event, context)
    answer["headers"]["X-Billing-Version"] = billing.__version__
    outcome = {4: "Refused", 5: "Failed"}.get(answer["statusCode"] // 100, "Answered")
    metrics.add_metric(name=outcome, unit=MetricUnit.Count, value=1)
    return answer


def _lower_content_type(headers: Mapping[str, str]) -> dict[str, str]:
    # Media types are the same in either case, but not to Powertools.
    return {name: value.lower() if name.lower() == "content-type" else value for name, value in headers.items()}


def caller_company(event: APIGatewayProxyEventV2, scope: str) -> str:
    """The company in the token's claims, or `ALL_COMPANIES` for the platform (design §8, who may).

    Raises `Unauthenticated` without claims, `Forbidden` without the scope or without a company.
    """
    scopes = caller_scopes(event)
    claims = _claims(event)
    if scope not in scopes:
        raise Forbidden(f"The token lacks the scope {scope}.")
    if PLATFORM_SCOPE in scopes:
        return ALL_COMPANIES
    company = str(claims.get("company_id") or "")
    if company in ("", ALL_COMPANIES) or not is_storable(company):
        raise Forbidden("The token names no company.")
    return company


def caller_scopes(event: APIGatewayProxyEventV2) -> set[str]:
    """The scopes of the token. Raises `Unauthenticated` without claims."""
    claims, authorizer = _claims(event), event.request_context.authorizer
    if not claims:
        raise Unauthenticated("The request has no valid token.")
    return {*_claimed_scopes(claims), *(authorizer.jwt_scopes or [] if authorizer else [])}


def _claims(event: APIGatewayProxyEventV2) -> Mapping[str, Any]:
    authorizer = event.request_context.authorizer
    return authorizer.jwt_claim if authorizer else {}


def _claimed_scopes(claims: Mapping[str, Any]) -> list[str]:
    # API Gateway makes one text of a claim that is a list: `[a b]`.
    return re.split(r"[\[\], ]+", str(claims.get("scope", claims.get("scp", ""))))


def check_content_type(event: APIGatewayProxyEventV2) -> None:
    """Raises `Malformed` for a body that says it is not JSON: Powertools would take a form for an object."""
    declared = event.headers.get("content-type") or "application/json"
    if event.body and declared.split(";")[0].strip() != "application/json":
        raise Malformed(NOT_JSON)


def problem(error: BillingError) -> Response[str]:
    """An error as `application/problem+json`."""
    body: dict[str, Any] = {"type": "about:blank", "title": error.title, "status": error.status, "detail": error.detail}
    if error.errors:
        body["errors"] = [{"pointer": item.pointer, "detail": item.detail} for item in error.errors]
    headers: dict[str, str | list[str]] = {"Content-Type": "application/problem+json"}
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = RETRY_AFTER_SECONDS
    return Response(status_code=error.status, headers=headers, body=json.dumps(body))


def _invalid_period(error: InvalidPeriod) -> Response[str]:
    field = FieldError(f"/{error.field}", error.reason)
    return problem(Invalid("The period cannot be used; see errors.", [field]))


def _unsupported_content(_: RequestUnsupportedContentType) -> Response[str]:
    return problem(Malformed(NOT_JSON))


def _not_utf8(_: UnicodeDecodeError) -> Response[str]:
    return problem(Malformed("The body is not UTF-8."))


def _no_route(_: Exception) -> Response[str]:
    return problem(NotFound("There is no such route."))


def _refused(error: BillingError) -> Response[str]:
    if error.status >= 500:
        _log(error)
    return problem(error)


def _unexpected(error: Exception) -> Response[str]:
    _log(error)
    return problem(BillingError("Something went wrong on our side. The error has been logged."))


def _log(error: Exception) -> None:
    """What failed and where. What an exception says is left out: it may quote the caller's values or the statement."""
    cause = error.__cause__
    said = server_message(cause) if isinstance(cause, DatabaseError) else repr(cause)
    trace = traceback.format_tb((cause or error).__traceback__)
    logger.error(
        type(error).__name__, cause=said if isinstance(error, DatabaseUnavailable) else type(cause).__name__, trace=trace
    )


def _check_query(app: Api, next_middleware: Callable[[Api], Response[Any]]) -> Response[Any]:
    if unknown := app.unknown_parameters():
        raise Invalid("The request has parameters that are not known; see errors.", unknown)
    return next_middleware(app)
