"""Records for invoicing: grouped by campaign, paged by a cursor (design §8)."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.operations.list_usage_records import BurnedCredits, CampaignRecords, UsageRecord, UsageRecords
from billing.periods import Period
from billing.usage.event import canonical_json
from billing.usage.event_types import BILLING_EVENT_TYPES
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


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
VALUES = TEXT | st.booleans() | st.none() | st.integers(-(10**20), 10**20) | st.decimals(-(10**6), 10**6, places=9)
METADATA = st.dictionaries(TEXT, VALUES | st.lists(VALUES, max_size=2) | st.dictionaries(TEXT, VALUES, max_size=2), max_size=3)
JANUARY = datetime(2025, 1, 1, tzinfo=UTC)
INSTANTS = (st.integers(0, 10**11) | st.sampled_from([0, 86_399_000_000, 500_000, 10**11 - 10])).map(
    lambda microseconds: JANUARY + timedelta(microseconds=microseconds)
)
CAMPAIGNS = ["Z,1", "a~1", "a~2"]
RECORDS = st.fixed_dictionaries(
    {
        "campaign": st.sampled_from(CAMPAIGNS),
        "type": st.sampled_from([*BILLING_EVENT_TYPES, "credit_usage"]),
        "quantity": st.decimals(0, 9, places=6),
        "at": INSTANTS,
        "recorded": INSTANTS,
        "metadata": METADATA,
        "reason": st.none() | TEXT.filter(bool),
    }
)
INSERT = """
    INSERT INTO billing_usage_records (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp,
        created_at, metadata, corrects, reason, recorded_by)
    SELECT company_id, id, :type::text, :quantity::numeric, :key::text, :at::timestamptz, :recorded::timestamptz,
        :metadata::jsonb, :corrects::bigint, :reason::text, :recorded_by::text
    FROM campaigns WHERE id = :campaign RETURNING id
"""


GRANTS = """
    INSERT INTO credit_grants (company_id, campaign_id, credits, amount, price_amount, price_credits, source, recorded_by)
    SELECT company_id, id, 5, 5, 1, 1, 'promotion', 'x' FROM campaigns
"""


def insert(world: World, records: Iterable[dict[str, Any]]) -> None:
    """The records, and a correction of each that has a reason for one."""
    for number, record in enumerate(records):
        values: dict[str, Any] = {name: str(record[name]) for name in ("campaign", "type", "quantity")}
        values |= {
            "at": record["at"],
            "recorded": record["recorded"],
            "metadata": canonical_json(record["metadata"]),
        }
        none = {"corrects": None, "reason": None, "recorded_by": None}
        superseded = world.value(INSERT, key=f'{number}-"key"-é\\', **values, **none)
        if record["reason"] is not None:
            correction = {"corrects": superseded, "reason": record["reason"], "recorded_by": '"who"\n'}
            world.value(INSERT, key=f"{number}-correction", **values | {"quantity": "2.5"}, **correction)


def record_of(world: World, row: dict[str, Any]) -> UsageRecord:
    """A row of the ledger in the shape of the contract, field by field."""
    paid = world.rows(
        "SELECT grant_id, sum(credits) AS credits FROM credit_movements WHERE record_id = :id GROUP BY grant_id"
        " HAVING sum(credits) <> 0 ORDER BY min(id)",
        id=row["id"],
    )
    burned = [BurnedCredits(grant_id=str(each["grant_id"]), credits=str(each["credits"])) for each in paid if each["grant_id"]]
    overage = next((str(each["credits"]) for each in paid if each["grant_id"] is None), "0.000000")
    of_credits = row["event_type"] == "credit_usage"
    following = world.rows("SELECT id FROM billing_usage_records WHERE corrects = :id", id=row["id"])
    return UsageRecord(
        usage_record_id=str(row["id"]),
        event_type=row["event_type"],
        billing_event_type=BILLING_EVENT_TYPES[row["event_type"]],
        quantity=str(row["quantity"]),
        event_timestamp=row["event_timestamp"],
        recorded_at=row["created_at"],
        deduplication_key=row["deduplication_key"],
        metadata={},
        corrects=None if row["corrects"] is None else str(row["corrects"]),
        superseded_by=str(following[0]["id"]) if following else None,
        reason=row["reason"],
        recorded_by=row["recorded_by"],
        burned=burned if of_credits else None,
        overage=overage if of_credits else None,
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(RECORDS, max_size=8))
def test_the_page_that_the_database_writes_is_the_shape_of_the_contract(world: World, records: list[dict[str, Any]]) -> None:
    world.empty()
    company = world.company(id="c~,=1")
    for name in CAMPAIGNS:
        world.campaign(company, "credits", id=name, credit_allocation="4")
    world.connection.run(GRANTS)
    insert(world, records)

    query = {"start": "2025-01-01", "end": "2025-02-01"}
    answer = invoke("list_usage_records", api_event("GET", f"/v1/companies/{company}/usage-records", query=query))
    body = json.loads(answer["body"], parse_float=Decimal)

    rows = sorted(world.ledger(), key=lambda row: (row["campaign_id"], row["event_timestamp"], row["id"]))
    groups = groupby(rows, key=lambda row: row["campaign_id"])
    campaigns = [CampaignRecords(campaign_id=name, events=[record_of(world, row) for row in group]) for name, group in groups]
    period = {"start": "2025-01-01T00:00:00Z", "end": "2025-02-01T00:00:00Z"}
    shape = UsageRecords(company_id=company, period=period, campaigns=campaigns, next_cursor=None).model_dump(
        mode="json", by_alias=True
    )
    metadata = {key: records[int(key.split("-")[0])]["metadata"] for key in (row["deduplication_key"] for row in rows)}
    for event in (event for campaign in shape["campaigns"] for event in campaign["events"]):
        event["metadata"] = metadata[event["deduplicationKey"]]
    assert body == shape
    assert [[*event] for group in body["campaigns"] for event in group["events"]] == [
        [*event] for group in shape["campaigns"] for event in group["events"]
    ]


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
