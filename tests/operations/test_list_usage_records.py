"""Records for invoicing: grouped by campaign, paged by a cursor (design §8)."""

from typing import Any

import pytest

from tests.world import Answer, World, request


def page(company: str, **query: str) -> Answer:
    query = {"start": "2025-01-01", "end": "2025-02-01"} | query
    return request("list_usage_records", "GET", f"/v1/companies/{company}/usage-records", query=query, company=company)


def use(campaign: str, *instants: str) -> None:
    events = [{"campaignId": campaign, "eventType": "learner_served", "quantity": 1, "timestamp": at} for at in instants]
    assert request("track_usage", "POST", "/v1/usage-events", {"events": events}).status == 200


def walk(company: str, between: Any = lambda: None, **query: str) -> list[str]:
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        body = page(company, **query, **({"cursor": cursor} if cursor else {})).body
        seen += [event["usageRecordId"] for campaign in body["campaigns"] for event in campaign["events"]]
        cursor = body["nextCursor"]
        between()
    return seen


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


def test_records_that_arrive_meanwhile_neither_repeat_nor_hide_the_others(world: World) -> None:
    company = world.company()
    campaign = world.campaign(company)
    use(campaign, *(f"2025-01-{day:02d}T00:00:00Z" for day in range(2, 12)))
    before = {str(row["id"]) for row in world.ledger()}
    arrivals = iter(f"2025-01-01T00:00:{second:02d}Z" for second in range(60))

    seen = walk(company, between=lambda: use(campaign, next(arrivals)), limit="3")

    assert len(seen) == len(set(seen))
    assert before <= set(seen)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
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


def test_another_companys_records_are_not_found(world: World) -> None:
    other = world.company()
    path = f"/v1/companies/{other}/usage-records"

    answer = request(
        "list_usage_records", "GET", path, query={"start": "2025-01-01", "end": "2025-02-01"}, company=world.company()
    )

    assert answer.status == 404
