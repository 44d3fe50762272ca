"""A job that is killed, or whose connection is cut, at any point between two statements, and then run again."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from billing.database import session as database
from local.aws_events import scheduled_event
from tests.faults import Fault, Faulty, strike
from tests.world import World, invoke

NOON = datetime(2025, 3, 12, 12, tzinfo=UTC)
Campaigns = tuple[str, str, str]


def prepare(world: World) -> Campaigns:
    world.empty()
    company = world.company(id="harbour")
    seats = world.campaign(company, current_volunteers=7)
    low, rich = world.campaign(company, "credits", credit_allocation=10), world.campaign(company, "credits")
    for campaign in (low, rich):
        for kind in ("session", "evidence"):
            at = "2025-03-12T10:20:00Z"
            world.insert("campaign_activities", campaign_id=campaign, kind=kind, quantity="4.6", occurred_at=at)
    return seats, low, rich


def state(world: World, campaigns: Campaigns) -> list[Any]:
    """All that the job may change, with the campaigns by their place instead of their ids."""
    place = {campaign: n for n, campaign in enumerate(campaigns)}
    records = world.rows("SELECT campaign_id, event_type, quantity, event_timestamp FROM billing_usage_records")
    charged = world.rows(
        "SELECT a.campaign_id, a.kind, r.quantity FROM campaign_activities a"
        " LEFT JOIN billing_usage_records r ON r.id = a.usage_record_id"
    )
    alerts = world.rows("SELECT subject, type FROM billing_events")
    rows = [tuple(place.get(value, str(value)) for value in row.values()) for row in (*records, *charged, *alerts)]
    return [*sorted(rows, key=str), *(world.balance(campaign) for campaign in campaigns)]


@pytest.mark.parametrize("fault", ["kill", "cut"])
@pytest.mark.parametrize("job", ["track_seat_usage", "track_credit_usage"])
def test_a_job_struck_between_any_two_statements_and_run_again_is_as_if_undisturbed(
    world: World, monkeypatch: pytest.MonkeyPatch, job: str, fault: Fault
) -> None:
    campaigns = prepare(world)
    with monkeypatch.context() as counting:
        database.disconnect()
        counting.setattr(database, "Session", Faulty)
        counting.setattr(Faulty, "messages", 0)
        invoke(job, scheduled_event(NOON))
        messages = Faulty.messages
    undisturbed = state(world, campaigns)
    assert messages > 10

    for at in range(1, messages + 1):
        campaigns = prepare(world)
        strike(partial(invoke, job, scheduled_event(NOON)), fault, at)
        invoke(job, scheduled_event(NOON))
        assert state(world, campaigns) == undisturbed, f"struck before message {at}"
