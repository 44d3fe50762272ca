"""What the platform writes and the system cannot use is refused when it is written, and stale rows that it sends back change
nothing that the system keeps (design §3)."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pg8000.native import DatabaseError

from billing.database.session import violated_constraint
from local.aws_events import scheduled_event
from tests.world import World, invoke, request

NOON = datetime(2025, 3, 12, 12, tzinfo=UTC)


def refused_by(refusal: pytest.ExceptionInfo[DatabaseError]) -> str:
    return violated_constraint(refusal.value)


@pytest.mark.parametrize(
    "zone",
    ["europe/oslo", "EUROPE/OSLO", "America/New_york", "Mars/Olympus-3", "Europe/Oslo-1", "Foo/Bar+99", "SystemV/EST5EDT"],
)
def test_a_time_zone_in_another_spelling_than_ianas_is_refused(world: World, zone: str) -> None:
    with pytest.raises(DatabaseError) as refusal:
        world.company(time_zone=zone)

    assert refused_by(refusal) == "time_zone_is_known"


IDS = ["spring/2025", "camp#1", "who?", 'q"x', "`a`", "a\\b", "a\tb", "🌱", "a b", "", "a" * 129]


@pytest.mark.parametrize("id", IDS, ids=ascii)
def test_an_id_that_no_path_can_carry_is_refused(world: World, id: str) -> None:
    company = world.company()

    with pytest.raises(DatabaseError) as refusal:
        world.campaign(company, id=id)

    assert refusal.value.args[0]["C"] == "23514"


def test_an_id_of_128_characters_and_every_sign_that_is_allowed_is_charged_and_read(world: World) -> None:
    campaign = world.campaign(world.company(), id="-._~:@+=," + "a" * 119)

    assert request("get_campaign_usage", "GET", f"/v1/campaigns/{campaign}/usage", query=JANUARY).status == 200


@pytest.mark.parametrize(
    "period",
    [
        {"current_period_end": "infinity"},
        {"current_period_end": "20000-01-01T00:00:00Z"},
        {"current_period_start": "-infinity"},
        {"current_period_start": "4000-01-01T00:00:00Z BC"},
    ],
    ids=str,
)
def test_a_period_that_no_statement_can_hold_is_refused(world: World, period: dict[str, str]) -> None:
    company = world.company()

    with pytest.raises(DatabaseError) as refusal:
        world.subscription(company, **period)

    assert refused_by(refusal) == "period_is_finite"


SESSIONS: dict[str, Any] = {"name": "Sessions", "unit": "session", "rate": "5"}
PILOT: dict[str, Any] = {"name": "Pilot", "amount": "100", "dueDate": "2025-03-01"}
COMPONENTS: list[Any] = [
    *([SESSIONS | {"rate": rate}] for rate in (-5, None, "free")),
    *([SESSIONS | {"cap": cap}] for cap in (-1, "many", True)),
    [SESSIONS | {"unit": "day"}],
    [SESSIONS | {"name": ""}],
    [SESSIONS, SESSIONS],
    [None],
    [{}],
    {},
    "none",
]
MILESTONES: list[Any] = [
    *([PILOT | {"amount": amount}] for amount in (-100, None)),
    *([PILOT | {"dueDate": day}] for day in (None, "2025-02-30", "soon")),
    [{"name": "Pilot", "amount": "100"}],
    [PILOT, PILOT],
    [None],
]
FEES: list[Any] = [-1, "1e400", "NaN", True, []]
CUSTOM: list[dict[str, Any]] = [
    *({"variableComponents": components} for components in COMPONENTS),
    *({"milestonePayments": milestones} for milestones in MILESTONES),
    *({"fixedFee": "10", "fixedFeeInterval": interval} for interval in ("monthly", None)),
    *({"fixedFee": fee} for fee in FEES),
]
IAAS: list[dict[str, Any]] = [
    {"learnersCommitted": -3},
    {"learnersCommitted": True},
    {"outcomeThresholds": [{"threshold": 5}]},
    {"outcomeThresholds": [{"name": "Reads", "threshold": -5}]},
    {"outcomeThresholds": [None]},
    {"pricePerLearner": "1e400"},
]


@pytest.mark.parametrize(
    ("model", "column", "terms"),
    [
        *(("custom", "custom_pricing_terms", terms) for terms in CUSTOM),
        *(("iaas", "iaas_metrics", {"pricePerLearner": "5"} | terms) for terms in IAAS),
    ],
    ids=str,
)
def test_terms_of_the_wrong_form_are_refused(world: World, model: str, column: str, terms: dict[str, Any]) -> None:
    company = world.company()

    with pytest.raises(DatabaseError) as refusal:
        world.campaign(company, model, **{column: terms})

    assert refused_by(refusal) == f"{model}_terms"


@pytest.mark.parametrize("instant", ["infinity", "-infinity", "1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z"])
def test_an_activity_at_an_instant_that_no_statement_can_hold_is_refused(world: World, instant: str) -> None:
    campaign = world.campaign(world.company(), "credits")

    with pytest.raises(DatabaseError) as refusal:
        world.insert("campaign_activities", campaign_id=campaign, kind="session", quantity=1, occurred_at=instant)

    assert refused_by(refusal) == "occurs_within_what_can_be_charged"


JANUARY = {"start": "2025-01-01", "end": "2025-02-01"}


@pytest.mark.parametrize("fee", ["99999999999999.99", "12345678901234567.89"])
def test_an_amount_in_json_terms_is_exact_to_its_last_digit(world: World, fee: str) -> None:
    campaign = world.campaign(world.company(), "custom", custom_pricing_terms=f'{{"fixedFee": {fee}}}')

    statement = request("get_campaign_usage", "GET", f"/v1/campaigns/{campaign}/usage", query=JANUARY)

    assert statement.body["billing"]["totalAmount"] == fee


@pytest.mark.parametrize("price", ["333333333333333.33"])
def test_a_price_in_iaas_terms_is_exact_to_its_last_digit(world: World, price: str) -> None:
    campaign = world.campaign(world.company(), "iaas", iaas_metrics=f'{{"pricePerLearner": {price}}}')
    event = {"campaignId": campaign, "eventType": "learner_served", "quantity": 1, "timestamp": "2025-01-15T10:00:00Z"}
    assert request("track_usage", "POST", "/v1/usage-events", {"events": [event]}).status == 200

    statement = request("get_campaign_usage", "GET", f"/v1/campaigns/{campaign}/usage", query=JANUARY)

    assert statement.body["billing"]["totalAmount"] == price


@pytest.mark.parametrize("remaining", ["1000", "7", None])
def test_a_balance_that_the_platform_sends_back_is_ignored(world: World, remaining: str | None) -> None:
    campaign = world.campaign(world.company(), "credits", credit_allocation=1000, credits_remaining=remaining)
    event = {"campaignId": campaign, "eventType": "credit_usage", "quantity": 300, "timestamp": "2025-01-15T10:00:00Z"}
    assert request("track_usage", "POST", "/v1/usage-events", {"events": [event]}).status == 200

    world.rows("UPDATE campaigns SET name = 'x', credits_remaining = :c, credit_allocation = 1000", c=remaining)

    assert world.balance(campaign) == 700


def charged_activity(world: World) -> str:
    campaign = world.campaign(world.company(), "credits")
    activity = world.insert(
        "campaign_activities", campaign_id=campaign, kind="session", quantity=3, occurred_at="2025-03-12T10:20:00Z"
    )
    assert invoke("track_credit_usage", scheduled_event(NOON))["usageRecordsCreated"] == 1
    return activity


def test_a_stale_copy_of_an_activity_is_not_charged_again(world: World) -> None:
    activity = charged_activity(world)
    charged_by = world.ledger()[0]["id"]

    world.rows("UPDATE campaign_activities SET usage_record_id = NULL WHERE id = :id", id=activity)

    assert world.value("SELECT usage_record_id FROM campaign_activities WHERE id = :id", id=activity) == charged_by
    assert invoke("track_credit_usage", scheduled_event(NOON))["usageRecordsCreated"] == 0


def test_an_activity_that_says_it_is_charged_is_charged_all_the_same(world: World) -> None:
    activity = charged_activity(world)
    campaign, record = world.ledger()[0]["campaign_id"], world.ledger()[0]["id"]
    same = {"campaign_id": campaign, "kind": "session", "quantity": 1, "occurred_at": "2025-03-12T10:20:00Z"}
    written = world.insert("campaign_activities", **same, usage_record_id=record)
    changed = world.insert("campaign_activities", **same)
    world.rows("UPDATE campaign_activities SET usage_record_id = :record WHERE id = :id", record=record, id=changed)

    result = invoke("track_credit_usage", scheduled_event(NOON))

    assert result["usageRecordsCreated"] == 1
    pointers = {row["id"]: row["usage_record_id"] for row in world.rows("SELECT id, usage_record_id FROM campaign_activities")}
    assert pointers[activity] == record
    assert pointers[written] == pointers[changed] == world.ledger()[1]["id"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE campaign_activities SET quantity = 4",
        "UPDATE campaign_activities SET kind = 'evidence'",
        "UPDATE campaign_activities SET occurred_at = occurred_at + interval '1 hour'",
        "UPDATE campaign_activities SET id = 'another'",
        "DELETE FROM campaign_activities",
    ],
)
def test_a_charged_activity_keeps_what_it_was(world: World, change: str) -> None:
    charged_activity(world)

    with pytest.raises(DatabaseError) as refusal:
        world.connection.run(change)

    assert refused_by(refusal) == "charged_activities_stay"
