"""`make verify STAGE=dev [TOKEN=…]`: whether what is deployed works, seen from outside.

Each route has to refuse a request without a token. With one of the scopes it has to be the function that answers, as
problem+json or with what was asked for: an unknown campaign is 404 then, and an empty body 400 or 422. The migrations have
to be those of this checkout, and no job's last run may have failed. A console has to be there with its headers and the
stack's configuration, and its address has to answer the same routes.
"""

import os
import re
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlsplit
from urllib.request import urlopen

from billing.operations.migrate import MIGRATIONS
from local.stage.stage import CallFailed, NoStage, Stage
from local.template import Route, functions

TIMEOUT = 30
"""Seconds, as API Gateway's own."""

NO_ROUTE = 404
UNKNOWN = "verify-nothing-of-this-name"


def verify(stage: Stage, token: str | None) -> bool:
    """Print what is found; whether all of it is as it should be."""
    failures = [*_routes(stage.output("ApiUrl"), token), *_state(stage)]
    if "ConsoleUrl" in stage.outputs:
        failures += [*_console(stage), *_routes(stage.output("ConsoleUrl"), token)]
    print("\n".join(failures) or "As it should be.")
    return not failures


def _routes(url: str, token: str | None) -> Iterator[str]:
    routes = [route for function in functions().values() for route in function.routes]
    for route in routes:
        status, _ = _request(url, route, None)
        if status != 401:
            why = "; the API has no such route" if status == NO_ROUTE else ""
            yield f"{route.method} {route.path}: {status} without a token, not 401{why}"
        if token:
            status, content_type = _request(url, route, token)
            by_function = status < 400 or content_type == "application/problem+json"
            if status in (401, 403) or status >= 500 or not by_function:
                yield f"{route.method} {route.path}: {status} {content_type} with the token"
    print(
        f"{len(routes)} routes asked {'without and with a token' if token else 'without a token (TOKEN=… asks with one too)'}."
    )


def _request(url: str, route: Route, token: str | None) -> tuple[int, str]:
    parts = urlsplit(url)
    make = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = make(parts.netloc, timeout=TIMEOUT)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = None if route.method in ("GET", "DELETE") else ""
    connection.request(route.method, re.sub(r"\{\w+\}", UNKNOWN, route.path), body, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers.get_content_type()


def _console(stage: Stage) -> Iterator[str]:
    url = stage.output("ConsoleUrl")
    try:
        with urlopen(url, timeout=TIMEOUT) as page, urlopen(f"{url}config.json", timeout=TIMEOUT) as config:
            if "Content-Security-Policy" not in page.headers:
                yield f"{url} has no Content-Security-Policy"
            if config.read().decode() != stage.output("ConsoleConfig"):
                yield f"{url}config.json is not the stack's: make console-upload STAGE={stage.name}"
    except OSError as error:
        yield f"{url} cannot be read ({error}): make console-upload STAGE={stage.name}"


def _state(stage: Stage) -> Iterator[str]:
    state = stage.call(stage.output("MigrateFunction"), {"action": "status"})
    if missing := sorted({path.stem for path in MIGRATIONS.glob("*.sql")} - set(state["migrations"])):
        yield f"Migrations of this checkout that were not applied: {', '.join(missing)}"
    for run in state["runs"]:
        print(f"{run['job']}: {run['status']} for {run['hour']}")
        if run["status"] == "failed":
            yield f"The last run of {run['job']} failed, for {run['hour']}"
    print(f"{len(state['migrations'])} migrations applied, {len(state['runs'])} jobs have run.")


if __name__ == "__main__":
    try:
        sys.exit(not verify(Stage(sys.argv[1]), os.environ.get("TOKEN")))
    except (CallFailed, NoStage) as error:
        sys.exit(str(error))
