"""What a campaign used, point by point, for charts (design §15)."""

from billing.contract.shapes import PeriodShape, Shape
from billing.contract.types import CampaignRef, DecimalString, Instant
from billing.database.campaigns import load_campaign
from billing.database.consumption import load_series
from billing.database.session import transaction
from billing.errors import FieldError, Invalid
from billing.money import show_quantity
from billing.periods import Period, parse_period
from billing.pricing.seats import average_seats
from billing.signals.series import POINTS_MAX, Interval, TooManyPoints, points
from billing.usage.consumption import Consumption


class Point(Shape):
    """What was used from `start` until just before `end`; of seats those of the peak hour, and of the average hour."""

    start: Instant
    end: Instant
    seats_peak: DecimalString
    seats_average: DecimalString
    credits: DecimalString
    learners: DecimalString
    sessions: DecimalString


class UsageSeries(Shape):
    """The points follow each other without a gap; the first and the last are cut to the period."""

    campaign_id: CampaignRef
    period: PeriodShape
    interval: Interval
    points: list[Point]


def get_usage_series(company: str, campaign_id: str, start: str, end: str, interval: Interval) -> UsageSeries:
    """The series. Raises `NotFound`, `InvalidPeriod`, and `Invalid` for more than 2,000 points."""
    with transaction(company) as db:
        campaign = load_campaign(db, company, campaign_id)
        period = parse_period(start, end, campaign.zone)
        try:
            along = points(period, interval, campaign.zone)
        except TooManyPoints:
            detail = f"makes more than {POINTS_MAX:,} points; take a longer one, or a shorter period"
            raise Invalid("The series would be too long; see errors.", [FieldError("/interval", detail)]) from None
        used = load_series(db, campaign, along)
    return UsageSeries(
        campaign_id=campaign.id,
        period=PeriodShape(start=period.start, end=period.end),
        interval=interval,
        points=[_point(*each) for each in zip(along, used, strict=True)],
    )


def _point(period: Period, used: Consumption) -> Point:
    return Point(
        start=period.start,
        end=period.end,
        seats_peak=show_quantity(used.peak_seats),
        seats_average=show_quantity(average_seats(period, used)),
        credits=show_quantity(used.credits),
        learners=show_quantity(used.learners),
        sessions=show_quantity(used.sessions),
    )
