"""The routes of a function behind API Gateway, from the event of a request to its response (design §8)."""

import gc
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic_core import to_json

import billing
from billing.api import caller
from billing.api.body import check_content_type, lower_content_type, parse_body
from billing.api.gateway import check_event
from billing.api.problems import HANDLERS, no_route, problem
from billing.errors import BillingError, FieldError, Invalid, TooLarge, field_error
from billing.telemetry import logger, metrics

RESPONSE_MAX = 6 * 1024 * 1024
"""The bytes of a function's response as JSON, a quota of Lambda; the caller of one that is larger would be told 500."""


class Api(APIGatewayHttpResolver):
    """The routes of one function, for callers whose token has `scope`."""

    def __init__(self, scope: str) -> None:
        super().__init__(
            enable_validation=True,
            json_body_deserializer=parse_body,
            serializer=lambda body: to_json(body).decode(),
            response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
        )
        self.scope = scope
        self.use([_check_query])
        self.not_found(no_route)
        self.exception_handler(RequestValidationError)(self._invalid_request)
        for error, respond in HANDLERS.items():
            self.exception_handler(error)(respond)
        # What a function has loaded stays: the garbage collector need not look at it again in each large response.
        gc.freeze()

    @property
    def company(self) -> str:
        """The company that the caller may act for, or `ALL_COMPANIES`."""
        return str(self.context["company"])

    @property
    def recorded_by(self) -> str:
        """Who is recorded for what the request changes."""
        return caller.recorded_by(self.current_event)

    def require(self, scope: str) -> None:
        """Raises `Forbidden` where the token lacks a scope that the operation needs for this request only."""
        caller.require_scope(self.current_event, scope)

    def handle(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """The response to one request of API Gateway, payload format 2.0."""
        response: dict[str, Any] = _handle(event, context, app=self)
        return response

    def unknown_parameters(self) -> list[FieldError]:
        """The query parameters that the route does not have. Ignoring a misspelt `cursor` would return the first page
        forever."""
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
    try:
        check_event(event)
        event = event | {"headers": lower_content_type(event.get("headers") or {})}
        request = APIGatewayProxyEventV2(event)
        app.context.update(company=caller.caller_company(request, app.scope))
        check_content_type(request)
    except BillingError as error:
        response = _refusal(error)
    else:
        response = app.resolve(event, context)
    # A character takes at most four bytes, or six where it is escaped.
    if len(response["body"] or "") > RESPONSE_MAX / 6 and len(to_json(response)) > RESPONSE_MAX:
        response = _refusal(TooLarge("The response would be over the 6 MB that a function returns. Ask for less at a time."))
    response["headers"]["X-Billing-Version"] = billing.__version__
    outcome = {4: "Refused", 5: "Failed"}.get(response["statusCode"] // 100, "Answered")
    metrics.add_metric(name=outcome, unit=MetricUnit.Count, value=1)
    return response


def _refusal(error: BillingError) -> dict[str, Any]:
    response = problem(error)
    return {"statusCode": response.status_code, "headers": response.headers, "body": response.body}


def _check_query(app: Api, next_middleware: Callable[[Api], Response[Any]]) -> Response[Any]:
    if unknown := app.unknown_parameters():
        raise Invalid("The request has parameters that are not known; see errors.", unknown)
    return next_middleware(app)
