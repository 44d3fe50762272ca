"""What reaches the log: that something failed and where; nothing of what a caller sent or the database was asked."""

import io
import json
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from billing.telemetry import logger
from tests.world import World, api_event, invoke

SECRET = "s3cret-of-the-caller"  # noqa: S105 - what must not be found
TOKEN = "Bearer token-of-the-caller"  # noqa: S105
TRACK = ("track_usage", "POST", "/v1/usage-events")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """All that was written so far, by the logger or past it."""
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    yield lambda: stream.getvalue() + "".join(capfd.readouterr())


def status(route: tuple[str, str, str], body: Any = None, **query: str) -> int:
    function, method, path = route
    event = api_event(method, path, body, query=query)
    event["headers"]["authorization"] = TOKEN
    return int(invoke(function, event)["statusCode"])


def usage(campaign: str, **values: Any) -> dict[str, Any]:
    event = {"campaignId": campaign, "eventType": "learner_served", "quantity": 1, "timestamp": "2025-01-01T00:00:00Z"}
    return {"events": [event | {"metadata": {"who": SECRET}, "id": SECRET} | values]}


def assert_clean(log: str) -> None:
    assert SECRET not in log
    assert TOKEN.removeprefix("Bearer ") not in log
    assert not re.search(r"\b(INSERT INTO|SELECT .* FROM|UPDATE .* SET)\b", log)


def test_a_request_that_is_refused_leaves_nothing_of_itself_in_the_log(world: World, log: Callable[[], str]) -> None:
    campaign = world.campaign(world.company())

    statuses = [
        status(TRACK, f'{{"events": {SECRET}'),
        status(TRACK, {"events": [], SECRET: SECRET}),
        status(TRACK, usage(SECRET)),
        status(TRACK, usage(campaign, quantity=SECRET)),
        status(("link_campaign", "PUT", f"/v1/campaigns/{SECRET}/subscription"), {"subscriptionId": SECRET}),
        status(("top_up_credits", "POST", f"/v1/campaigns/{SECRET}/credits"), {"credits": 1, "id": SECRET, "note": SECRET}),
        status(("get_campaign_usage", "GET", f"/v1/campaigns/{SECRET}/usage"), start=SECRET, end=SECRET),
        status(("split_bundle", "GET", f"/v1/subscriptions/{SECRET}/allocation")),
    ]

    assert statuses == [400, 422, 207, 207, 422, 404, 422, 404]
    assert_clean(log())


QUOTING = """
    CREATE FUNCTION quote_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''refused: %'', NEW; END';
    CREATE TRIGGER quoting BEFORE INSERT ON billing_usage_records FOR EACH ROW EXECUTE FUNCTION quote_row();
"""


def test_a_row_that_the_database_quotes_when_it_refuses_it_is_not_logged(world: World, log: Callable[[], str]) -> None:
    campaign = world.campaign(world.company())
    world.connection.run(QUOTING)

    try:
        answered = status(TRACK, usage(campaign))
    finally:
        world.connection.run("DROP TRIGGER quoting ON billing_usage_records; DROP FUNCTION quote_row")

    written = log()
    assert (answered, world.ledger()) == (500, [])
    assert "DatabaseError" in written and "track_usage.py" in written
    assert_clean(written)


def test_a_statement_that_fails_is_logged_with_what_the_server_said_of_it(world: World, log: Callable[[], str]) -> None:
    campaign = world.campaign(world.company())
    world.connection.run("ALTER TABLE billing_usage_records RENAME TO hidden")

    try:
        answered = status(TRACK, usage(campaign))
    finally:
        world.connection.run("ALTER TABLE hidden RENAME TO billing_usage_records")

    written = log()
    assert answered == 503
    assert 'relation \\"billing_usage_records\\" does not exist' in written
    assert_clean(written)


def test_a_database_that_is_away_is_logged_without_its_password(
    world: World, log: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "DATABASE_URL", f"postgresql://billing:{SECRET}@127.0.0.1:1/billing")

    answered = status(TRACK, usage("c"))

    written = log()
    errors = [json.loads(line) for line in written.splitlines() if '"level":"ERROR"' in line]
    assert answered == 503
    assert ["refused" in error["cause"] for error in errors] == [True]
    assert_clean(written)
