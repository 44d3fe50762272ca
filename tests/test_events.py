"""The sample events in events/: each goes to its function, and is answered as its name says."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.template import functions
from tests.world import World, invoke

EVENTS = sorted(Path(__file__).parent.parent.joinpath("events").glob("*.json"))
STATUSES = {
    "track_usage_mixed": 207,
    "track_usage_malformed": 400,
    "track_usage_wrong_scope": 403,
    "get_campaign_usage_other_company": 404,
    "get_campaign_usage_naive_time": 422,
    "link_campaign_too_much": 409,
    "unlink_campaign": 204,
}


@pytest.fixture
def sample(world: World) -> None:
    """The rows that the events speak of."""
    for company in ("demo-fjellbris", "demo-savanna"):
        world.company(id=company)
    subscription = world.subscription("demo-fjellbris", id="demo-fjellbris-2025")
    linked = {"l2i_subscription_id": subscription, "bundle_allocation_percentage": "0.5"}
    world.campaign("demo-fjellbris", "bundle", **linked)
    world.campaign("demo-fjellbris", "bundle", id="demo-digital-seniors", **linked)
    world.campaign("demo-fjellbris", id="demo-first-job-mentoring", current_volunteers=3)
    world.campaign("demo-savanna", "credits", id="demo-skills-evenings", credit_price="0.5")


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_a_sample_event_is_answered_as_its_name_says(sample: None, path: Path) -> None:
    function = max((name for name in functions() if path.stem.startswith(name)), key=len)
    event: dict[str, Any] = json.loads(path.read_text())

    answer = invoke(function, event)

    if "routeKey" in event:
        assert answer["statusCode"] == STATUSES.get(path.stem, 200)
        method, route = event["routeKey"].split()
        assert (method, route) in [(r.method, r.path) for r in functions()[function].routes]
    else:
        assert answer.get("success", True)


def test_every_function_has_a_sample_event() -> None:
    assert {path.stem for path in EVENTS} >= set(functions())
