"""What was used on days, as SQL adds it up, beside the records one by one: midnight is a day's first instant (design §5)."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from billing.database.session import transaction
from billing.database.signals import load_daily
from billing.periods import DAY
from tests.operations.test_get_campaign_usage import use
from tests.world import World, request

CHANGES = {
    "Europe/Oslo": datetime(2025, 3, 30, tzinfo=UTC),
    "Africa/Cairo": datetime(2025, 4, 24, tzinfo=UTC),  # from midnight to one
    "America/Havana": datetime(2025, 11, 2, tzinfo=UTC),  # from one back to midnight
    "Australia/Lord_Howe": datetime(2025, 4, 5, tzinfo=UTC),  # by half an hour
    "Asia/Kathmandu": datetime(2025, 5, 1, tzinfo=UTC),
}


@pytest.mark.parametrize(("name", "change"), CHANGES.items())
@pytest.mark.parametrize("gap", [1, 3], ids=["days in a row", "every third day"])
def test_a_days_usage_is_that_of_its_instants_there(world: World, name: str, change: datetime, gap: int) -> None:
    zone, company = ZoneInfo(name), world.company(time_zone=name)
    campaign, other = (world.campaign(company, "iaas") for _ in range(2))
    records = [(change + n * timedelta(minutes=30), n % 7) for n in range(-5 * 48, 5 * 48)]
    for kind in ("learner_served", "session_completed"):
        use(world, campaign, kind, *((instant.isoformat(), quantity) for instant, quantity in records))
    use(world, other, "learner_served", (change.isoformat(), "2.5"))
    mistaken = world.value(
        """SELECT id FROM billing_usage_records
        WHERE campaign_id = :campaign AND event_type = 'learner_served' AND event_timestamp = :at""",
        campaign=campaign,
        at=change,
    )
    correction = {"usageRecordId": str(mistaken), "id": "correction", "reason": "Miscounted", "quantity": 1000}
    assert request("correct_usage", "POST", "/v1/usage-corrections", {"corrections": [correction]}).body["recorded"] == 1
    days = [change.date() + n * DAY for n in range(-3, 5, gap)]

    with transaction(company) as db:
        daily = load_daily(db, zone, {campaign: "learner_served", other: "learner_served"}, days)

    expected: Counter[date] = Counter()
    for instant, quantity in records:
        expected[instant.astimezone(zone).date()] += 1000 if instant == change else quantity
    assert daily[campaign] == {day: expected[day] for day in days if expected[day]}
    day = change.astimezone(zone).date()
    assert daily.get(other, {}) == ({day: Decimal("2.5")} if day in days else {})
