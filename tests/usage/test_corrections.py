"""Corrections of usage records (design §12), through the handler."""

from decimal import Decimal
from typing import Any

import pytest

from local.aws_events import scheduled_event
from tests.callers import track, usage_event
from tests.credits.test_books import START, assert_books_are_right
from tests.world import Answer, World, invoke, request

REASON = "A typing error."


def correct(*corrections: dict[str, Any], **caller: Any) -> Answer:
    return request("correct_usage", "POST", "/v1/usage-corrections", {"corrections": list(corrections)}, **caller)


def correction(record: str, name: str = "fix-1", **values: Any) -> dict[str, Any]:
    return {"usageRecordId": record, "id": name, "reason": REASON} | values


def recorded(*events: dict[str, Any]) -> list[str]:
    return [result["usageRecordId"] for result in track(*events).body["results"]]


def march(campaign: str) -> Any:
    query = {"start": "2025-03-01", "end": "2025-04-01"}
    return request("get_campaign_usage", "GET", f"/v1/campaigns/{campaign}/usage", query=query).body


def credits_used(campaign: str, quantity: Any, minute: int = 0) -> dict[str, Any]:
    return usage_event(campaign, eventType="credit_usage", quantity=quantity, timestamp=f"2025-03-05T10:{minute:02}:00Z")


def test_the_example_of_seats(world: World) -> None:
    campaign = world.campaign(world.company(time_zone="Europe/Oslo"), committed_seats=40, seat_price_per_month=35)
    (record,) = recorded(usage_event(campaign, quantity=66, timestamp="2025-03-05T10:00:00Z"))
    before = Decimal(march(campaign)["billing"]["totalAmount"])

    assert correct(correction(record, quantity=44)).status == 200

    assert before - Decimal(march(campaign)["billing"]["totalAmount"]) == Decimal("1.03")  # 26 and 4 seat-hours: 1.22 and 0.19
    assert march(campaign)["usage"]["seatsUsed"] == "44.000000"


def test_the_example_of_credits(world: World) -> None:
    campaign = world.campaign(world.company(), "credits", credit_allocation=100, credit_price="6.50")
    (wrong,) = recorded(credits_used(campaign, 100))
    recorded(credits_used(campaign, 30, 1))
    before = march(campaign)["billing"]["amountDue"]

    correct(correction(wrong, quantity=10))

    assert (before, march(campaign)["billing"]["amountDue"], world.balance(campaign)) == ("195.00", "0.00", 60)
    assert_books_are_right(world)


@pytest.mark.parametrize(
    ("event_type", "shown"),
    [("learner_served", "learnersServed"), ("session_completed", "sessionsCompleted"), ("credit_usage", "creditsConsumed")],
)
@pytest.mark.parametrize("model", ["seats", "credits", "bundle", "iaas", "custom"])
def test_only_the_correction_counts_for_every_type_and_model(world: World, event_type: str, shown: str, model: str) -> None:
    campaign = world.campaign(world.company(), model)
    (record,) = recorded(usage_event(campaign, eventType=event_type, quantity=5, timestamp="2025-03-05T10:00:00Z"))

    answer = correct(correction(record, quantity="3.5"))
    (again,) = answer.body["results"]
    voided = correct(correction(again["usageRecordId"], "fix-2", quantity=0))

    assert (answer.body["recorded"], voided.body["recorded"]) == (1, 1)
    assert march(campaign)["usage"][shown] == "0.000000"
    assert [row["corrects"] for row in world.ledger()] == [None, int(record), int(again["usageRecordId"])]


def test_a_correction_is_made_once_and_a_second_of_the_record_names_the_first(world: World) -> None:
    campaign = world.campaign(world.company())
    (record,) = recorded(usage_event(campaign))
    first = correct(correction(record, quantity=3)).body["results"][0]

    repeated = correct(correction(record, quantity="3.0")).body["results"][0]
    second = correct(correction(record, "fix-2", quantity=4)).body["results"][0]
    reused = correct(correction(record, quantity=4)).body["results"][0]

    assert (repeated["status"], repeated["usageRecordId"]) == ("duplicate", first["usageRecordId"])
    assert (second["status"], second["usageRecordId"]) == ("conflict", first["usageRecordId"])
    assert (reused["status"], "quantity" in reused["reason"]) == ("conflict", True)


def test_a_bad_correction_takes_no_other_down(world: World) -> None:
    campaign = world.campaign(world.company())
    one, two = recorded(usage_event(campaign), usage_event(campaign, quantity=31))

    answer = correct(
        correction(one, "a", quantity=3),
        correction(one, "b", quantity=4),
        correction("99999999", "c", quantity=4),
        correction(two, "d"),
        correction(two, "e", quantity=-1),
        correction(two, "f", metadata={"floor": 2}),
    )

    statuses = [result["status"] for result in answer.body["results"]]
    assert (answer.status, statuses) == (207, ["recorded", "conflict", "rejected", "rejected", "rejected", "recorded"])
    assert answer.body["results"][1]["usageRecordId"] == answer.body["results"][0]["usageRecordId"]


def test_another_companys_record_is_unknown(world: World) -> None:
    campaign, stranger = world.campaign(world.company()), world.company()
    (record,) = recorded(usage_event(campaign))

    foreign = correct(correction(record, quantity=1), company=stranger)
    unknown = correct(correction("99999999", quantity=1), company=stranger)

    assert foreign.body == unknown.body
    assert len(world.ledger()) == 1


def test_the_original_event_sent_again_is_told_what_superseded_it(world: World) -> None:
    campaign = world.campaign(world.company())
    (record,) = recorded(usage_event(campaign))
    made = correct(correction(record, quantity=1)).body["results"][0]

    again = track(usage_event(campaign)).body["results"][0]

    assert (again["status"], again["usageRecordId"], again["supersededBy"]) == ("duplicate", record, made["usageRecordId"])


def test_an_activity_whose_record_is_corrected_stays_charged(world: World) -> None:
    campaign = world.campaign(world.company(), "credits")
    world.insert("campaign_activities", campaign_id=campaign, kind="session", quantity=4, occurred_at="2025-03-01T10:00Z")
    invoke("track_credit_usage", scheduled_event(START))
    (row,) = world.ledger()

    correct(correction(str(row["id"]), quantity=0))
    invoke("track_credit_usage", scheduled_event(START))

    assert (len(world.ledger()), world.balance(campaign)) == (2, 10000)
    assert world.value("SELECT usage_record_id FROM campaign_activities") == row["id"]
