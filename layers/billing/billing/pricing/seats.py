"""The seats model (design §5): volunteers by the hour, priced by the month.

u(h), the seats of an hour, is the largest of its records, 0 if it has none; c the committed seats; H(m) the hours that the
month m really has in the company's time zone. Two lines, each times `seat_price_per_month`:

- committed seat-months: Σ c / H(m) over the hours of the period in the campaign's date range; none for a campaign that is
  still `draft` or `planned`,
- additional seat-months: Σ max(u(h) − c, 0) / H(m) over the hours of the period.

Example: January 2025, 50 seats committed at 500.00 EUR; 60 seats in the first 372 hours and 40 in the other 372. Committed:
744 × 50 / 744 = 50 seat-months, 25,000.00 EUR. Additional: 372 × 10 / 744 = 5 seat-months, 2,500.00 EUR.
"""

from datetime import timedelta
from fractions import Fraction

from billing.periods import Period, hours_between, midnight, months
from billing.pricing.statement import Line, Statement
from billing.terms.campaign import Campaign
from billing.usage.consumption import Consumption

NOT_YET_CHARGED = ("draft", "planned")


def charge(campaign: Campaign, period: Period, consumption: Consumption) -> Statement:
    """The statement of a seats campaign."""
    price, currency = Fraction(campaign.seat_price_per_month or 0), campaign.currency or ""
    committed = committed_seat_months(campaign, period)
    additional = sum(
        (Fraction(month.additional_seat_hours) / month.hours_in_month for month in consumption.seat_months), Fraction(0)
    )
    lines = (
        Line("Committed seats", committed, "seat-month", price, currency),
        Line("Additional seats", additional, "seat-month", price, currency),
    )
    return Statement(lines, currency, unit_price=price, quantity=committed + additional)


def committed_seat_months(campaign: Campaign, period: Period) -> Fraction:
    """Σ c / H(m) over the hours of the period that lie in the campaign's date range."""
    if campaign.status in NOT_YET_CHARGED:
        return Fraction(0)
    begins = midnight(campaign.start_date, campaign.zone) if campaign.start_date else period.start
    ends = midnight(campaign.end_date + timedelta(days=1), campaign.zone) if campaign.end_date else period.end
    shares = (
        Fraction(hours_between(max(month.start, begins), min(month.end, ends)), month.hours_in_month)
        for month in months(period, campaign.zone)
    )
    return Fraction(campaign.committed_seats or 0) * sum(shares, Fraction(0))


def average_seats(period: Period, consumption: Consumption) -> Fraction:
    """Σ u(h) over the hours of the period; 0 where no hour begins in it."""
    return Fraction(consumption.seat_hours) / period.hours if period.hours else Fraction(0)
