"""Usage from a queue: each message is recorded once, waits, or is a dead letter with its reason (design §4, §8)."""

import json
import os
import random
import signal
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local.redrive import move
from tests.faults import strike
from tests.world import World, invoke, request

Message = dict[str, Any]
_ids = count(1)


class Queues:
    """The usage queue and its dead letters, at moto's SQS."""

    def __init__(self) -> None:
        self.sqs = boto3.client("sqs")
        self.usage = self.sqs.create_queue(QueueName="usage")["QueueUrl"]
        self.dead = self.sqs.create_queue(QueueName="dead")["QueueUrl"]

    def letters(self) -> dict[str, str]:
        """The reasons of the dead letters by their bodies."""
        messages = self.receive(self.dead, 100)
        return {message["Body"]: message["MessageAttributes"]["reason"]["StringValue"] for message in messages}

    def receive(self, queue: str, most: int) -> list[Message]:
        received: list[Message] = []
        while len(received) < most:
            got = self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
            if not got.get("Messages"):
                break
            received += got["Messages"]
        return received

    def send(self, bodies: list[str]) -> None:
        for first in range(0, len(bodies), 10):
            entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[first : first + 10])]
            self.sqs.send_message_batch(QueueUrl=self.usage, Entries=entries)

    def appear_again(self, messages: list[Message]) -> None:
        """What their visibility timeout does to messages that were not deleted."""
        for message in messages:
            handle = message["ReceiptHandle"]
            self.sqs.change_message_visibility(QueueUrl=self.usage, ReceiptHandle=handle, VisibilityTimeout=0)

    def delete(self, messages: list[Message]) -> None:
        for message in messages:
            self.sqs.delete_message(QueueUrl=self.usage, ReceiptHandle=message["ReceiptHandle"])


@pytest.fixture
def queues(monkeypatch: pytest.MonkeyPatch) -> Iterator[Queues]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        queues = Queues()
        monkeypatch.setenv("USAGE_DEAD_LETTERS_URL", queues.dead)
        yield queues


def usage(campaign: str, quantity: Any = 1, **changes: Any) -> dict[str, Any]:
    at = "2025-03-01T12:00:00Z"
    return {"campaignId": campaign, "eventType": "learner_served", "quantity": quantity, "timestamp": at} | changes


def delivery(bodies: list[Any]) -> dict[str, Any]:
    """A batch as Lambda receives it; a body that is not yet a text is an event."""
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    source = {"eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:usage"}
    return {"Records": [{"messageId": f"m-{next(_ids)}", "body": text, "attributes": {}} | source for text in texts]}


def deliver(event: dict[str, Any]) -> list[str]:
    """The bodies of the messages that have to come again."""
    failed = {item["itemIdentifier"] for item in invoke("ingest_usage", event)["batchItemFailures"]}
    return [record["body"] for record in event["Records"] if record["messageId"] in failed]


def quantities(world: World) -> list[Decimal]:
    return sorted(row["quantity"] for row in world.ledger())


def test_each_message_is_recorded(world: World, queues: Queues) -> None:
    campaign = world.campaign(world.company(), "iaas")

    assert deliver(delivery([usage(campaign, 1), usage(campaign, 2)])) == []
    assert quantities(world) == [1, 2]
    assert queues.letters() == {}


def test_a_delivery_of_companies_is_recorded_for_each_of_them(world: World, queues: Queues) -> None:
    companies = [world.company(), world.company()]

    deliver(delivery([usage(world.campaign(company, "iaas")) for company in companies]))

    assert [row["company_id"] for row in world.ledger()] == companies


def test_a_message_that_is_delivered_again_is_recorded_once(world: World, queues: Queues) -> None:
    event = delivery([usage(world.campaign(world.company(), "iaas"))] * 2)

    assert deliver(event) == deliver(event) == []
    assert len(world.ledger()) == 1


def test_the_same_event_through_the_api_and_the_queue_makes_one_record(world: World, queues: Queues) -> None:
    event = usage(world.campaign(world.company(), "iaas"))
    named = usage(event["campaignId"], 2, id="visit-1")

    deliver(delivery([event]))
    answer = request("track_usage", "POST", "/v1/usage-events", {"events": [event, named]})
    deliver(delivery([named]))

    assert [result["status"] for result in answer.body["results"]] == ["duplicate", "recorded"]
    assert quantities(world) == [1, 2]


BAD = {
    "not JSON": ("{", "The body is not JSON: "),
    "a key twice": ('{"id": "a", "id": "b"}', "The body is not JSON: the key 'id' appears twice in one object."),
    "not an object": ("[1]", "The body must be a JSON object."),
    "a bad quantity": (json.dumps(usage("c", -1)), "/quantity: must be at least 0 and below 10^12"),
    "an unknown campaign": (json.dumps(usage("nowhere")), "/campaignId: there is no such campaign"),
    "a name that SQS does not take": (
        json.dumps(usage("c") | {"\x01": 1}),
        "/\N{REPLACEMENT CHARACTER}: is not a field of this request",
    ),
}


@pytest.mark.parametrize(("body", "reason"), BAD.values(), ids=BAD)
def test_what_can_never_be_recorded_is_a_dead_letter_with_its_reason_and_the_rest_is_recorded(
    world: World, queues: Queues, body: str, reason: str
) -> None:
    campaign = world.campaign(world.company(), "iaas")

    assert deliver(delivery([usage(campaign, 1), body, usage(campaign, 2)])) == []
    assert quantities(world) == [1, 2]
    ((letter, why),) = queues.letters().items()
    assert letter == body
    assert why.startswith(reason)


def test_an_id_that_names_another_event_is_a_dead_letter(world: World, queues: Queues) -> None:
    campaign = world.campaign(world.company(), "iaas")
    deliver(delivery([usage(campaign, 1, id="visit-1")]))
    other = usage(campaign, 2, id="visit-1")

    assert deliver(delivery([other])) == []
    assert queues.letters() == {json.dumps(other): "the id names a record with another quantity"}


def test_an_event_that_the_database_refuses_is_a_dead_letter_and_the_rest_is_recorded(world: World, queues: Queues) -> None:
    campaign = world.campaign(world.company(), "iaas")
    world.connection.run(
        "CREATE FUNCTION refuse_13() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RAISE EXCEPTION 'thirteen is refused'; END$$;"
        "CREATE TRIGGER refuse_13 BEFORE INSERT ON billing_usage_records"
        " FOR EACH ROW WHEN (NEW.quantity = 13) EXECUTE FUNCTION refuse_13()"
    )
    try:
        assert deliver(delivery([usage(campaign, n) for n in range(20)])) == []
    finally:
        world.connection.run("DROP TRIGGER refuse_13 ON billing_usage_records; DROP FUNCTION refuse_13")

    assert quantities(world) == [n for n in range(20) if n != 13]
    assert queues.letters() == {json.dumps(usage(campaign, 13)): "thirteen is refused"}


def test_where_the_database_cannot_be_reached_every_message_comes_again_and_none_is_a_dead_letter(
    world: World, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [json.dumps(usage(world.campaign(world.company(), "iaas"))), "not JSON"]
    event = delivery(bodies)
    with monkeypatch.context() as away:
        away.setenv("DATABASE_URL", "postgresql://postgres:x@127.0.0.1:9/billing")

        assert deliver(event) == bodies

    assert queues.letters() == {}
    assert deliver(event) == []
    assert (len(world.ledger()), [*queues.letters()]) == (1, ["not JSON"])


@pytest.mark.parametrize("dead_letters", ["", "https://sqs.eu-west-1.amazonaws.com/123456789012/none"], ids=["none", "refused"])
def test_a_dead_letter_that_no_queue_takes_comes_again_alone(
    world: World, queues: Queues, monkeypatch: pytest.MonkeyPatch, dead_letters: str
) -> None:
    monkeypatch.setenv("USAGE_DEAD_LETTERS_URL", dead_letters)
    campaign = world.campaign(world.company(), "iaas")

    assert deliver(delivery([usage(campaign), "not JSON"])) == ["not JSON"]
    assert len(world.ledger()) == 1


def test_dead_letters_that_are_put_back_after_mending_are_recorded(world: World, queues: Queues) -> None:
    company, late = world.company(), "came-late"
    deliver(delivery([usage(late, n) for n in range(12)]))
    world.campaign(company, "iaas", id=late)

    assert move(queues.sqs, queues.dead, queues.usage) == 12

    messages = queues.receive(queues.usage, 20)
    assert deliver(delivery([message["Body"] for message in messages])) == []
    assert quantities(world) == list(range(12))


def consume_and_die(event: dict[str, Any]) -> None:
    invoke("ingest_usage", event)
    os.kill(os.getpid(), signal.SIGKILL)


def struck(event: dict[str, Any], at: int) -> bool:
    """Whether the consumer was killed before its nth message to the server, or after the last, which is the commit."""
    return strike(partial(consume_and_die, event), "kill", at) == -signal.SIGKILL


def test_ten_thousand_messages_with_repeats_and_a_consumer_that_is_killed_make_each_record_once(
    world: World, queues: Queues
) -> None:
    campaigns = [world.campaign(world.company(), "credits", credit_allocation=10**8) for _ in range(3)]
    events = [usage(campaigns[n % 3], n, eventType="credit_usage") for n in range(8_000)]
    # This is what SQS would deliver; moto takes minutes to queue as many.
    waiting = random.Random(16).sample([*events, *events[::4]], 10_000)  # noqa: S311 - an order, no secret
    kills = [1, 2, 3, 4, 9]

    while waiting:
        batch, waiting = waiting[:1_000], waiting[1_000:]
        if kills:
            assert struck(delivery(batch), kills.pop())
            waiting += batch
        else:
            assert deliver(delivery(batch)) == []

    assert quantities(world) == list(range(8_000))
    assert sum(world.balance(campaign) for campaign in campaigns) == 3 * 10**8 - sum(range(8_000))


def test_a_message_is_in_the_queue_until_a_consumer_is_through_with_it(world: World, queues: Queues) -> None:
    campaign = world.campaign(world.company(), "iaas")
    queues.send([json.dumps(usage(campaign, n)) for n in range(30)])
    messages = queues.receive(queues.usage, 30)
    event = delivery([message["Body"] for message in messages])

    assert struck(event, 9)
    queues.appear_again(messages)
    again = queues.receive(queues.usage, 30)
    assert deliver(delivery([message["Body"] for message in again])) == []
    queues.delete(again)

    assert quantities(world) == list(range(30))
    assert queues.receive(queues.usage, 1) == []
