"""The HTTP API as a WSGI application: each request becomes API Gateway's event, payload format 2.0, for the function that
`template.yaml` gives its route. It has no authorizer: the claims come from `X-Company-Id` and `X-Scopes` (design §9)."""

import base64
import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from local.runtime import functions, invoke

ALL_SCOPES = "billing/usage.write billing/read billing/write"
PLATFORM_SCOPE = "billing/platform"
LARGEST_BODY = 10 * 1024 * 1024
"""What API Gateway takes."""


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The WSGI application."""
    request = Request(environ)
    request.max_content_length = LARGEST_BODY
    return _answer(request)(environ, start_response)


def _answer(request: Request) -> Response:
    try:
        (name, path), parameters = routes().bind_to_environ(request.environ).match()
        return _response(invoke(name, event(request, path, parameters)))
    except HTTPException as error:
        return _problem(error)
    except Exception as error:  # as Lambda does: whatever a handler lets through is an internal error of the API
        print(f"{request.method} {request.path}: {error!r}", flush=True)
        return Response(json.dumps({"message": "Internal Server Error"}), 500, mimetype="application/json")


def routes() -> Map:
    """The routes of the template; an endpoint is a function's name and its route."""
    return Map(
        [
            Rule(_pattern(route.path), methods=[route.method], endpoint=(function.name, route.path))
            for function in functions().values()
            for route in function.routes
        ],
        strict_slashes=False,
        merge_slashes=False,
    )


def _pattern(path: str) -> str:
    return path.replace("{", "<").replace("}", ">")


def event(request: Request, path: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The request as API Gateway's HTTP API sends it, payload format 2.0."""
    route_key = f"{request.method} {path}"
    scopes = request.headers.get("X-Scopes", ALL_SCOPES).replace(",", " ").split()
    company = request.headers.get("X-Company-Id")
    claims = {"company_id": company} if company else {}
    scopes += [] if company else [PLATFORM_SCOPE]
    query = {name: ",".join(values) for name, values in request.args.lists()}
    return {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": request.path,
        "rawQueryString": request.query_string.decode("latin-1"),
        "headers": {name.lower(): value for name, value in request.headers},
        **({"queryStringParameters": query} if query else {}),
        **({"pathParameters": dict(parameters)} if parameters else {}),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "authorizer": {"jwt": {"claims": claims | {"scope": " ".join(scopes)}, "scopes": scopes}},
            "domainName": request.host,
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": request.environ["SERVER_PROTOCOL"],
                "sourceIp": request.remote_addr,
                "userAgent": request.headers.get("User-Agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": route_key,
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime()),
            "timeEpoch": time.time_ns() // 1_000_000,
        },
        **_body(request.get_data()),
    }


def _body(data: bytes) -> dict[str, Any]:
    if not data:
        return {"isBase64Encoded": False}
    try:
        return {"body": data.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(data).decode(), "isBase64Encoded": True}


def _response(answer: dict[str, Any]) -> Response:
    body = answer.get("body") or ""
    data = base64.b64decode(body) if answer.get("isBase64Encoded") else body
    return Response(data, answer["statusCode"], answer.get("headers"))


def _problem(error: HTTPException) -> Response:
    body = {"type": "about:blank", "title": error.name, "status": error.code, "detail": error.description}
    headers = {"Allow": ", ".join(error.valid_methods or ())} if isinstance(error, MethodNotAllowed) else {}
    return Response(json.dumps(body), error.code, headers, content_type="application/problem+json")
