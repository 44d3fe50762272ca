"""What the database itself refuses, whoever asks (design §3, §4)."""

from typing import Any

import pytest
from pg8000.native import DatabaseError

from billing.database import session as database
from tests.callers import track, usage_event
from tests.world import World, request


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE billing_usage_records SET quantity = 0",
        "DELETE FROM billing_usage_records",
        "TRUNCATE billing_usage_records CASCADE",
    ],
)
@pytest.mark.parametrize("role", ["postgres", "billing_owner", "billing_app", "billing_jobs"])
def test_a_usage_record_is_never_changed_or_deleted(world: World, change: str, role: str) -> None:
    track(usage_event(world.campaign(world.company())))
    login = world.value("SELECT current_user")
    world.connection.run(f"SET ROLE {login if role == 'postgres' else role}")

    with pytest.raises(DatabaseError) as refusal:
        world.connection.run(change)

    assert refusal.value.args[0]["C"] == "42501"
    world.connection.run("RESET ROLE")
    assert [row["quantity"] for row in world.ledger()] == [30]


def test_the_balance_moves_with_every_record_and_stays_at_zero_where_there_is_overage(world: World) -> None:
    campaign = world.campaign(world.company(), "credits", credit_allocation=100)

    answer = track(
        usage_event(campaign, eventType="credit_usage", quantity="60.5"),
        usage_event(campaign, eventType="credit_usage", quantity=60),
    )

    assert answer.body["recorded"] == 2
    assert world.balance(campaign) == 0
    assert str(world.value("SELECT sum(credits) FROM credit_movements WHERE kind = 'overage'")) == "20.500000"


def test_a_repeat_or_conflict_takes_no_credits(world: World) -> None:
    campaign = world.campaign(world.company(), "credits", credit_allocation=100)
    used = usage_event(campaign, eventType="credit_usage", quantity=10, id="a")

    track(used, used, used | {"quantity": 20})

    assert world.balance(campaign) == 90


def test_raising_the_allocation_raises_the_balance(world: World) -> None:
    campaign = world.campaign(world.company(), "credits", credit_allocation=100)
    track(usage_event(campaign, eventType="credit_usage", quantity=30))

    world.connection.run("UPDATE campaigns SET credit_allocation = 150 WHERE id = :id", id=campaign)

    assert world.balance(campaign) == 120


def test_an_allocation_given_late_leaves_what_was_used_before_it_as_overage(world: World) -> None:
    campaign = world.campaign(world.company(), "seats")
    track(usage_event(campaign, eventType="credit_usage", quantity=30))

    for change in ("credit_price = 1", "credit_allocation = 100"):
        world.connection.run(f"UPDATE campaigns SET {change} WHERE id = :id", id=campaign)

    assert world.balance(campaign) == 100
    assert world.rows("SELECT kind, credits FROM credit_movements") == [{"kind": "overage", "credits": 30}]


def test_each_crossing_of_a_line_raises_one_alert(world: World) -> None:
    campaign = world.campaign(world.company(), "credits", credit_allocation=100)

    kinds = []
    for n, quantity in enumerate([90, 1, 1, 8, 1]):
        track(usage_event(campaign, eventType="credit_usage", quantity=quantity, id=f"use-{n}"))
        kinds.append(world.value("SELECT string_agg(type, ',' ORDER BY id) FROM billing_events"))

    assert kinds == [None, "credits.low", "credits.low", "credits.low,credits.depleted", "credits.low,credits.depleted"]


def test_record_balance_and_alert_commit_together_or_not_at_all(world: World) -> None:
    campaign = world.campaign(world.company(), "credits", credit_allocation=100)
    world.connection.run("ALTER TABLE billing_events ADD CONSTRAINT broken CHECK (type <> 'credits.low')")

    answer = track(usage_event(campaign, eventType="credit_usage", quantity=95))

    world.connection.run("ALTER TABLE billing_events DROP CONSTRAINT broken")
    assert answer.status == 500
    assert (world.ledger(), world.balance(campaign)) == ([], 100)


TERMS_MISSING: list[tuple[str, dict[str, Any]]] = [
    ("seats", {"seat_price_per_month": None}),
    ("credits", {"credit_allocation": None}),
    ("credits", {"budget_allocated": None}),
    ("credits", {"credit_allocation": 0}),
    ("iaas", {"iaas_metrics": None}),
    ("iaas", {"iaas_metrics": {"learnersCommitted": 5}}),
    ("iaas", {"iaas_metrics": {"pricePerLearner": "-1"}}),
    ("custom", {"custom_pricing_terms": None}),
    ("custom", {"custom_pricing_terms": {}}),
    ("custom", {"start_date": None}),
    ("seats", {"currency": None}),
    ("seats", {"currency": "eur"}),
    ("seats", {"seat_price_per_month": "-1"}),
    ("seats", {"seat_price_per_month": "NaN"}),
    ("seats", {"committed_seats": "Infinity"}),
    ("seats", {"start_date": "2025-02-01", "end_date": "2025-01-31"}),
    ("bundle", {"bundle_allocation_percentage": "0"}),
    ("bundle", {"bundle_allocation_percentage": "1.0001"}),
]


@pytest.mark.parametrize(("model", "terms"), TERMS_MISSING, ids=str)
def test_a_campaign_without_the_terms_of_its_model_is_refused(world: World, model: str, terms: dict[str, Any]) -> None:
    company = world.company()

    with pytest.raises(DatabaseError) as refusal:
        world.campaign(company, model, **terms)

    assert refusal.value.args[0]["C"] in ("23514", "23502")


def test_a_link_to_another_companys_subscription_is_refused(world: World) -> None:
    subscription = world.subscription(world.company())

    with pytest.raises(DatabaseError) as refusal:
        world.campaign(world.company(), "bundle", l2i_subscription_id=subscription, bundle_allocation_percentage="0.5")

    assert refusal.value.args[0]["C"] == "23503"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "UTC+3", "Europe", ""])
def test_a_time_zone_that_is_none_is_refused(world: World, zone: str) -> None:
    with pytest.raises(DatabaseError):
        world.company(time_zone=zone)


def test_another_companys_campaign_does_not_exist_for_the_caller(world: World) -> None:
    campaign = world.campaign(world.company())

    answer = track(usage_event(campaign), company=world.company())

    assert answer.body["results"][0]["status"] == "rejected"
    assert world.ledger() == []


def test_a_query_without_a_filter_sees_one_companys_rows_only(world: World) -> None:
    ours, theirs = world.company(), world.company()
    for company in (ours, theirs):
        track(usage_event(world.campaign(company, "credits"), eventType="credit_usage", quantity=9999, id="x"))

    tables = ("companies", "campaigns", "billing_usage_records", "billing_events")
    with database.transaction(ours) as db:
        seen = [db.value(f"SELECT count(*) FROM {table}") for table in tables]
    with database.transaction("nobody") as db:
        unseen = [db.value(f"SELECT count(*) FROM {table}") for table in tables]

    assert seen == [1, 1, 1, 1]
    assert unseen == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("scopes", "authorizer", "status"),
    [("billing/read", True, 403), ("", True, 403), ("billing/usage.write", False, 401)],
    ids=["wrong scope", "no scope", "no claims"],
)
def test_who_may_not_is_refused_before_the_body_is_read(world: World, scopes: str, authorizer: bool, status: int) -> None:
    changes: dict[str, Any] = (
        {} if authorizer else {"requestContext": {"stage": "$default", "requestId": "1", "http": {"method": "POST"}}}
    )

    answer = request("track_usage", "POST", "/v1/usage-events", "not json", company="c", scopes=scopes, **changes)

    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")


def test_a_line_that_a_lower_allocation_crosses_raises_its_alert_once(world: World) -> None:
    campaign = world.campaign(world.company(), "credits", credit_allocation=1000)
    track(usage_event(campaign, eventType="credit_usage", quantity=500))

    world.rows("UPDATE campaigns SET credit_allocation = 500 WHERE id = :id", id=campaign)
    track(usage_event(campaign, eventType="credit_usage", quantity=10))

    alerts = world.rows("SELECT type FROM billing_events WHERE type IN ('credits.low', 'credits.depleted') ORDER BY id")
    assert [alert["type"] for alert in alerts] == ["credits.low", "credits.depleted"]
