"""The sample events in events/: each goes to its function, and is answered as its name says, also over HTTP."""

import base64
import json
import re
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import BaseWSGIServer, make_server

from local import gateway
from local.artefacts import compare
from local.template import functions
from local.tools import openapi
from tests.world import World, invoke

OPERATIONS = {
    operation["operationId"]: operation
    for methods in json.loads(openapi.DOCUMENT.read_text())["paths"].values()
    for operation in methods.values()
}
EVENTS = [(name, path) for name in functions() for path in compare.events(name)]


def expected_status(function: str, path: Path) -> int:
    """The one in the event's name, `track_usage_403_wrong_scope`, or else the first that the operation documents."""
    named = re.match(r"_(\d{3})_", path.stem.removeprefix(function))
    return int(named[1]) if named else min(map(int, OPERATIONS[function]["responses"]))


def has_token(path: Path) -> bool:
    """The local gateway has no authorizer: it makes a token for whoever has none."""
    return "authorizer" in json.loads(path.read_text()).get("requestContext", {})


@pytest.fixture(scope="module")
def server() -> Iterator[BaseWSGIServer]:
    server = make_server("127.0.0.1", 0, gateway.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def send(server: BaseWSGIServer, event: dict[str, Any]) -> tuple[int, bytes]:
    """What the local gateway answers to the request that an event was made from."""
    method, query = event["requestContext"]["http"]["method"], event["rawQueryString"]
    claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
    headers = event["headers"] | {"X-Company-Id": claims["company_id"], "X-Scopes": claims["scope"], "host": "localhost"}
    body = event.get("body", "").encode()
    body = base64.b64decode(body) if event["isBase64Encoded"] else body
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, event["rawPath"] + ("?" + query if query else ""), body or None, headers)
    with connection.getresponse() as answer:
        content = answer.read()
    connection.close()
    return answer.status, content


def content_of(answer: dict[str, Any]) -> bytes:
    """The body of a handler's answer."""
    body = str(answer.get("body") or "")
    return base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()


@pytest.mark.parametrize(("function", "path"), EVENTS, ids=[path.stem for _, path in EVENTS])
def test_a_sample_event_is_answered_as_its_name_says(world: World, function: str, path: Path) -> None:
    world.sample()
    event: dict[str, Any] = json.loads(path.read_text())

    answer = invoke(function, event)

    if "routeKey" in event:
        assert answer["statusCode"] == expected_status(function, path)
        method, route = event["routeKey"].split()
        assert (method, route) in [(r.method, r.path) for r in functions()[function].routes]
    else:
        assert answer.get("success", True)


WITH_TOKEN = [(name, path) for name, path in EVENTS if has_token(path)]


@pytest.mark.parametrize(("function", "path"), WITH_TOKEN, ids=[path.stem for _, path in WITH_TOKEN])
def test_a_sample_event_sent_over_http_is_answered_as_the_handler_answers_it(
    world: World, server: BaseWSGIServer, function: str, path: Path
) -> None:
    event: dict[str, Any] = json.loads(path.read_text())
    world.sample()
    handlers = invoke(function, event)
    world.empty()
    world.sample()

    status, content = send(server, event)

    assert status == handlers["statusCode"]
    expected = content_of(handlers)
    if handlers["headers"].get("Content-Type", "").endswith("json"):
        assert compare.comparable({"body": content.decode()}) == compare.comparable({"body": expected.decode()})
    else:
        assert content == expected
