"""What every operation does with a request that cannot be used: a problem that says what to mend, and nothing stored."""

import base64
import json
from typing import Any

import pytest

from tests import callers
from tests.callers import ROUTES, WITH_AN_ID
from tests.world import Answer, World, api_event, invoke, request

LINK = ("link_campaign", "PUT", "/v1/campaigns/c/subscription")
TOP_UP = ("top_up_credits", "POST", "/v1/campaigns/c/credits")
TRACK = ("track_usage", "POST", "/v1/usage-events")
SUMMARY = ("get_campaign_usage", "GET", "/v1/campaigns/c/usage")
RECORDS = ("list_usage_records", "GET", "/v1/companies/demo/usage-records")
MONTH = {"start": "2025-03-01", "end": "2025-04-01"}
GOOD: dict[str, dict[str, Any]] = {
    "link_campaign": {"subscriptionId": "s", "allocationPercentage": "0.25"},
    "top_up_credits": {"credits": 100, "id": "order-1"},
}
DEEP = "[" * 100_000 + "]" * 100_000
Route = tuple[str, str, str]


def name(value: Any) -> str:
    return ascii(value[0] if isinstance(value, tuple) else value)[:40]


def assert_problem(answer: Answer, status: int, pointers: list[str], world: World) -> None:
    assert (answer.status, answer.body["status"], answer.headers["Content-Type"]) == (
        status,
        status,
        "application/problem+json",
    )
    assert [error["pointer"] for error in answer.body.get("errors", [])] == pointers
    said = [answer.body["detail"], *(error["detail"] for error in answer.body.get("errors", []))]
    assert all(said) and not any(words in text for text in said for words in ("Input should", "Field required", "Traceback"))
    assert world.ledger() == world.rows("SELECT FROM credit_grants WHERE source = 'purchase'") == []


UNREADABLE: list[tuple[str, int, list[str]]] = [
    ("", 422, [""]),
    ("nonsense", 400, []),
    ('{"a": ', 400, []),
    ('{"a": NaN}', 400, []),
    ('{"a": -Infinity}', 400, []),
    ('{"a": 1, "a": 1}', 400, []),
    ('{"a": ' + DEEP + "}", 400, []),
    ('{"a": ' + "9" * 5000 + "}", 400, []),
    ("[]", 422, [""]),
    ('"text"', 422, [""]),
    ("null", 422, [""]),
    ('[{"subscriptionId": "s", "allocationPercentage": 1, "credits": 1, "id": "a", "events": []}]', 422, [""]),
    ('{"a": "' + "x" * (5 * 1024 * 1024) + '"}', 413, []),
]


@pytest.mark.parametrize(("body", "status", "pointers"), UNREADABLE, ids=name)
@pytest.mark.parametrize("route", [LINK, TOP_UP, TRACK], ids=name)
def test_a_body_that_is_no_json_object_is_refused(
    world: World, route: Route, body: str, status: int, pointers: list[str]
) -> None:
    assert_problem(request(*route, body), status, pointers, world)


@pytest.mark.parametrize("body", [b"\xff\xfe{}", b'{"id": "\xc3("}', b'{"id": "\xed\xa0\x80"}'], ids=name)
@pytest.mark.parametrize("route", [LINK, TOP_UP, TRACK], ids=name)
def test_a_body_that_is_not_utf8_is_malformed(world: World, route: Route, body: bytes) -> None:
    changes: dict[str, Any] = {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}

    assert_problem(request(*route, **changes), 400, [], world)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", "credits=1&id=a&subscriptionId=s&allocationPercentage=1"),
        ("multipart/form-data; boundary=b", '--b\r\nContent-Disposition: form-data; name="id"\r\n\r\na\r\n--b--'),
        ("text/plain", "{}"),
        ("text/plain", ""),
        ("application/json-patch+json", "[]"),
    ],
    ids=name,
)
@pytest.mark.parametrize("route", [LINK, TOP_UP, TRACK], ids=name)
def test_a_body_that_says_it_is_not_json_is_malformed(world: World, route: Route, content_type: str, body: str) -> None:
    answer = request(*route, body, headers={"content-type": content_type})

    assert_problem(answer, 400, [], world)
    assert "application/json" in answer.body["detail"]


def each(route: Route, field: str, *values: Any) -> list[tuple[Route, dict[str, Any], list[str]]]:
    return [(route, {field: value}, [f"/{field}"]) for value in values]


BAD_FIELDS: list[tuple[Route, dict[str, Any], list[str]]] = [
    *each(LINK, "subscriptionId", "", "s" * 129, "a\0", "\ud800", None, 7, [], {}),
    *each(LINK, "allocationPercentage", "Infinity", "1e-400", "0.00001", [], ""),
    (LINK, {"subscriptionId": "", "allocationPercentage": 2, "more": 1}, ["/subscriptionId", "/allocationPercentage", "/more"]),
    *each(TOP_UP, "credits", 0, -1, "NaN", "-Infinity", 10**12, "1" * 40, "1" * 400, "0.0000001"),
    *each(TOP_UP, "credits", None, True, "", " 1", "1,5", "\u0661", [], {}),
    *each(TOP_UP, "id", "", "x" * 129, "a\0", "\udfff", None, 7),
    *each(TOP_UP, "note", "x" * 1001, "a\0", "\ud800", 7),
    (TOP_UP, {"credits": 0, "id": "", "a/b~c": 1}, ["/credits", "/id", "/a~1b~0c"]),
]


@pytest.mark.parametrize(("route", "values", "pointers"), BAD_FIELDS, ids=name)
def test_each_bad_field_is_pointed_at(world: World, route: Route, values: dict[str, Any], pointers: list[str]) -> None:
    assert_problem(request(*route, GOOD[route[0]] | values), 422, pointers, world)


@pytest.mark.parametrize(
    ("route", "pointers"),
    [(LINK, ["/subscriptionId", "/allocationPercentage"]), (TOP_UP, ["/credits", "/id"]), (TRACK, ["/events"])],
    ids=name,
)
def test_each_missing_field_is_named(world: World, route: Route, pointers: list[str]) -> None:
    answer = request(*route, {})

    assert_problem(answer, 422, pointers, world)
    assert {error["detail"] for error in answer.body["errors"]} == {"is required"}


def test_a_batch_over_the_limit_is_too_large(world: World) -> None:
    answer = request(*TRACK, {"events": [{}] * 1001})

    assert_problem(answer, 413, [], world)
    assert "1000" in answer.body["detail"]


@pytest.mark.parametrize("event", [None, 1, "text", [], [[]]], ids=name)
def test_an_event_that_is_no_object_is_rejected_by_itself(world: World, event: Any) -> None:
    answer = request(*TRACK, {"events": [event]})

    assert (answer.status, answer.body["results"][0]["reason"]) == (207, "the event: must be an object")


BAD_PERIODS: list[tuple[dict[str, str], list[str]]] = [
    ({}, ["/start", "/end"]),
    ({"start": "2025-03-01"}, ["/end"]),
    ({"end": "2025-03-01"}, ["/start"]),
    ({"start": "", "end": ""}, ["/start", "/end"]),
    ({"start": "2025-03-01T00:00:00", "end": "2025-04"}, ["/start", "/end"]),
    ({"start": "0001-01-01", "end": "9999-12-31"}, ["/start", "/end"]),
    ({"start": "0001-01-01T00:00:00+14:00", "end": "9999-12-31T23:59:59-14:00"}, ["/start", "/end"]),
    ({"start": "2025-02-30", "end": "2025-13-01"}, ["/start", "/end"]),
    ({"start": "2025-03-01,2025-03-02", "end": "\0"}, ["/start", "/end"]),
    ({"start": "\u0662\u0660\u0662\u0665-03-01", "end": "1740787200"}, ["/start", "/end"]),
    ({"start": "2025-04-01", "end": "2025-03-01"}, ["/start"]),
    ({"start": "2025-03-01", "end": "2025-03-01"}, ["/start"]),
    ({"start": "1990-01-01", "end": "2090-01-01"}, ["/end"]),
    (MONTH | {"more": "1", "Start": "2025-03-01"}, ["/Start", "/more"]),
    ({"begin": "2025-03-01", "end": "2025-04-01"}, ["/start", "/begin"]),
]


@pytest.mark.parametrize(("query", "pointers"), BAD_PERIODS, ids=name)
@pytest.mark.parametrize("route", [SUMMARY, RECORDS], ids=name)
def test_a_period_that_cannot_be_used_is_refused(
    world: World, route: Route, query: dict[str, str], pointers: list[str]
) -> None:
    world.campaign(world.company(id="demo"), id="c")

    assert_problem(request(*route, query=query), 422, pointers, world)


@pytest.mark.parametrize(
    "limit",
    ["0", "-1", "1001", "1e3", "1.5", "1.0", "1_0", " 1 ", "+1", "\u0661", "", "x", "9" * 40, "9" * 5000, "1,2", "\0"],
    ids=name,
)
def test_a_limit_that_cannot_be_used_is_refused(world: World, limit: str) -> None:
    world.company(id="demo")

    assert_problem(request(*RECORDS, query=MONTH | {"limit": limit}), 422, ["/limit"], world)


def test_a_repeated_parameter_is_refused(world: World) -> None:
    world.company(id="demo")

    sent = "start=2025-03-01&start=2025-03-01&end=2025-04-01&limit=1&limit=2"
    query = MONTH | {"start": "2025-03-01,2025-03-01", "limit": "1,2"}

    answer = request(*RECORDS, query=query, rawQueryString=sent)

    assert_problem(answer, 422, ["/start", "/limit"], world)
    assert {error["detail"] for error in answer.body["errors"]} == {"is given more than once"}


@pytest.mark.parametrize("route", WITH_AN_ID, ids=str)
def test_an_id_beyond_128_characters_is_refused(world: World, route: callers.Route) -> None:
    for parameter in route.parameters:
        assert_problem(route.send({parameter: "x" * 129}), 422, [f"/{parameter}"], world)


@pytest.mark.parametrize("route", WITH_AN_ID, ids=str)
def test_what_is_not_found_is_named(world: World, route: callers.Route) -> None:
    answer = route.send(dict.fromkeys(route.parameters, "a b"))

    assert_problem(answer, 404, [], world)
    names = [name.removesuffix("Id") for name in route.parameters]
    assert answer.body["detail"] in {f"There is no {what}{name} a b." for name in names for what in ("", "billing profile of ")}


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "\ufffd", "*", "%00", "a'; DROP TABLE campaigns; --"], ids=name)
@pytest.mark.parametrize("route", WITH_AN_ID, ids=str)
def test_an_id_that_names_nothing_is_not_found_whatever_is_in_it(world: World, route: callers.Route, text: str) -> None:
    assert_problem(route.send(dict.fromkeys(route.parameters, text)), 404, [], world)


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_a_parameter_that_is_not_known_is_refused(world: World, route: callers.Route) -> None:
    assert_problem(route.send(query={"more": "1"}), 422, ["/more"], world)


def test_the_words_of_a_problem_say_what_to_mend(world: World) -> None:
    body = {"subscriptionId": 7, "allocationPercentage": "half", "share": 1}

    errors = request(*LINK, json.dumps(body)).body["errors"]

    assert errors == [
        {"pointer": "/subscriptionId", "detail": "must be a string"},
        {"pointer": "/allocationPercentage", "detail": "must be a number such as 12.5, or a string that spells one"},
        {"pointer": "/share", "detail": "is not a field of this request"},
    ]


def test_a_field_is_known_by_the_contracts_spelling_only(world: World) -> None:
    pointers = ["/subscriptionId", "/allocationPercentage", "/subscription_id", "/allocation_percentage"]

    assert_problem(request(*LINK, {"subscription_id": "s", "allocation_percentage": 1}), 422, pointers, world)


def test_a_field_of_an_event_is_known_by_the_contracts_spelling_only(world: World) -> None:
    event = {"campaign_id": "c", "event_type": "seat_usage", "quantity": 1, "timestamp": "2025-03-01T00:00:00Z"}

    reason = request(*TRACK, {"events": [event]}).body["results"][0]["reason"]

    assert all(f"/{field}: is required" in reason for field in ("campaignId", "eventType"))
    assert all(f"/{field}: is not a field" in reason for field in ("campaign_id", "event_type"))


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"a": ' + "9" * 5000 + "}", "The body is not JSON: a number has more than 1,000 digits."),
        ('{"a": -' + "9" * 5000 + "}", "The body is not JSON: a number has more than 1,000 digits."),
        ('{"a": 1e' + "9" * 30 + "}", "The body is not JSON: a number has too large an exponent."),
        ("\ufeff{}", "The body is not JSON: it begins with a byte order mark."),
    ],
    ids=name,
)
def test_a_body_that_is_not_json_is_told_so_in_the_words_of_json(world: World, body: str, detail: str) -> None:
    answer = request(*LINK, body)

    assert_problem(answer, 400, [], world)
    assert answer.body["detail"] == detail


def test_an_empty_batch_is_told_how_many_events_it_must_have(world: World) -> None:
    errors = request(*TRACK, {"events": []}).body["errors"]

    assert errors == [{"pointer": "/events", "detail": "must have 1 to 1,000 events"}]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"start": "2025-03-01T00:00:00 01:00"}, 'a "+" is sent as %2B'),
        ({"end": "2025-03-01T00:00:00 01:00"}, 'a "+" is sent as %2B'),
    ],
    ids=name,
)
@pytest.mark.parametrize("route", [SUMMARY, RECORDS], ids=name)
def test_a_parameter_that_was_sent_otherwise_than_meant_is_told_so(
    world: World, route: Route, query: dict[str, str], said: str
) -> None:
    (error,) = request(*route, query=MONTH | query).body["errors"]

    assert error["pointer"] == f"/{next(iter(query))}"
    assert said in error["detail"]


LONG_NAMES = ["x" * 180, "\U00010348" * 15, '"' * 90, "\0" * 30]  # 180 bytes of a body each
LARGEST_ANSWER = 6 * 1024 * 1024
"""Lambda's, whose body is a text in it."""


@pytest.mark.parametrize("long", LONG_NAMES, ids=name)
@pytest.mark.parametrize("events", [1, 1000])
def test_however_much_is_wrong_the_answer_stays_small(world: World, events: int, long: str) -> None:
    unknown = {f"{number}{long}": 0 for number in range(25_000 // events)}

    answer = invoke("track_usage", api_event(*TRACK[1:], {"events": [unknown] * events}))

    assert len(json.dumps(answer)) < LARGEST_ANSWER
    reason = json.loads(answer["body"])["results"][0]["reason"]
    assert reason.count("; ") == 20
    assert reason.endswith(f"the event: has further errors: {25_000 // events + 4 - 20:,}")


@pytest.mark.parametrize("route", [LINK, TOP_UP, TRACK], ids=name)
def test_the_first_twenty_errors_of_a_body_are_listed_and_the_rest_counted(world: World, route: Route) -> None:
    answer = invoke(route[0], api_event(*route[1:], GOOD.get(route[0], {"events": [{}]}) | {f"{n}": 0 for n in range(100_000)}))

    errors = json.loads(answer["body"])["errors"]
    assert len(json.dumps(answer)) < 10_000
    assert errors[0] == {"pointer": "/0", "detail": "is not a field of this request"}
    assert errors[20:] == [{"pointer": "", "detail": "has further errors: 99,980"}]


def test_a_long_key_that_appears_twice_is_not_repeated_whole(world: World) -> None:
    key = json.dumps('"' * 1_000_000)

    answer = request(*LINK, f"{{{key}: 1, {key}: 1}}")

    assert answer.status == 400
    assert len(json.dumps(answer.body)) < 1000
