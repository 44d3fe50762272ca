"""Crossings of capacity once each, opportunities opened and closed, signals published once a day (design §15, §16)."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.errors import JobFailed
from local.aws_events import scheduled_event
from tests.operations.invoicing import plant
from tests.signals.march import hours_from, record_hours
from tests.world import World, invoke

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def look(hour: datetime) -> None:
    invoke("announce_signals", scheduled_event(hour))


def events(world: World, prefix: str) -> list[tuple[str, Any]]:
    rows = world.rows("SELECT type, data FROM billing_events WHERE starts_with(type, :prefix) ORDER BY id", prefix=prefix)
    return [(row["type"], row["data"]) for row in rows]


def test_each_line_is_announced_once_and_again_after_the_load_fell_5_points_below(world: World) -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    campaign = world.campaign(world.company(), committed_seats=100)
    record_hours(world, campaign, hours_from(start, [85, 110, 20, 20, 300]))

    for hour in range(1, 6):
        look(start + hour * HOUR)
        look(start + hour * HOUR)

    # The load so far: 85, 97.5, 71.7, 58.8, 107 %.
    assert [each for each, _ in events(world, "capacity.")] == [
        *("capacity.near", "capacity.near", "capacity.at", "capacity.over")
    ]
    assert events(world, "capacity.")[0][1] == {
        "campaignId": campaign,
        "unit": "seat",
        "committed": "100",
        "used": "85",
        "load": "0.85",
    }


def test_signals_are_published_once_for_each_day_of_the_company(world: World) -> None:
    company = world.company(time_zone="Asia/Tokyo")
    world.campaign(company)
    midnight = datetime(2025, 3, 1, 15, tzinfo=UTC)

    for instant in (midnight - 2 * HOUR, midnight - HOUR, midnight, midnight + 5 * HOUR):
        look(instant)

    assert [data["day"] for _, data in events(world, "pricing_signals.")] == ["2025-02-28", "2025-03-01"]


def test_an_opportunity_is_opened_once_and_closed_once(world: World) -> None:
    company = world.company()
    world.campaign(company)
    subscription = world.subscription(company, "1000.00")
    end = datetime(2026, 1, 1, tzinfo=UTC)

    for day in (40, 29, 28, -1, -2):
        look(end - day * DAY)

    seen = [(each, data["subject"]) for each, data in events(world, "opportunity.") if data["rule"] == "U7"]
    assert seen == [("opportunity.opened", subscription), ("opportunity.closed", subscription)]


def test_every_company_with_campaigns_is_looked_at(world: World) -> None:
    companies = [world.company() for _ in range(3)]
    for company in companies:
        world.campaign(company)

    look(datetime(2025, 3, 1, tzinfo=UTC))

    assert Counter(each for each, _ in events(world, "pricing_signals.")) == {"pricing_signals.published": 3}


def test_a_campaign_beyond_the_first_thousand_is_looked_at(world: World) -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    company = world.company(id="large")
    world.connection.run(
        """INSERT INTO campaigns (id, company_id, name, status, pricing_model, currency, seat_price_per_month, committed_seats)
        SELECT 'campaign-' || n, 'large', 'Campaign', 'active', 'seats', 'EUR', 10, 10 FROM generate_series(1, 1000) n"""
    )
    last = world.campaign(company, id="zebra", committed_seats=100)
    record_hours(world, last, hours_from(start, [85]))

    look(start + HOUR)

    assert [data["campaignId"] for _, data in events(world, "capacity.")] == [last]


def test_a_late_delivery_of_an_earlier_hour_announces_nothing(world: World) -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    campaign = world.campaign(world.company(), committed_seats=100)
    record_hours(world, campaign, hours_from(start, [70, 110, 110]))

    for hour in (3, 1, 3):
        look(start + hour * HOUR)

    assert [each for each, _ in events(world, "capacity.")] == ["capacity.near"]  # the load so far: 70, 90, 96.7 %


def test_a_company_that_cannot_be_looked_at_fails_the_run_and_keeps_no_other_back(world: World) -> None:
    first, broken, last = (world.company() for _ in range(3))
    world.campaign(first)
    campaign = world.campaign(broken, "custom")
    world.campaign(last)
    damaged = """terms || '{"custom_pricing_terms": {"fixedFee": "much"}}'"""
    plant(world, f"UPDATE campaign_terms SET terms = {damaged} WHERE campaign_id = '{campaign}'")

    with pytest.raises(JobFailed, match=f"{broken}.*The terms of campaign {campaign} cannot be used"):
        look(datetime(2025, 3, 1, tzinfo=UTC))

    assert {data["companyId"] for _, data in events(world, "pricing_signals.")} == {first, last}
