"""The edge to API Gateway: bad input, callers, and errors as problem+json (design §8)."""

import base64
import io
import json
from typing import Any, cast

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.resolver import Api
from billing.telemetry import logger
from local.aws_events import Context
from tests.world import World, api_event, invoke, request

PATH = "/v1/usage-events"


def event(campaign: str = "c", **values: Any) -> dict[str, Any]:
    return {"campaignId": campaign, "eventType": "seat_usage", "quantity": 1, "timestamp": "2025-01-01T00:00:00Z"} | values


BODIES = [
    ("", 422, "/"),
    ("{", 400, None),
    ("[]", 422, "/"),
    ("null", 422, "/"),
    ('{"events": [NaN]}', 400, None),
    ('{"events": [Infinity]}', 400, None),
    ('{"events": [], "events": []}', 400, None),
    ('{"events": ' + "[" * 100_000 + "]" * 100_000 + "}", 400, None),
    ('{"events": [' + "9" * 5000 + "]}", 400, None),
    (json.dumps({"events": []}), 422, "/events"),
    (json.dumps({"events": {}}), 422, "/events"),
    (json.dumps({"events": [event()], "more": 1}), 422, "/more"),
    (json.dumps({"events": [event()] * 1001}), 413, None),
    ('{"events": ["' + "x" * (5 * 1024 * 1024) + '"]}', 413, None),
]


@pytest.mark.parametrize(("body", "status", "pointer"), BODIES, ids=lambda value: str(value)[:30])
def test_a_body_that_cannot_be_used_is_a_problem(world: World, body: str, status: int, pointer: str | None) -> None:
    answer = request("track_usage", "POST", PATH, body)

    assert (answer.status, answer.body["status"]) == (status, status)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= set(answer.body)
    if pointer:
        assert [error["pointer"] or "/" for error in answer.body["errors"]] == [pointer]
    assert world.ledger() == []


@pytest.mark.parametrize("body", [b"\xff\xfe{}", b'{"events": ["\xc3("]}'])
def test_a_body_that_is_not_utf8_is_malformed(world: World, body: bytes) -> None:
    changes: dict[str, Any] = {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}

    answer = request("track_usage", "POST", PATH, **changes)

    assert answer.status == 400


@pytest.mark.parametrize("content_type", ["Application/JSON", "APPLICATION/JSON; charset=utf-8", "application/json ;a=b"])
def test_a_content_type_is_known_in_either_case(world: World, content_type: str) -> None:
    answer = request("track_usage", "POST", PATH, {"events": [event()]}, headers={"content-type": content_type})

    assert answer.status == 207


def test_a_body_of_another_content_type_is_malformed(world: World) -> None:
    answer = request("track_usage", "POST", PATH, {"events": []}, headers={"content-type": "text/xml"})

    assert answer.status == 400


BAD_EVENTS: list[tuple[dict[str, Any], str]] = [
    ({"quantity": -1}, "/quantity"),
    ({"quantity": "NaN"}, "/quantity"),
    ({"quantity": "Infinity"}, "/quantity"),
    ({"quantity": 10**12}, "/quantity"),
    ({"quantity": "1" * 40}, "/quantity"),
    ({"quantity": "1" * 400}, "/quantity"),
    ({"quantity": "0.0000001"}, "/quantity"),
    ({"quantity": "1e-999999"}, "/quantity"),
    ({"quantity": True}, "/quantity"),
    ({"quantity": None}, "/quantity"),
    ({"quantity": " 1"}, "/quantity"),
    ({"quantity": "\u0661"}, "/quantity"),
    ({"timestamp": "2025-01-01T00:00:00"}, "/timestamp"),
    ({"timestamp": "2025-01-01"}, "/timestamp"),
    ({"timestamp": "2025-02-30T00:00:00Z"}, "/timestamp"),
    ({"timestamp": "0001-01-01T00:00:00+14:00"}, "/timestamp"),
    ({"timestamp": "9999-12-31T23:59:59-14:00"}, "/timestamp"),
    ({"timestamp": "1999-12-31T23:59:59Z"}, "/timestamp"),
    ({"timestamp": "2025-01-01T00:00:00.0000001Z"}, "/timestamp"),
    ({"timestamp": 1735689600}, "/timestamp"),
    ({"eventType": "seats"}, "/eventType"),
    ({"campaignId": ""}, "/campaignId"),
    ({"campaignId": "a\u0000b"}, "/campaignId"),
    ({"id": ""}, "/id"),
    ({"id": "x" * 129}, "/id"),
    ({"id": "\ud800"}, "/id"),
    ({"metadata": []}, "/metadata"),
    ({"metadata": None}, "/metadata"),
    ({"metadata": {"a": "x" * 8192}}, "/metadata"),
    ({"metadata": {"a": "\u0000"}}, "/metadata"),
    ({"metadata": {"\udfff": 1}}, "/metadata"),
    ({"metadata": {"a": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}}, "/metadata"),
    ({"more": 1}, "/more"),
]


@pytest.mark.parametrize(("values", "pointer"), BAD_EVENTS, ids=lambda value: ascii(value)[:40])
def test_a_bad_event_is_rejected_with_a_pointer_and_nothing_is_stored(
    world: World, values: dict[str, Any], pointer: str
) -> None:
    campaign = world.campaign(world.company())

    answer = request("track_usage", "POST", PATH, {"events": [event(campaign, **values)]})

    result = answer.body["results"][0]
    assert (answer.status, result["status"]) == (207, "rejected")
    assert result["reason"].startswith(f"{pointer}: ")
    assert world.ledger() == []


@pytest.mark.parametrize("number", ["1e400", "1e-400", "0.1234567890123456789012345"])
def test_numbers_in_metadata_are_stored_as_they_were_sent(world: World, number: str) -> None:
    campaign = world.campaign(world.company())
    body = json.dumps({"events": [event(campaign, metadata={"n": "NUMBER"})]}).replace('"NUMBER"', number)

    answer = request("track_usage", "POST", PATH, body)

    assert answer.body["recorded"] == 1
    assert world.value("SELECT metadata ->> 'n' = CAST(:number AS numeric)::text FROM billing_usage_records", number=number)


def test_the_largest_batch_is_recorded(world: World) -> None:
    campaign = world.campaign(world.company())

    answer = request("track_usage", "POST", PATH, {"events": [event(campaign, quantity=n) for n in range(1000)]})

    assert (answer.status, answer.body["recorded"], len(world.ledger())) == (200, 1000, 1000)


def test_the_time_of_an_event_is_bounded_by_a_day_from_now(world: World) -> None:
    campaign = world.campaign(world.company())

    answer = request("track_usage", "POST", PATH, {"events": [event(campaign, timestamp="2200-01-01T00:00:00Z")]})

    assert "one day from now" in answer.body["results"][0]["reason"]


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"scope": "billing/usage.write"}, 403),
        ({"scope": "billing/usage.write", "company_id": "*"}, 403),
        ({"scope": "billing/platform"}, 403),
        ({"scope": "billing/usage.write billing/platform"}, 207),
        ({"scope": "billing/usage.write", "company_id": "c"}, 207),
        ({"scope": "[billing/usage.write billing/read]", "company_id": "c"}, 207),
        ({"scope": "billing/read,billing/usage.write", "company_id": "c"}, 207),
        ({"scp": "[billing/usage.write]", "company_id": "c"}, 207),
        ({"scope": "billing/read", "scp": "billing/usage.write", "company_id": "c"}, 403),
        ({"company_id": "c"}, 403),
        ({"scope": "billing/usage.write", "company_id": None}, 403),
        ({"scope": "billing/usage.write", "company_id": ""}, 403),
        ({"scope": "billing/usage.write", "company_id": "a\0"}, 403),
        ({"scope": "billing/usage.write", "company_id": "\ud800"}, 403),
    ],
    ids=ascii,
)
def test_a_token_needs_the_scope_and_a_company(world: World, claims: dict[str, str], status: int) -> None:
    request_event = api_event("POST", PATH, {"events": [event()]})
    request_event["requestContext"]["authorizer"]["jwt"] = {"claims": claims, "scopes": None}

    assert invoke("track_usage", request_event)["statusCode"] == status


@pytest.mark.parametrize(("scopes", "status"), [(["billing/usage.write"], 207), (["billing/read"], 403), ([], 403)], ids=str)
def test_a_scope_may_stand_in_the_scopes_that_the_authorizer_read(world: World, scopes: list[str], status: int) -> None:
    request_event = api_event("POST", PATH, {"events": [event()]})
    request_event["requestContext"]["authorizer"]["jwt"] = {"claims": {"company_id": "c"}, "scopes": scopes}

    assert invoke("track_usage", request_event)["statusCode"] == status


@pytest.mark.parametrize(
    ("claims", "recorded_by"),
    [
        ({"sub": "9b2e", "client_id": "erp"}, "9b2e"),
        ({"client_id": "erp"}, "erp"),
        ({"sub": "", "client_id": "erp"}, "erp"),
        ({"sub": "a\0", "client_id": "erp"}, "erp"),
        ({}, "unknown"),
    ],
    ids=ascii,
)
def test_a_change_is_recorded_under_the_tokens_subject_or_else_its_client(claims: dict[str, str], recorded_by: str) -> None:
    app = Api(scope="billing/write")
    app.get("/who")(lambda: app.recorded_by)
    request_event = api_event("GET", "/who", company="c")
    request_event["requestContext"]["authorizer"]["jwt"]["claims"] |= claims

    assert app.handle(request_event, cast(LambdaContext, Context()))["body"] == recorded_by


def test_a_log_line_names_the_request_that_it_belongs_to(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL")
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)

    request_event = api_event("POST", PATH, {"events": [event()]})

    invoke("track_usage", request_event)

    named = {json.loads(line)["correlation_id"] for line in stream.getvalue().splitlines()}
    assert named == {request_event["requestContext"]["requestId"]}


def test_an_unknown_route_is_not_found(world: World) -> None:
    assert request("track_usage", "GET", "/v1/elsewhere").status == 404


def test_what_nobody_foresaw_is_an_error_without_secrets(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL")

    answer = request("track_usage", "POST", PATH, {"events": [event()]})

    assert (answer.status, answer.body["title"]) == (500, "Internal error")
    assert "DATABASE" not in json.dumps(answer.body)
