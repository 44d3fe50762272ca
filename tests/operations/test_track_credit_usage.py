"""The hourly credit job and its alerts (design §7), fired as EventBridge fires it."""

import json
import multiprocessing
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from billing.database import session as database
from billing.errors import JobFailed
from local.aws_events import scheduled_event
from tests.terms.test_history import set_terms
from tests.world import World, invoke, request

NOON = datetime(2025, 3, 12, 12, tzinfo=UTC)


def run() -> Any:
    return invoke("track_credit_usage", scheduled_event(NOON))


def run_in_a_process(url: str) -> Any:
    os.environ["DATABASE_URL"] = url
    return run()


def act(world: World, campaign: str, quantity: Any = 1, kind: str = "volunteer_hours", at: str = "2025-03-12T10:20:00Z") -> str:
    return world.insert("campaign_activities", campaign_id=campaign, kind=kind, quantity=quantity, occurred_at=at)


def top_up(campaign: str, credits: Any, name: str = "order-1", **caller: Any) -> Any:
    body = {"credits": credits, "id": name}
    return request("top_up_credits", "POST", f"/v1/campaigns/{campaign}/credits", body, **caller)


def kinds(world: World) -> list[str]:
    sql = "SELECT type FROM billing_events WHERE type IN ('credits.low', 'credits.depleted') ORDER BY id"
    return [row["type"] for row in world.rows(sql)]


def test_each_activity_becomes_a_charge_at_the_campaigns_rate(world: World) -> None:
    campaign = world.campaign(world.company(), "credits", credit_consumption_rate="1.5")
    act(world, campaign, 2)
    act(world, campaign, 4)
    act(world, campaign, 1, "session")
    act(world, campaign, 1, "evidence", at="2025-03-12T11:00:00Z")

    result = run()

    records = {(row["metadata"]["kind"], str(row["event_timestamp"]), row["quantity"]) for row in world.ledger()}
    assert records == {
        ("volunteer_hours", "2025-03-12 10:00:00+00:00", Decimal("9.000000")),
        ("session", "2025-03-12 10:00:00+00:00", Decimal("1.500000")),
        ("evidence", "2025-03-12 11:00:00+00:00", Decimal("1.500000")),
    }
    assert world.balance(campaign) == Decimal(9988)
    assert (result["campaignsProcessed"], result["usageRecordsCreated"], result["lowCreditAlerts"]) == (1, 3, 0)


def test_an_activity_is_charged_at_the_rate_of_its_hour_and_what_was_charged_stays(world: World) -> None:
    campaign = world.campaign(world.company(), "credits", credit_consumption_rate="1")
    act(world, campaign, at="2025-03-11T23:59:59Z")
    run()
    for name, (since, rate) in {"one": ("2025-03-12T10:00:00Z", "2"), "two": ("2025-03-12T11:00:00Z", "3")}.items():
        assert set_terms(campaign, {"creditConsumptionRate": rate}, since, name, retroactive=True).status == 200
    for at in ("09:59:59.999999", "10:00:00", "10:59:59.999999", "11:00:00"):
        act(world, campaign, at=f"2025-03-12T{at}Z")

    run()

    charged = [(row["event_timestamp"].hour, int(row["quantity"]), row["metadata"]["rate"]) for row in world.ledger()]
    assert charged == [(23, 1, "1"), (9, 1, "1"), (10, 4, "2"), (11, 3, "3")]


def test_an_activity_points_to_the_record_that_charged_it_and_is_charged_once(world: World) -> None:
    campaign = world.campaign(world.company(), "credits")
    first = act(world, campaign)
    run()
    late = act(world, campaign)

    results = [run(), run()]

    pointers = {row["id"]: row["usage_record_id"] for row in world.rows("SELECT id, usage_record_id FROM campaign_activities")}
    assert [result["usageRecordsCreated"] for result in results] == [1, 0]
    assert [pointers[first], pointers[late]] == [row["id"] for row in world.ledger()]
    assert world.ledger()[0]["event_timestamp"] == world.ledger()[1]["event_timestamp"]


def test_what_is_recorded_after_the_run_began_waits_for_the_next(world: World) -> None:
    campaign = world.campaign(world.company(), "credits")
    world.connection.run(
        "INSERT INTO campaign_activities (campaign_id, kind, quantity, occurred_at, recorded_at)"
        " VALUES (:id, 'session', 1, now(), now() + interval '1 hour')",
        id=campaign,
    )

    assert run()["usageRecordsCreated"] == 0


def test_only_active_campaigns_of_the_credits_model_are_charged(world: World) -> None:
    company = world.company()
    act(world, world.campaign(company, "credits", is_active=False))
    act(world, world.campaign(company, "iaas"))

    assert run()["usageRecordsCreated"] == 0


def test_a_campaign_without_a_rate_is_reported_and_all_others_are_charged(world: World) -> None:
    company = world.company()
    without = world.campaign(company, "credits", credit_consumption_rate=None)
    too_much = world.campaign(company, "credits")
    good = world.campaign(company, "credits")
    act(world, without)
    act(world, too_much, 10**12)
    act(world, good)

    with pytest.raises(JobFailed):
        run()

    assert [row["campaign_id"] for row in world.ledger()] == [good]
    errors = world.value("SELECT result -> 'errors' FROM job_executions")
    assert [error["campaignId"] for error in errors] == [without, too_much]


def test_two_runs_at_once_charge_each_activity_once_ten_times_over(world: World, database_url: str) -> None:
    campaign = world.campaign(world.company(), "credits")
    database.disconnect()
    # Long enough between charge and commit for the two to meet.
    world.connection.run(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.1); RETURN NULL; END $$;"
        "CREATE TRIGGER slow AFTER UPDATE ON campaign_activities FOR EACH STATEMENT EXECUTE FUNCTION slow()"
    )

    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for repeat in range(1, 11):
            for _ in range(20):
                act(world, campaign)
            results = pool.map(run_in_a_process, [database_url] * 2, chunksize=1)

            assert sum(result["usageRecordsCreated"] for result in results) == 1
            assert world.balance(campaign) == 10000 - 20 * repeat
            assert world.value("SELECT count(*) FROM campaign_activities WHERE usage_record_id IS NULL") == 0

    world.connection.run("DROP FUNCTION slow CASCADE")


def test_a_run_whose_connection_is_cut_leaves_nothing_half_done(world: World) -> None:
    campaign = world.campaign(world.company(), "credits")
    act(world, campaign, 3)
    # The server ends the connection in the middle of the charge: after the record, before the commit.
    world.connection.run(
        "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
        " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END $$;"
        "CREATE TRIGGER cut AFTER UPDATE ON campaign_activities FOR EACH STATEMENT EXECUTE FUNCTION cut()"
    )

    with pytest.raises(Exception, match="database"):
        run()

    assert (world.ledger(), world.balance(campaign)) == ([], 10000)
    world.connection.run("DROP FUNCTION cut CASCADE")
    assert run()["usageRecordsCreated"] == 1
    assert world.balance(campaign) == 9997


def test_one_alert_for_each_crossing_and_a_top_up_arms_it_again(world: World) -> None:
    campaign = world.campaign(world.company(), "credits", credit_allocation=100)
    seen = []

    for step in (91, 1, 8, 5, "top up", 100):
        if step == "top up":
            top_up(campaign, 200)
        else:
            act(world, campaign, step)
            run()
        seen.append(kinds(world))

    low, depleted = "credits.low", "credits.depleted"
    assert seen == [[low], [low], [low, depleted], [low, depleted], [low, depleted], [low, depleted]]
    # The 5 credits that nothing paid for before the top-up stay overage.
    assert world.balance(campaign) == 200 - 100
    act(world, campaign, 71)
    assert run()["lowCreditAlerts"] == 1
    assert kinds(world) == [low, depleted, low]


def test_a_top_up_raises_allocation_and_balance_once_for_each_id(world: World) -> None:
    company = world.company()
    campaign, other = (world.campaign(company, "credits", credit_allocation=100) for _ in range(2))
    act(world, campaign, 30)
    run()

    first, again = top_up(campaign, "50.5", company=company), top_up(campaign, 50.50, company=company)
    changed, elsewhere = top_up(campaign, 51, company=company), top_up(other, "50.5", company=company)

    assert first.body == again.body
    grant = first.body.pop("grant")
    assert first.body == {"campaignId": campaign, "creditAllocation": "150.500000", "creditsRemaining": "120.500000"}
    assert (grant["id"], grant["credits"], grant["remaining"]) == ("order-1", "50.500000", "50.500000")
    assert (grant["amount"], grant["priority"], grant["expiresAt"], grant["source"]) == ("2525.00", 100, None, "purchase")
    assert [changed.status, elsewhere.status] == [409, 409]
    assert [[error["pointer"] for error in answer.body["errors"]] for answer in (changed, elsewhere)] == [["/credits"], ["/id"]]
    assert world.value("SELECT count(*) FROM credit_grants WHERE source = 'purchase'") == 1


def test_the_note_of_a_top_up_does_not_count_and_the_first_one_stays(world: World) -> None:
    path = f"/v1/campaigns/{world.campaign(world.company(), 'credits')}/credits"

    answers = [
        request("top_up_credits", "POST", path, {"credits": 1, "id": "a"} | note) for note in ({"note": "x"}, {"note": "y"}, {})
    ]

    assert [answer.status for answer in answers] == [200] * 3
    assert answers[0].body == answers[1].body == answers[2].body
    assert world.rows("SELECT note FROM credit_grants WHERE source = 'purchase'") == [{"note": "x"}]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"credits": 0, "id": "a"}, 422),
        ({"credits": "-1", "id": "a"}, 422),
        ({"credits": 1}, 422),
        ({"credits": 1, "id": ""}, 422),
        ({"credits": 1, "id": "a", "note": "\u0000"}, 422),
        ({"credits": True, "id": "a"}, 422),
    ],
    ids=str,
)
def test_a_top_up_that_breaks_a_rule_is_refused(world: World, body: dict[str, Any], status: int) -> None:
    campaign = world.campaign(world.company(), "credits")

    answer = request("top_up_credits", "POST", f"/v1/campaigns/{campaign}/credits", body)

    assert answer.status == status
    assert world.balance(campaign) == 10000


def test_a_top_up_of_what_is_not_there_is_refused(world: World) -> None:
    campaign = world.campaign(world.company(), "credits")

    assert [top_up("nowhere", 1).status, top_up(campaign, 1, company=world.company()).status] == [404, 404]


def test_a_campaign_of_any_model_takes_a_top_up_that_has_a_price(world: World) -> None:
    campaign = world.campaign(world.company(), "seats")
    body = {"credits": 10, "id": "a"}

    refused, taken = (
        request("top_up_credits", "POST", f"/v1/campaigns/{campaign}/credits", body | price)
        for price in ({}, {"amount": "60.00"})
    )

    assert (refused.status, [error["pointer"] for error in refused.body["errors"]]) == (422, ["/amount"])
    assert (taken.status, taken.body["creditsRemaining"], taken.body["grant"]["amount"]) == (200, "10.000000", "60.00")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.just("run"), st.integers(1, 60), st.integers(-80, -1)), max_size=12))
def test_any_interleaving_keeps_the_balance_the_charges_and_the_alerts_right(world: World, steps: list[Any]) -> None:
    world.empty()
    campaign = world.campaign(world.company(), "credits", credit_allocation=100)
    granted, left, used, waiting, crossings = 100, 100, 0, 0, 0

    for number, step in enumerate([*steps, "run"]):
        if step == "run":
            before, left = left, max(0, left - waiting)
            used, waiting = used + waiting, 0
            crossings += (before >= granted / 10 > left) + (before > 0 == left)
            run()
        elif step > 0:
            act(world, campaign, step, kind=["session", "evidence"][number % 2])
            waiting += step
        else:
            granted, left = granted - step, left - step
            assert top_up(campaign, -step, f"top-up-{number}").status == 200

    burned = world.value("SELECT coalesce(sum(credits), 0) FROM credit_movements WHERE kind = 'burned'")
    overage = world.value("SELECT coalesce(sum(credits), 0) FROM credit_movements WHERE kind = 'overage'")
    assert (world.balance(campaign), burned, overage) == (left, granted - left, used - burned)
    assert sum(row["quantity"] for row in world.ledger()) == used
    assert len(kinds(world)) == crossings


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A bus of moto's, and a queue that gets all of its events."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("ALERT_BUS_NAME", "alerts")
    with mock_aws():
        events, sqs = boto3.client("events"), boto3.client("sqs")
        queue = sqs.create_queue(QueueName="seen")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.create_event_bus(Name="alerts")
        events.put_rule(Name="all", EventBusName="alerts", EventPattern=json.dumps({"source": ["campaign-billing"]}))
        events.put_targets(Rule="all", EventBusName="alerts", Targets=[{"Id": "queue", "Arn": arn}])
        yield lambda: [
            json.loads(m["Body"]) for m in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        ]


def test_an_alert_is_published_with_a_stable_id_and_only_once(world: World, bus: Any) -> None:
    company = world.company()
    campaign = world.campaign(company, "credits", credit_allocation=100)
    act(world, campaign, 95)

    run()
    run()

    (event,) = bus()
    event_id = world.value("SELECT id FROM billing_events WHERE published_at IS NOT NULL")
    assert (event["detail-type"], event["source"]) == ("credits.low", "campaign-billing")
    assert event["detail"] | {"time": None} == {
        "specversion": "1.0",
        "id": str(event_id),
        "source": "campaign-billing",
        "type": "credits.low",
        "subject": campaign,
        "time": None,
        "datacontenttype": "application/json",
        "companyid": company,
        "data": {"campaignId": campaign, "creditAllocation": "100", "creditsRemaining": "5"},
    }


def test_an_alert_that_could_not_be_published_is_published_by_the_next_run(
    world: World, bus: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    act(world, world.campaign(world.company(), "credits", credit_allocation=100), 95)
    monkeypatch.setenv("ALERT_BUS_NAME", "")
    run()
    assert bus() == []
    monkeypatch.setenv("ALERT_BUS_NAME", "alerts")

    run()

    assert len(bus()) == 1


def test_a_bus_that_cannot_be_reached_costs_no_charge(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = world.campaign(world.company(), "credits", credit_allocation=100)
    act(world, campaign, 95)
    monkeypatch.setenv("ALERT_BUS_NAME", "alerts")
    monkeypatch.setenv("AWS_ENDPOINT_URL_EVENTBRIDGE", "http://127.0.0.1:9")
    answer_with(monkeypatch, None)

    result = run()

    assert (result["success"], result["lowCreditAlerts"], world.balance(campaign)) == (True, 1, 5)
    assert world.value("SELECT count(*) FROM billing_events WHERE published_at IS NULL") == 1


def answer_with(monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any] | None) -> None:
    """Let AWS's client answer so; None lets it try the network once."""
    config = Config(retries={"max_attempts": 0}, connect_timeout=1)
    client = boto3.client("events", "eu-west-1", aws_access_key_id="x", aws_secret_access_key="x", config=config)  # noqa: S106
    if answer is not None:
        client.meta.events.register(
            "before-call.events.PutEvents", lambda **_: (type("Http", (), {"status_code": 200}), answer)
        )
    monkeypatch.setattr(boto3, "client", lambda *_, **__: client)
