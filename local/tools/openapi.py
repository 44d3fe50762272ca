"""`make openapi`: the contract of all functions with routes, as OpenAPI 3.1 in `openapi.json` (design §8).

Paths, parameters, bodies and answers come from the handlers, the errors from `billing.errors`; what no handler can say of
the whole API is said here.
"""

import importlib
import inspect
import json
import sys
from typing import Any

from aws_lambda_powertools.event_handler.openapi.constants import DEFAULT_OPENAPI_RESPONSE_DESCRIPTION
from aws_lambda_powertools.event_handler.openapi.merge import OpenAPIMerge
from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer, Tag

import billing
from billing.errors import BillingError, DatabaseUnavailable, Invalid
from local.postgres import ROOT
from local.runtime import functions
from local.template import Function

DOCUMENT = ROOT / "openapi.json"
DESCRIPTION = """\
Records what social-impact campaigns use, exactly once, and says what it costs.

**Who may.** A JWT of the API's issuer, as a bearer token. Its `company_id` claim confines the caller to that company:
whatever is another's is not found. Scopes: `billing/usage.write` to record usage, `billing/read`, `billing/write` to link
campaigns and to add credits; with `billing/platform` besides, a token acts for all companies.

**Limits.** A body of 5 MB; 1 to 1,000 events a batch; metadata of 8 KB as JSON and 32 levels; a period of five years; 1,000
records a page. An id has 1 to 128 characters. Text with NUL or a lone surrogate is refused, and so is a field or a parameter
that is not known.

**Numbers.** Quantities, money and shares are strings in answers, and numbers or strings in requests. They are exact.

**Errors** are `application/problem+json` (RFC 9457), with a JSON pointer for each bad field or parameter. What API Gateway
itself refuses, before a function is called, has only a `message`; so has a route or a method that there is not (404).
After 429 and 503 send the same request again: nothing is ever recorded twice.

**Version.** The header `X-Billing-Version` of each response, except API Gateway's own, is the `version` of this document.
"""
SCOPES = (
    "Scopes: billing/usage.write, billing/usage.correct, billing/read, billing/write, billing/terms.write, "
    "billing/invoice.write; billing/platform to act for all companies."
)
TAGS = {
    "Usage": "What campaigns use, and what that costs.",
    "Credits": "Prepaid credits.",
    "Terms": "What campaigns are charged by, from when on.",
    "Invoices": "Invoices and credit notes, and who they are from and to.",
    "Signals": "Capacity, forecasts, prices and opportunities, each with its inputs.",
    "Companies": "The customers.",
    "Bundles": "Subscriptions, and the campaigns that share them.",
}

GATEWAY_STATUSES = {401, 403, 413, 429, 500, 503}
"""What API Gateway may answer by itself."""

BY_POWERTOOLS = {"422", "500"}
"""The responses that Powertools adds to every route, in shapes of its own."""

ERRORS = {error.status: error for error in BillingError.__subclasses__()} | {BillingError.status: BillingError}
COMPONENTS: dict[str, Any] = {
    "Problem": {
        "type": "object",
        "description": "RFC 9457.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "const": "about:blank"},
            "title": {"type": "string", "enum": [error.title for error in ERRORS.values()]},
            "status": {"type": "integer", "enum": list(ERRORS)},
            "detail": {"type": "string"},
            "errors": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/FieldError"}},
        },
        "additionalProperties": False,
    },
    "FieldError": {
        "type": "object",
        "description": "One bad field.",
        "required": ["pointer", "detail"],
        "properties": {
            "pointer": {
                "type": "string",
                "description": "A JSON pointer (RFC 6901) into the body, or `/` and the parameter's name.",
                "format": "json-pointer",
                "examples": ["/allocationPercentage"],
            },
            "detail": {"type": "string", "examples": ["must be above 0 and at most 1"]},
        },
        "additionalProperties": False,
    },
    "GatewayMessage": {
        "type": "object",
        "required": ["message"],
        "properties": {"message": {"type": ["string", "null"], "examples": ["Unauthorized"]}},
    },
}


class AmbiguousName(Exception):
    """Two shapes have one name, of which the document would show only one; the message names it."""


class MissingSample(Exception):
    """A function with a route has no sample event; the message names the file."""


def main() -> None:
    DOCUMENT.write_text(json.dumps(document(), indent=2, ensure_ascii=False) + "\n")


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    merge = OpenAPIMerge(
        title="Campaign billing",
        version=billing.__version__,
        description=DESCRIPTION,
        tags=[Tag(name=name, description=description) for name, description in TAGS.items()],
        security_schemes={"token": HTTPBearer(bearerFormat="JWT", description=SCOPES)},
        on_conflict="error",
    )
    named: dict[str, Any] = {}
    for function in functions().values():
        if function.routes:
            described = _described(function)
            shapes = described["components"]["schemas"]
            for name in named.keys() & shapes.keys():
                if named[name] != shapes[name]:
                    raise AmbiguousName(
                        f"{function.name} has a shape named {name}, and so has another function, which differs."
                    )
            named |= shapes
            merge.add_schema(described)
    return _tidied(json.loads(merge.get_openapi_json_schema()))


def _described(function: Function) -> dict[str, Any]:
    """The schema of one function, with what Powertools cannot know."""
    module = importlib.import_module(function.module)
    schema: dict[str, Any] = json.loads(module.app.get_openapi_json_schema())
    for methods in schema["paths"].values():
        for method, operation in methods.items():
            summary = (inspect.getdoc(module) or "").partition(": ")[2]
            operation |= {
                "operationId": function.name,
                "summary": summary[:1].upper() + summary[1:],
                "description": _text(getattr(module, method)),
                "security": [{"token": [module.app.scope]}],
                "responses": _responses(operation),
            }
            _add_examples(function.name, operation)
    return schema


def _responses(operation: dict[str, Any]) -> dict[str, Any]:
    """What the route declares in the handler, and the errors that every route like it has."""
    declared = {int(status): response for status, response in operation["responses"].items() if status not in BY_POWERTOOLS}
    content = next(iter(declared.values()))["content"]
    outcomes = {status: response["description"] for status, response in declared.items()}
    if outcomes == {200: DEFAULT_OPENAPI_RESPONSE_DESCRIPTION}:
        outcomes = {}
    answers = {status for status in outcomes if status < 300} or {200}
    errors = {status for status in outcomes if status >= 400} | {400, 401, 403, 413, 422, 429, 500, 503}
    errors |= {404} if any(parameter["in"] == "path" for parameter in operation.get("parameters", ())) else set()
    responses = {
        str(status): {"description": outcomes.get(status, "Done.")} | ({"content": content} if status != 204 else {})
        for status in sorted(answers)
    }
    shared = {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(errors - outcomes.keys())}
    return responses | shared | {str(status): _error(status, outcomes[status]) for status in errors & outcomes.keys()}


def _error(status: int, description: str) -> dict[str, Any]:
    content = {}
    if status in ERRORS:
        problem = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": _problem(status, description)}
        content["application/problem+json"] = problem
    if status in GATEWAY_STATUSES:
        content["application/json"] = {"schema": {"$ref": "#/components/schemas/GatewayMessage"}}
    response: dict[str, Any] = {"description": description, "content": content}
    if status == DatabaseUnavailable.status:
        header = {"description": "Seconds to wait.", "schema": {"type": "string", "pattern": "^[0-9]+$"}}
        response["headers"] = {"Retry-After": header}
    return response


def _problem(status: int, detail: str) -> dict[str, Any]:
    problem = {"type": "about:blank", "title": ERRORS[status].title, "status": status, "detail": detail}
    if status == Invalid.status:
        problem["errors"] = [{"pointer": "/allocationPercentage", "detail": "must be above 0 and at most 1"}]
    return problem


def _shared_errors() -> dict[str, Any]:
    words = {error.status: _text(error) for error in BillingError.__subclasses__()}
    words |= {429: "Too many requests at once. Send the same again, later.", 500: "A fault of ours; it has been logged."}
    return {str(status): _error(status, words[status]) for status in sorted(words)}


def _add_examples(name: str, operation: dict[str, Any]) -> None:
    """Those of the sample event, which a test sends to the handler."""
    sample = ROOT / "events" / f"{name}.json"
    if not sample.exists():
        raise MissingSample(
            f"{sample.relative_to(ROOT)} is missing: the examples of {name} in the document are those of its event."
        )
    event = json.loads(sample.read_text())
    given = event.get("pathParameters", {}) | event.get("queryStringParameters", {})
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in given:
            parameter["example"] = given[parameter["name"]]
    if "requestBody" in operation:
        operation["requestBody"]["content"]["application/json"]["example"] = json.loads(event["body"])


def _tidied(merged: dict[str, Any]) -> dict[str, Any]:
    schemas = merged["components"]["schemas"]
    for powertools in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        del schemas[powertools]
    events = schemas["UsageBatch"]["properties"]["events"]
    schemas["UsageEvent"], events["items"] = events["items"], {"$ref": "#/components/schemas/UsageEvent"}
    merged["paths"] = _untitled(merged["paths"])
    merged["components"]["schemas"] = dict(sorted((_untitled(schemas) | COMPONENTS).items()))
    merged["components"]["responses"] = _shared_errors()
    return merged


def _untitled(node: Any) -> Any:
    """Without pydantic's titles, which repeat the names."""
    if isinstance(node, list):
        return [_untitled(item) for item in node]
    if isinstance(node, dict):
        return {key: _untitled(value) for key, value in node.items() if key != "title" or not isinstance(value, str)}
    return node


def _text(documented: object) -> str:
    return " ".join((inspect.getdoc(documented) or "").split())


if __name__ == "__main__":
    try:
        main()
    except (AmbiguousName, MissingSample) as error:
        sys.exit(str(error))
