"""The example of a consumer in docs/consumer: what the outbox publishes reaches it by its rule, and is handled once."""

import importlib.util
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import boto3
import pytest
import yaml
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyAlreadyInProgressError, IdempotencyKeyError
from botocore.exceptions import ClientError
from moto import mock_aws

from billing.jobs import outbox
from local.aws_events import Context
from tests.jobs.test_outbox import write
from tests.world import World

EXAMPLE = Path(__file__).parent.parent / "docs" / "consumer"


class Killed(BaseException):
    """The end of a run that nothing in it can catch, as when Lambda stops it."""


class Consumer(NamedTuple):
    module: ModuleType
    delivered: Callable[[], list[dict[str, Any]]]
    told: Callable[[], list[dict[str, Any]]]

    def handle(self, event: dict[str, Any], *, seconds: float = 10) -> Any:
        return self.module.lambda_handler(event, Context(timeout=seconds))


def queue(sqs: Any, name: str) -> tuple[str, Callable[[], list[dict[str, Any]]]]:
    """The ARN of a new queue, and what reads it."""
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def read() -> list[dict[str, Any]]:
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in received:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in received]

    return arn, read


@pytest.fixture
def consumer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Consumer]:
    """The example as its template deploys it, with queues in the place of the function and of the owners."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("ALERT_BUS_NAME", "alerts")
    resources = yaml.safe_load((EXAMPLE / "template.yaml").read_text())["Resources"]
    with mock_aws():
        sqs, sns, events = (boto3.client(service) for service in ("sqs", "sns", "events"))
        target, delivered = queue(sqs, "deliveries")
        owners, told = queue(sqs, "owners")
        topic = sns.create_topic(Name="owners")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=owners, Attributes={"RawMessageDelivery": "true"})
        properties = resources["TellOwners"]["Properties"]["Events"]["Billing"]["Properties"]
        events.create_event_bus(Name="alerts")
        events.put_rule(Name="rule", EventBusName="alerts", EventPattern=json.dumps(properties["Pattern"]))
        events.put_targets(Rule="rule", EventBusName="alerts", Targets=[{"Id": "function", "Arn": target}])
        table = {name: value for name, value in resources["Seen"]["Properties"].items() if not name.startswith("TimeToLive")}
        boto3.client("dynamodb").create_table(TableName="seen", **table)
        monkeypatch.setenv("SEEN_TABLE", "seen")
        monkeypatch.setenv("OWNERS_TOPIC", topic)
        spec = importlib.util.spec_from_file_location("consumer_example", EXAMPLE / "app.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield Consumer(module, delivered, told)


def publish() -> None:
    outbox.publish(lambda: 900)


def publish_again(world: World) -> None:
    """As after a run whose commit was lost: the bus has the events, and the outbox does not know."""
    world.connection.run("UPDATE billing_events SET published_at = NULL")
    publish()


def test_a_repeat_of_the_outbox_is_dropped(world: World, consumer: Consumer) -> None:
    write(world, world.company(), ("credits.low", "campaign"), ("terms.changed", "campaign"), ("credits.depleted", "other"))
    publish()
    publish_again(world)

    deliveries = consumer.delivered()
    answers = [consumer.handle(event) for event in deliveries]

    assert [event["detail-type"] for event in deliveries] == 2 * ["credits.low", "credits.depleted"]
    assert len({event["id"] for event in deliveries}) == 4, "to EventBridge each is another event"
    told = consumer.told()
    assert [detail["type"] for detail in told] == ["credits.low", "credits.depleted"]
    assert answers == 2 * [detail["id"] for detail in told]


def test_an_event_that_could_not_be_handled_is_handled_by_the_next_try(
    world: World, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(world, world.company(), ("credits.low", "campaign"))
    publish()
    (event,) = consumer.delivered()
    with monkeypatch.context() as away:
        away.setenv("OWNERS_TOPIC", "arn:aws:sns:eu-west-1:123456789012:none")
        with pytest.raises(ClientError):
            consumer.handle(event)

    consumer.handle(event)
    consumer.handle(event)

    assert len(consumer.told()) == 1


def test_an_event_whose_run_died_is_handled_once_the_run_can_no_longer_be_under_way(world: World, consumer: Consumer) -> None:
    write(world, world.company(), ("credits.low", "campaign"))
    publish()
    (event,) = consumer.delivered()

    def die(**_: Any) -> None:
        raise Killed

    consumer.module.sns.meta.events.register("before-call.sns.Publish", die)
    with pytest.raises(Killed):
        consumer.handle(event, seconds=0.5)
    consumer.module.sns.meta.events.unregister("before-call.sns.Publish", die)

    with pytest.raises(IdempotencyAlreadyInProgressError):
        consumer.handle(event)
    assert consumer.told() == []
    time.sleep(0.6)
    consumer.handle(event)
    consumer.handle(event)

    assert len(consumer.told()) == 1


def test_an_event_without_an_id_is_refused(consumer: Consumer) -> None:
    with pytest.raises(IdempotencyKeyError):
        consumer.handle({"detail": {"type": "credits.low"}})


def test_the_example_has_the_pin_of_the_layer() -> None:
    pins = (EXAMPLE.parent.parent / "layers" / "billing" / "requirements.txt").read_text().split()

    assert (EXAMPLE / "requirements.txt").read_text().strip() in pins
