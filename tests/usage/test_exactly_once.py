"""The ledger's promises about usage events (design §4), through the handler."""

import json
import multiprocessing
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.database import session as database
from tests.callers import track, usage_event
from tests.world import World


def send_from_a_process(url: str, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    os.environ["DATABASE_URL"] = url
    return [result for first in range(0, len(events), 20) for result in track(*events[first : first + 20]).body["results"]]


def test_a_repeated_event_is_one_record_and_the_repeat_is_told_its_id(world: World) -> None:
    campaign = world.campaign(world.company())

    first = track(usage_event(campaign))
    again = track(usage_event(campaign))

    assert (first.status, first.body["recorded"], again.status, again.body["duplicates"]) == (200, 1, 200, 1)
    assert again.body["results"][0]["usageRecordId"] == first.body["results"][0]["usageRecordId"]
    assert again.body["results"][0]["deduplicationKey"] == first.body["results"][0]["deduplicationKey"]
    assert [row["quantity"] for row in world.ledger()] == [30]


@pytest.mark.parametrize(
    "spelling",
    [
        {"timestamp": "2025-01-15T11:20:30+01:00"},
        {"timestamp": "2025-01-15t10:20:30.000z"},
        {"quantity": 30},
        {"quantity": "30.000"},
        {"quantity": "3e1"},
        {"metadata": {"b": [1, 2.50], "a": "x"}},
        {"metadata": {"a": "x", "b": [1.0, 2.5]}},
    ],
    ids=str,
)
def test_another_spelling_is_the_same_event(world: World, spelling: dict[str, Any]) -> None:
    campaign = world.campaign(world.company())
    plain = usage_event(campaign, **({"metadata": {"a": "x", "b": [1, 2.5]}} if "metadata" in spelling else {}))
    track(plain)

    answer = track(plain | spelling)

    assert answer.body["duplicates"] == 1
    assert len(world.ledger()) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"quantity": "31"},
        {"quantity": "30.000001"},
        {"timestamp": "2025-01-15T10:20:30.000001Z"},
        {"eventType": "learner_served"},
        {"metadata": {"a": "1"}},
        {"metadata": {"a": 1}},
        {"metadata": {"a": None}},
    ],
    ids=str,
)
def test_events_that_differ_in_anything_are_kept_apart(world: World, other: dict[str, Any]) -> None:
    campaign = world.campaign(world.company())

    answer = track(usage_event(campaign), usage_event(campaign, **other))

    assert answer.body["recorded"] == 2


@pytest.mark.parametrize(
    ("one", "two"),
    [({"sessionId": "Aa"}, {"sessionId": "BB"}), ({"ref": "INV-AO"}, {"ref": "INV-B0"})],
    ids=["Aa/BB", "INV-AO/INV-B0"],
)
def test_pairs_that_a_32_bit_hash_confuses_are_kept_apart(world: World, one: Any, two: Any) -> None:
    campaign = world.campaign(world.company())

    answer = track(usage_event(campaign, metadata=one), usage_event(campaign, metadata=two))

    assert answer.body["recorded"] == 2
    assert len({row["deduplication_key"] for row in world.ledger()}) == 2


def test_a_named_event_with_another_payload_is_a_conflict_that_names_the_fields(world: World) -> None:
    company = world.company()
    campaign, other = world.campaign(company), world.campaign(company)
    first = track(usage_event(campaign, id="order-7")).body["results"][0]

    changed = usage_event(other, id="order-7", quantity="1", timestamp="2025-02-01T00:00:00Z", eventType="learner_served")
    answer = track(changed | {"metadata": {"a": 1}})

    result = answer.body["results"][0]
    assert (answer.status, result["status"], result["usageRecordId"]) == (207, "conflict", first["usageRecordId"])
    assert all(name in result["reason"] for name in ("campaignId", "eventType", "quantity", "timestamp", "metadata"))
    assert len(world.ledger()) == 1


def test_an_id_names_an_event_within_its_company_only(world: World) -> None:
    campaigns = [world.campaign(world.company()), world.campaign(world.company())]

    answer = track(*(usage_event(campaign, id="order-7") for campaign in campaigns))

    assert answer.body["recorded"] == 2


def test_the_first_of_two_events_with_one_id_in_a_batch_is_the_one_recorded(world: World) -> None:
    campaign = world.campaign(world.company())

    answer = track(
        usage_event(campaign, id="a", quantity="2"),
        usage_event(campaign, id="a", quantity="1"),
        usage_event(campaign, id="a", quantity=2),
    )

    assert [result["status"] for result in answer.body["results"]] == ["recorded", "conflict", "duplicate"]
    assert [row["quantity"] for row in world.ledger()] == [2]


def test_an_id_that_spells_out_another_event_does_not_collide_with_it(world: World) -> None:
    campaign = world.campaign(world.company())
    spelled = json.dumps(usage_event(campaign), sort_keys=True)[:128]

    answer = track(usage_event(campaign), usage_event(campaign, id=spelled), usage_event(campaign, id="seat_usage"))

    assert answer.body["recorded"] == 3


def test_one_bad_event_takes_no_other_down(world: World) -> None:
    campaign = world.campaign(world.company())

    answer = track(
        usage_event(campaign),
        usage_event(campaign, quantity="-1"),
        usage_event("nowhere"),
        "text",
        usage_event(campaign, quantity="2"),
    )

    assert answer.status == 207
    assert [result["status"] for result in answer.body["results"]] == [
        "recorded",
        "rejected",
        "rejected",
        "rejected",
        "recorded",
    ]
    assert "/quantity" in answer.body["results"][1]["reason"]
    assert len(world.ledger()) == 2


def test_the_key_shows_the_campaign_the_type_and_the_time_in_utc(world: World) -> None:
    campaign = world.campaign(world.company())

    result = track(usage_event(campaign, timestamp="2025-02-01T00:30:00.5+01:00")).body["results"][0]

    prefix, digest = result["deduplicationKey"].rsplit("-", 1)
    assert prefix == f"{campaign}-seat_usage-20250131233000"
    assert len(digest) == 32


def test_eight_callers_with_the_same_200_events_make_200_records(world: World, database_url: str) -> None:
    campaign = world.campaign(world.company(), "credits")
    events = [usage_event(campaign, eventType="credit_usage", quantity=n % 7, metadata={"n": n}) for n in range(100)]
    events += [usage_event(campaign, id=f"id-{n}") for n in range(100)]
    database.disconnect()

    with multiprocessing.get_context("spawn").Pool(8) as pool:
        # Half of the callers send them in the other order, which is how two batches come to wait for each other.
        calls = [(database_url, events if n % 2 else events[::-1]) for n in range(8)]
        answers = pool.starmap(send_from_a_process, calls)

    results = [result for answer in answers for result in answer]
    assert [sum(r["status"] == status for r in results) for status in ("recorded", "duplicate")] == [200, 1400]
    assert {r["usageRecordId"] for r in results} == {str(row["id"]) for row in world.ledger()}
    assert world.balance(campaign) == 10000 - sum(n % 7 for n in range(100))


def test_a_success_is_answered_after_the_commit(world: World) -> None:
    campaign = world.campaign(world.company())

    result = track(usage_event(campaign)).body["results"][0]

    # Another connection sees it the moment the answer is here.
    assert world.value("SELECT count(*) FROM billing_usage_records WHERE id = :id::bigint", id=result["usageRecordId"]) == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_shuffle_with_any_repeats_makes_the_same_ledger(world: World, data: st.DataObject) -> None:
    world.empty()
    campaign = world.campaign(world.company(), "credits")
    events = [usage_event(campaign, eventType="credit_usage", quantity=n, id=f"id-{n}" if n % 2 else None) for n in range(6)]
    stream = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=12))))
    batches = [stream[first : first + 5] for first in range(0, len(stream), 5)]

    for batch in batches:
        assert track(*batch).status == 200

    assert sorted(row["quantity"] for row in world.ledger()) == list(range(6))
    assert world.balance(campaign) == 10000 - sum(range(6))
