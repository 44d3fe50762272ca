"""Records for invoicing: grouped by campaign, paged by a cursor (design §8)."""

import json
from datetime import UTC, datetime

import pytest

from billing.periods import Period
from billing.usage.pages import Snapshot, Walk, write_cursor
from tests.callers import page, use, walk
from tests.world import World, api_event, invoke, request


def test_records_are_grouped_by_campaign_with_the_billing_systems_names(world: World) -> None:
    company = world.company()
    one, two = world.campaign(company), world.campaign(company)
    use(two, "2025-01-01T00:00:00Z", "2025-01-31T23:59:59.999999Z", "2025-02-01T00:00:00Z")
    use(one, "2025-01-02T00:00:00Z", "2024-12-31T23:59:59Z")

    body = page(company).body

    assert [(group["campaignId"], len(group["events"])) for group in body["campaigns"]] == [(one, 1), (two, 2)]
    event = body["campaigns"][1]["events"][1]
    assert (event["eventType"], event["billingEventType"]) == ("learner_served", "compute_hours")
    assert (event["quantity"], event["eventTimestamp"]) == ("1.000000", "2025-01-31T23:59:59.999999Z")
    assert (event["metadata"], body["nextCursor"]) == ({}, None)


def test_no_records_in_the_period_is_an_empty_list(world: World) -> None:
    assert page(world.company()).body["campaigns"] == []


@pytest.mark.parametrize("limit", ["1", "3", "7", "1000"])
def test_a_walk_sees_each_record_once_also_where_instants_are_equal(world: World, limit: str) -> None:
    company = world.company()
    for _ in range(3):
        use(world.campaign(company), "2025-01-05T00:00:00Z", "2025-01-05T00:00:00Z".replace("T00", "T01"))

    seen = walk(company, limit=limit)

    assert sorted(seen) == sorted(str(row["id"]) for row in world.ledger())


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"cursor": ""}, "/cursor"),
        ({"cursor": "AAAA"}, "/cursor"),
        ({"cursor": "é"}, "/cursor"),
        ({"cursor": "WzEsMl0="}, "/cursor"),
        ({"limit": "0"}, "/limit"),
        ({"limit": "1001"}, "/limit"),
        ({"limit": "x"}, "/limit"),
        ({"start": "2025-02-01"}, "/start"),
    ],
    ids=str,
)
def test_a_page_that_cannot_be_is_refused(world: World, query: dict[str, str], pointer: str) -> None:
    answer = page(world.company(), **query)

    assert (answer.status, [error["pointer"] for error in answer.body["errors"]]) == (422, [pointer])


def test_a_cursor_goes_on_with_its_own_company_and_period_only(world: World) -> None:
    company, other = world.company(), world.company()
    use(world.campaign(company), "2025-01-05T00:00:00Z", "2025-01-06T00:00:00Z")
    cursor = page(company, limit="1").body["nextCursor"]

    answers = [
        page(company, cursor=cursor),
        page(company, cursor=cursor, start="2025-01-01T01:00:00+01:00"),
        page(company, cursor=cursor, end="2025-02-02"),
        page(company, cursor=cursor[:-1]),
        page(other, cursor=cursor),
    ]

    assert [answer.status for answer in answers] == [200, 200, 422, 422, 422]


@pytest.mark.parametrize("number", [0, 1, 2**32, 2**62 - 1])
@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
@pytest.mark.parametrize("later", [False, True])
def test_a_forged_cursor_harms_nothing(world: World, number: int, instant: str, later: bool) -> None:
    company = world.company()
    use(world.campaign(company), "2025-01-05T00:00:00Z")
    snapshot = Snapshot(settled=instant, xmax=number, in_flight=[number, number])
    period = Period(datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC))
    forged = Walk(seen=snapshot if later else None, snapshot=snapshot, after=(instant, number))

    assert page(company, cursor=write_cursor(forged, company, period)).status == 200


def test_another_companys_records_are_not_found(world: World) -> None:
    other = world.company()
    path = f"/v1/companies/{other}/usage-records"

    answer = request(
        "list_usage_records", "GET", path, query={"start": "2025-01-01", "end": "2025-02-01"}, company=world.company()
    )

    assert answer.status == 404


@pytest.mark.parametrize(
    "note", ["x" * 8000, "é" * 4000, '"' * 4000, "😀" * 2000], ids=["ASCII", "two bytes", "escaped", "two surrogates"]
)
def test_a_page_of_large_metadata_fits_into_lambdas_answer_and_the_rest_is_on_the_next(world: World, note: str) -> None:
    company = world.company()
    event = {"campaignId": world.campaign(company), "eventType": "learner_served", "metadata": {"note": note}}
    for second in range(10):
        timed = event | {"timestamp": f"2025-01-05T00:00:{second:02d}Z"}
        events = [timed | {"quantity": n} for n in range(100)]
        assert request("track_usage", "POST", "/v1/usage-events", {"events": events}).status == 200

    sizes: list[int] = []
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        query = {"start": "2025-01-01", "end": "2025-02-01"} | ({"cursor": cursor} if cursor else {})
        answer = invoke("list_usage_records", api_event("GET", f"/v1/companies/{company}/usage-records", query=query))
        sizes.append(len(json.dumps(answer)))
        body = json.loads(answer["body"])
        seen += [record["usageRecordId"] for group in body["campaigns"] for record in group["events"]]
        cursor = body["nextCursor"]

    assert max(sizes) < 6 * 1024 * 1024
    assert sorted(seen) == sorted(str(row["id"]) for row in world.ledger())
