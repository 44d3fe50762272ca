"""Usage of each type lands in the ledger as it was reported (design §2, §8)."""

from decimal import Decimal
from typing import Any

from tests.world import World, request


def track(campaign: str, event_type: str, quantity: Any) -> Any:
    event = {"campaignId": campaign, "eventType": event_type, "quantity": quantity, "timestamp": "2025-03-01T12:00:00+01:00"}
    return request("track_usage", "POST", "/v1/usage-events", {"events": [event]})


def recorded(world: World) -> list[tuple[str, str]]:
    return [(row["event_type"], str(row["quantity"])) for row in world.ledger()]


def test_seat_usage_is_recorded(world: World) -> None:
    answer = track(world.campaign(world.company(), "seats"), "seat_usage", 30)

    assert (answer.status, answer.body["recorded"]) == (200, 1)
    assert recorded(world) == [("seat_usage", "30.000000")]


def test_credit_usage_is_recorded_and_taken_from_the_balance(world: World) -> None:
    campaign = world.campaign(world.company(), "credits", credit_allocation="100")

    answer = track(campaign, "credit_usage", "12.5")

    assert (answer.status, answer.body["recorded"]) == (200, 1)
    assert recorded(world) == [("credit_usage", "12.500000")]
    assert world.balance(campaign) == Decimal("87.5")


def test_learners_served_are_recorded(world: World) -> None:
    answer = track(world.campaign(world.company(), "iaas"), "learner_served", 12)

    assert (answer.status, answer.body["recorded"]) == (200, 1)
    assert recorded(world) == [("learner_served", "12.000000")]


def test_sessions_completed_are_recorded(world: World) -> None:
    answer = track(world.campaign(world.company(), "custom"), "session_completed", 1)

    assert (answer.status, answer.body["recorded"]) == (200, 1)
    assert recorded(world) == [("session_completed", "1.000000")]


def test_an_event_of_an_unknown_campaign_is_rejected(world: World) -> None:
    answer = track("nowhere", "seat_usage", 1)

    assert (answer.status, answer.body["rejected"], world.ledger()) == (207, 1, [])
    assert answer.body["results"][0]["reason"] == "/campaignId: there is no such campaign"
