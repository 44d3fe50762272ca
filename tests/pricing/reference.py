"""A slow and obvious account of a campaign's usage, to hold the fast one against: every hour and every event by itself."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from billing import pricing
from billing.periods import Month, Period, first_hour, months
from billing.terms.campaign import Campaign
from billing.usage.consumption import Consumption, Quantity, SeatMonth

BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass
class History:
    """Seats by their hour, and amounts by their instant."""

    seats: dict[datetime, int] = field(default_factory=dict)
    events: list[tuple[datetime, int]] = field(default_factory=list)

    def consumption(self, campaign: Campaign, period: Period) -> Consumption:
        quantity = Quantity(
            Decimal(sum(n for at, n in self.events if at < period.start)),
            Decimal(sum(n for at, n in self.events if at in period)),
        )
        before = months(Period(BEGINNING, period.start), campaign.zone) if period.start > BEGINNING else []
        return Consumption(
            seat_months=tuple(self._month(campaign, month) for month in months(period, campaign.zone)),
            seat_months_before=tuple(self._month(campaign, month) for month in before),
            credits=quantity,
            learners=quantity,
            sessions=quantity,
            volunteer_hours=quantity,
        )

    def _month(self, campaign: Campaign, month: Month) -> SeatMonth:
        hours = [n for at, n in self.seats.items() if first_hour(month.start) <= at < first_hour(month.end)]
        committed = campaign.committed_seats or Decimal(0)
        additional = sum((max(n - committed, Decimal(0)) for n in hours), Decimal(0))
        return SeatMonth(month.hours_in_month, Decimal(sum(hours)), additional, Decimal(max(hours, default=0)))


def charged(campaign: Campaign, period: Period, history: History) -> Fraction:
    """The whole charge of a period, before rounding."""
    statement = pricing.statement(campaign, period, history.consumption(campaign, period))
    return sum((line.exact_amount for line in statement.lines), Fraction(0))


def campaign(model: str, zone: str = "UTC", **terms: Any) -> Campaign:
    given: dict[str, Any] = {"status": "active", "currency": "EUR", "start_date": date(2025, 1, 1)} | terms
    return Campaign(id="c", company_id="k", name="Beach clean-up", zone=ZoneInfo(zone), pricing_model=model, **given)


def period(start: str, end: str) -> Period:
    return Period(datetime.fromisoformat(start).replace(tzinfo=UTC), datetime.fromisoformat(end).replace(tzinfo=UTC))


def hours(first: datetime, count: int, seats: int) -> dict[datetime, int]:
    return {first + timedelta(hours=n): seats for n in range(count)}
