"""The demo's March 2025 in a world: its portfolio, the seats that its hourly runs record, and what its callers sent."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from billing.periods import HOUR, midnight
from demo import files, platform
from tests.callers import track
from tests.world import World

MARCH = {"start": "2025-03-01", "end": "2025-04-01"}


def load(world: World) -> None:
    month = files.read()
    platform.load(month)
    for campaign in month.portfolio["campaigns"]:
        if campaign["id"] in month.seats:
            _record_seats(world, month, campaign)
    for sent in month.requests:
        track(*sent["events"])


def _record_seats(world: World, month: files.Month, campaign: dict[str, Any]) -> None:
    company = next(each for each in month.portfolio["companies"] if each["id"] == campaign["company_id"])
    zone = ZoneInfo(company["time_zone"])
    first, last = max(date.fromisoformat(str(campaign["start_date"])), date(2025, 3, 1)), date(2025, 3, 31)
    counts = _hours(month, campaign["id"], midnight(first, zone), midnight(last + timedelta(days=1), zone))
    record_hours(world, campaign["id"], counts)


def _hours(month: files.Month, campaign_id: str, start: datetime, end: datetime) -> dict[datetime, int]:
    """The counts as the runs see them: a late run counts the volunteers of the hour at which it is delivered."""
    late = set(month.late_hours)
    counts, hour = {}, start
    while hour < end:
        seen = hour
        while seen in late:
            seen += HOUR
        counts[hour] = month.volunteers(seen)[campaign_id]
        hour += HOUR
    return counts


def record_hours(world: World, campaign_id: str, counts: dict[datetime, int]) -> None:
    """Seats of whole hours, straight into the ledger."""
    world.connection.run(
        """
        INSERT INTO billing_usage_records (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp)
        SELECT company_id, id, 'seat_usage', seats, concat_ws('-', id, 'seats', hour), hour
        FROM campaigns, unnest(CAST(:hours AS timestamptz[]), CAST(:seats AS numeric[])) AS t (hour, seats)
        WHERE id = :campaign AND seats > 0
        """,
        campaign=campaign_id,
        hours=[hour.isoformat() for hour in counts],
        seats=[str(seats) for seats in counts.values()],
    )


def hours_from(first: datetime, counts: list[int]) -> dict[datetime, int]:
    """The counts of hours that follow each other."""
    return {first.astimezone(UTC) + n * HOUR: count for n, count in enumerate(counts)}
