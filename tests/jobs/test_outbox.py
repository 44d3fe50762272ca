"""The outbox: order for each subject, partial failures, a bus away, two publishers, CloudEvents (design §16)."""

import hashlib
import json
import math
import os
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from jsonschema_rs import Draft7Validator

from billing.jobs import outbox
from tests.world import World

ROOT = Path(__file__).parent.parent.parent
from_json = JSONFormat().read

SCHEMA = (ROOT / "tests" / "data" / "cloudevents.json").read_bytes()
"""The JSON schema of CloudEvents 1.0 as its project publishes it (Apache-2.0): `schema22` of `dist/schema/v1.js` in the npm
package `cloudevents` 10.0.0, the CloudEvents SDK for JavaScript."""

SCHEMA_SHA256 = "e6bbb80610ea139760a584cc980e1ff66714fca677eff63b0365a28d6f168fe0"
cloud_events = Draft7Validator(json.loads(SCHEMA), validate_formats=True)


class Bus:
    """The bus: what it took, and what it refuses."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.refused: set[str] = set()
        self.away = False
        self.during: Any = None

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        if self.away:
            raise EndpointConnectionError(endpoint_url="https://events.example")
        if self.during:
            self.during()
        answers: list[dict[str, str]] = []
        for entry in Entries:
            cloud_events.validate(json.loads(entry["Detail"]))
            refused = entry["DetailType"] in self.refused
            answers.append({"ErrorCode": "ThrottlingException"} if refused else {"EventId": "1"})
            self.taken += [] if refused else [entry]
        return {"Entries": answers}

    @property
    def types(self) -> list[str]:
        return [entry["DetailType"] for entry in self.taken]


@pytest.fixture
def bus(world: World, monkeypatch: pytest.MonkeyPatch) -> Bus:
    bus = Bus()
    monkeypatch.setenv("ALERT_BUS_NAME", "alerts")
    monkeypatch.setattr("boto3.client", lambda *_, **__: bus)
    return bus


def write(world: World, company: str, *events: tuple[str, str]) -> None:
    for type_, subject in events:
        world.connection.run(
            "INSERT INTO billing_events (company_id, type, subject, data) VALUES (:company, :type, :subject, '{}')",
            company=company,
            type=type_,
            subject=subject,
        )


def waiting(world: World) -> list[str]:
    return [str(row["type"]) for row in world.rows("SELECT type FROM billing_events WHERE published_at IS NULL ORDER BY id")]


def publish() -> None:
    outbox.publish(lambda: math.inf)


def test_events_of_a_subject_leave_in_the_order_of_their_ids(world: World, bus: Bus) -> None:
    company = world.company()
    write(world, company, *((f"n.{chr(97 + n)}", "campaign") for n in range(12)), ("x.x", "other"))

    publish()

    assert [each for each in bus.types if each != "x.x"] == [f"n.{chr(97 + n)}" for n in range(12)]
    assert waiting(world) == []


def test_a_refused_event_holds_the_later_ones_of_its_subject_and_no_others(world: World, bus: Bus) -> None:
    company = world.company()
    write(world, company, ("a.bad", "one"), ("b.good", "two"), ("c.good", "one"), ("d.good", "two"))
    bus.refused = {"a.bad"}

    publish()

    assert (bus.types, waiting(world)) == (["b.good", "d.good"], ["a.bad", "c.good"])
    bus.refused = set()
    publish()
    assert bus.types[2:] == ["a.bad", "c.good"]


def test_what_waited_while_the_bus_was_away_leaves_once_with_the_same_ids(world: World, bus: Bus) -> None:
    company = world.company()
    write(world, company, *((f"n.{chr(97 + n)}", f"campaign-{n}") for n in range(25)))
    bus.away = True
    for _ in range(3):
        publish()
    ids = {str(row["id"]) for row in world.rows("SELECT id FROM billing_events")}
    bus.away = False

    publish()
    publish()

    assert len(bus.taken) == 25
    assert {json.loads(entry["Detail"])["id"] for entry in bus.taken} == ids


def test_the_schema_of_cloudevents_is_what_was_published() -> None:
    assert hashlib.sha256(SCHEMA).hexdigest() == SCHEMA_SHA256


@pytest.mark.parametrize(
    "change",
    [{"id": ""}, {"source": None}, {"type": 1}, {"time": "2025-03-01 10:00"}, {"specversion": ""}, {"subject": ""}],
    ids=str,
)
def test_the_schema_of_cloudevents_refuses_what_is_none(world: World, bus: Bus, change: dict[str, Any]) -> None:
    write(world, world.company(), ("credits.low", "campaign"))
    publish()
    event = json.loads(bus.taken[0]["Detail"])

    assert cloud_events.is_valid(event)
    assert not cloud_events.is_valid(event | change)


def event_types() -> list[str]:
    """Those of the design."""
    text = (ROOT / "docs" / "design.md").read_text()
    return re.findall(r"`(\w+\.\w+)`", text[text.index("## 16. Events out") : text.index("## 17.")].split("Types:")[1])


@pytest.mark.parametrize("type_", event_types())
def test_every_event_fits_the_schema_of_cloudevents_and_the_sdk_reads_it(world: World, bus: Bus, type_: str) -> None:
    company = world.company()
    write(world, company, (type_, "campaign 4711/ü"))

    publish()

    event = from_json(None, bus.taken[0]["Detail"])
    stored = world.rows("SELECT id, created_at FROM billing_events")[0]
    assert isinstance(event, CloudEvent)
    assert (event.get_id(), event.get_type(), event.get_subject()) == (str(stored["id"]), type_, "campaign 4711/ü")
    assert (event.get_specversion(), event.get_source()) == ("1.0", "campaign-billing")
    assert (event.get_time(), event.get_data()) == (stored["created_at"], {})
    assert (event.get_datacontenttype(), event.get_extension("companyid")) == ("application/json", company)


def test_two_publishers_at_once_send_nothing_twice(world: World, bus: Bus) -> None:
    write(world, world.company(), *((f"n.{chr(97 + n)}", f"campaign-{n}") for n in range(20)))
    asked: list[bool] = []

    def meanwhile() -> None:
        from local.databases import connect
        from tests.world import World as Other

        other = Other(connect(os.environ["DATABASE_URL"]))
        asked.append(other.value(outbox._SQL["take_turns"]))
        other.connection.close()

    bus.during = meanwhile

    publish()

    assert asked == [False, False]
    assert len(bus.types) == len(set(bus.types)) == 20


def test_a_publisher_that_finds_another_at_work_leaves_the_events_to_it(world: World, bus: Bus) -> None:
    write(world, world.company(), ("n.a", "campaign"))
    world.connection.run("BEGIN")
    assert world.value(outbox._SQL["take_turns"])

    publish()

    world.connection.run("ROLLBACK")
    assert bus.taken == []
    publish()
    assert bus.types == ["n.a"]
