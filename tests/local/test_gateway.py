"""The local gateway makes the events that API Gateway makes, and answers what API Gateway answers."""

import base64
import json
import re
import sys
from typing import Any

import pytest
from werkzeug.test import Client, EnvironBuilder
from werkzeug.wrappers import Request

from local import gateway
from local.aws_events import ALL_SCOPES, PLATFORM_SCOPE
from tests.world import World

PATH = "/v1/things/{thingId}"


def event(path: str = "/v1/things/7", thing: str = "7", **request: Any) -> dict[str, Any]:
    return gateway.event(Request(EnvironBuilder(path, **request).get_environ()), PATH, {"thingId": thing})


def claims(**headers: str) -> dict[str, Any]:
    made = event(headers={name.replace("_", "-"): value for name, value in headers.items()})
    jwt: dict[str, Any] = made["requestContext"]["authorizer"]["jwt"]
    return jwt


@pytest.fixture
def client() -> Client:
    return Client(gateway.application)


def test_an_event_has_the_shape_of_payload_format_2() -> None:
    made = event(query_string="a=1&a=2&b=%C3%A9&c=", environ_base={"REMOTE_ADDR": "127.0.0.1"}, headers={"User-Agent": "t"})

    context = made.pop("requestContext")
    assert made == {
        "version": "2.0",
        "routeKey": "GET /v1/things/{thingId}",
        "rawPath": "/v1/things/7",
        "rawQueryString": "a=1&a=2&b=%C3%A9&c=",
        "headers": {"host": "localhost", "user-agent": "t"},
        "queryStringParameters": {"a": "1,2", "b": "é", "c": ""},
        "pathParameters": {"thingId": "7"},
        "isBase64Encoded": False,
    }
    assert context["http"] == {
        "method": "GET",
        "path": "/v1/things/7",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "t",
    }
    assert (context["routeKey"], context["stage"]) == ("GET /v1/things/{thingId}", "$default")
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", context["time"])
    assert {"accountId", "apiId", "authorizer", "domainName", "requestId", "timeEpoch"} <= set(context)


def test_what_a_request_does_not_have_is_absent_from_its_event() -> None:
    assert {"cookies", "queryStringParameters", "body"}.isdisjoint(event())


def test_cookies_are_a_list_of_their_own() -> None:
    made = event(headers={"Cookie": "a=1; b=2"})

    assert made["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in made["headers"]


@pytest.mark.parametrize(
    ("content_type", "data"),
    [
        ("application/json", "{}"),
        ("application/json; charset=utf-8", '"é"'),
        ("text/plain", "x"),
        ("application/merge-patch+json", "{}"),
    ],
)
def test_a_text_is_the_body_as_it_is(content_type: str, data: str) -> None:
    made = event(method="PUT", data=data, content_type=content_type)

    assert (made["body"], made["isBase64Encoded"]) == (data, False)


@pytest.mark.parametrize(
    ("content_type", "data"),
    [
        pytest.param("application/json", b"\xff", id="not UTF-8"),
        pytest.param("application/octet-stream", b"{}", id="no text"),
        pytest.param("application/x-www-form-urlencoded", b"a=1", id="form"),
    ],
)
def test_any_other_body_is_base64(content_type: str, data: bytes) -> None:
    made = event(method="PUT", data=data, content_type=content_type)

    assert (base64.b64decode(made["body"]), made["isBase64Encoded"]) == (data, True)


def test_a_caller_without_a_company_is_the_platform_with_all_scopes() -> None:
    scopes = [*ALL_SCOPES.split(), PLATFORM_SCOPE]

    assert claims() == {"claims": {"scope": " ".join(scopes)}, "scopes": scopes}


@pytest.mark.parametrize("scopes", ["billing/read other", "billing/read,other", "billing/read, other"])
def test_the_headers_say_company_and_scopes(scopes: str) -> None:
    made = claims(X_Company_Id="acme", X_Scopes=scopes)

    assert made == {
        "claims": {"company_id": "acme", "scope": "billing/read other"},
        "scopes": ["billing/read", "other"],
    }


def test_a_request_reaches_the_handler_and_its_answer_the_caller(world: World, client: Client) -> None:
    company = world.company()
    campaign = world.campaign(company)

    answer = client.get(f"/v1/campaigns/{campaign}/bundle-capacity", headers={"X-Company-Id": company})

    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    assert answer.json == {"campaignId": campaign, "valid": True, "errors": []}


def test_an_empty_company_is_not_the_platform(world: World, client: Client) -> None:
    campaign = world.campaign(world.company())

    answer = client.get(f"/v1/campaigns/{campaign}/bundle-capacity", headers={"X-Company-Id": ""})

    assert answer.status_code == 403


def test_path_parameters_are_decoded(world: World, client: Client) -> None:
    answer = client.get("/v1/campaigns/caf%C3%A9/bundle-capacity")

    assert answer.status_code == 404
    assert "café" in json.loads(answer.data)["detail"]


@pytest.mark.parametrize("path", ["/v2", "/v1/campaigns/x/usage/", "/v1/campaigns//usage"])
def test_a_path_without_a_route_is_not_found(client: Client, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert "/docs" in json.loads(answer.data)["detail"]


@pytest.mark.parametrize("method", ["POST", "HEAD"])
def test_a_method_without_a_route_is_told_those_that_have_one(client: Client, method: str) -> None:
    answer = client.open("/v1/campaigns/x/usage", method=method)

    assert (answer.status_code, answer.content_type) == (405, "application/problem+json")
    assert answer.headers["Allow"] == "GET"


def test_a_body_beyond_10_megabytes_is_too_large(client: Client) -> None:
    answer = client.post("/v1/usage-events", data=b" " * (10 * 1024 * 1024 + 1))

    assert (answer.status_code, answer.content_type) == (413, "application/problem+json")


def test_a_request_for_another_host_is_refused(client: Client) -> None:
    answer = client.get("/v1/campaigns/x/usage", headers={"Host": "elsewhere.example"})

    assert answer.status_code == 400


def test_a_function_that_cannot_be_imported_is_an_internal_server_error(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "functions.get_campaign_usage.app", None)

    answer = client.get("/v1/campaigns/x/usage")

    assert (answer.status_code, answer.json) == (500, {"message": "Internal Server Error"})


def test_the_front_page_lists_the_routes(client: Client) -> None:
    answer = client.get("/")

    assert answer.status_code == 200
    assert re.search(r"POST +/v1/usage-events\n", answer.text)
    assert "/docs" in answer.text


def test_the_document_and_its_page_are_served_from_this_machine_alone(client: Client) -> None:
    page = client.get("/docs").text

    assets = re.findall(r'(?:src|href|fetch)(?:=|\()"([^"]+)"', page)
    answers = [client.get(asset) for asset in assets if asset != "data:,"]

    assert [(answer.status_code, answer.mimetype) for answer in answers] == [
        (200, "text/css"),
        (200, "text/javascript"),
        (200, "application/json"),
    ]
    assert "://" not in page


def test_a_browser_is_led_to_the_page_of_the_api_and_other_clients_get_the_routes(client: Client) -> None:
    page = client.get("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    text = client.get("/", headers={"Accept": "*/*"})

    assert page.mimetype == "text/html"
    assert '<a href="/docs">' in page.text
    assert client.get("/docs").status_code == 200
    assert text.mimetype == "text/plain"
    assert "/v1/usage-events" in text.text
