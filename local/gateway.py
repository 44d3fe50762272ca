"""The HTTP API as a WSGI application: each request becomes API Gateway's event, payload format 2.0, for the function that
`template.yaml` gives its route. It has no authorizer: the claims come from `X-Company-Id` and `X-Scopes` (design §9)."""

import base64
import json
import mimetypes
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import Map, RequestRedirect, Rule
from werkzeug.wrappers import Request, Response

from local import console
from local.aws_events import ALL_SCOPES, PLATFORM_SCOPE, http_request
from local.runtime import functions, invoke
from local.tools import docs

BODY_BYTES_MAX = 10 * 1024 * 1024
"""The limit of API Gateway."""
_START_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Campaign billing</title>
<h1>Campaign billing</h1>
<p><a href="/console/">The console: what was used, what it costs, and why</a></p>
<p><a href="/docs">The API: every call, to read and to try</a></p>
<p><a href="/openapi.json">Its contract, as OpenAPI</a></p>
"""
"""What a browser shows at `/`; any other client gets the routes as text."""
TEXTS = {"application/json", "application/javascript", "application/xml"}


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The WSGI application."""
    request = Request(environ)
    request.max_content_length = BODY_BYTES_MAX
    # A page of another site whose name points to this machine is not a caller.
    request.trusted_hosts = ["127.0.0.1", "localhost"]
    return _answer(request)(environ, start_response)


def _answer(request: Request) -> Response:
    try:
        (name, path), parameters = _routes().bind_to_environ(request.environ).match()
        return _response(invoke(name, event(request, path, parameters))) if name else _page(request, path)
    except RequestRedirect as redirect:
        return Response(status=redirect.code, headers={"Location": redirect.new_url})
    except HTTPException as error:
        return _problem(error)
    except Exception:  # as Lambda does: whatever a handler lets through is an internal error of the API
        traceback.print_exc()
        return Response(json.dumps({"message": "Internal Server Error"}), 500, mimetype="application/json")


def index() -> str:
    """The routes and how to call them, a line each."""
    routes = [(route.method, route.path) for function in functions().values() for route in function.routes]
    headers = "Headers: X-Company-Id (absent: the platform), X-Scopes (absent: all)."
    return "\n".join(
        [
            *(f"  {method:<7}{path}" for method, path in routes),
            headers,
            "To look at: /console. To try it out: /docs, /openapi.json",
        ]
    )


def _page(request: Request, path: str) -> Response:
    if path == "/":
        as_page = request.accept_mimetypes.best_match(["text/plain", "text/html"]) == "text/html"
        return Response(_START_PAGE, mimetype="text/html") if as_page else Response(index() + "\n")
    if path in console.PATHS:
        return console.page(path)
    file = docs.PAGES[path]
    return Response(file.read_bytes(), mimetype=mimetypes.guess_type(file)[0])


@cache
def _routes() -> Map:
    """The routes of the template; an endpoint is a function's name and its route. `/` lists them."""
    declared = [(function.name, route) for function in functions().values() for route in function.routes]
    rules = [_rule(route.method, route.path, name) for name, route in declared]
    pages = [_rule("GET", path, None) for path in ("/", *docs.PAGES, *console.PATHS)]
    return Map([*pages, *rules], merge_slashes=False)


def _rule(method: str, path: str, name: str | None) -> Rule:
    rule = Rule(path.replace("{", "<").replace("}", ">"), methods=[method], endpoint=(name, path))
    rule.methods = {method}  # no HEAD beside a GET: API Gateway has none
    return rule


def event(request: Request, path: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The request as API Gateway's HTTP API sends it, payload format 2.0."""
    body, is_base64 = _body(request)
    return http_request(
        request.method,
        request.path,
        host=request.host,  # raises where it is not one of `trusted_hosts`
        route=path,
        claims=_claims(request),
        query={name: ",".join(values) for name, values in request.args.lists()},
        raw_query=request.query_string.decode("latin-1"),
        parameters=parameters,
        headers={name.lower(): value for name, value in request.headers if name != "Cookie"},
        cookies=[cookie.strip() for cookie in request.headers.get("Cookie", "").split(";") if cookie.strip()],
        body=body,
        is_base64=is_base64,
        source_ip=request.remote_addr,
        protocol=request.environ["SERVER_PROTOCOL"],
    )


def _claims(request: Request) -> dict[str, str]:
    company = request.headers.get("X-Company-Id")
    scopes = request.headers.get("X-Scopes", ALL_SCOPES).replace(",", " ").split()
    # An empty header, as of a script whose variable is not set, is no company, and so not the platform either.
    scopes += [PLATFORM_SCOPE] if company is None else []
    return ({} if company is None else {"company_id": company}) | {"scope": " ".join(scopes)}


def _body(request: Request) -> tuple[str | None, bool]:
    """A text as it is, everything else as base64; and whether it is base64."""
    data = request.get_data()
    if not data:
        return None, False
    if _is_text(request.mimetype):
        with suppress(UnicodeDecodeError):
            return data.decode(), False
    return base64.b64encode(data).decode(), True


def _is_text(mimetype: str) -> bool:
    return mimetype in TEXTS or mimetype.startswith("text/") or mimetype.endswith(("+json", "+xml"))


def _response(answer: dict[str, Any]) -> Response:
    body = answer.get("body") or ""
    headers = Headers(answer.get("headers"))
    headers.setdefault("Content-Type", "application/json")
    for cookie in answer.get("cookies") or ():
        headers.add("Set-Cookie", cookie)
    return Response(base64.b64decode(body) if answer.get("isBase64Encoded") else body, answer["statusCode"], headers)


def _problem(error: HTTPException) -> Response:
    detail = "There is no such route; /docs shows them all." if isinstance(error, NotFound) else error.description
    body = {"type": "about:blank", "title": error.name, "status": error.code, "detail": detail}
    headers = {"Allow": ", ".join(sorted(error.valid_methods or ()))} if isinstance(error, MethodNotAllowed) else {}
    return Response(json.dumps(body), error.code, headers, content_type="application/problem+json")
