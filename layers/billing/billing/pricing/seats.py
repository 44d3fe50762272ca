"""The seats model (design §5): volunteers by the hour, priced by the month.

u(h), the seats of an hour, is the largest of its effective records, 0 if it has none; c the committed seats; H(m) the hours
that the month m really has in the company's time zone. Two lines, each times `seat_price_per_month`:

- committed seat-months: Σ c / H(m) over the hours of the period in the campaign's date range; none while the status is not
  charged,
- additional seat-months: Σ max(u(h) − c, 0) / H(m) over the hours of the period.

Example: January 2025, 50 seats committed at 500.00 EUR; 60 seats in the first 372 hours and 40 in the other 372. Committed:
744 × 50 / 744 = 50 seat-months, 25,000.00 EUR. Additional: 372 × 10 / 744 = 5 seat-months, 2,500.00 EUR.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import partial

from billing.money import exact, total
from billing.periods import Month, Period, hours_between
from billing.pricing import derivation
from billing.pricing.statement import Line, Part
from billing.terms.campaign import Campaign
from billing.terms.models import SeatTerms
from billing.usage.consumption import Consumption


def charge(campaign: Campaign, part: Part, preceding: Sequence[Part]) -> Iterator[Line]:
    """The lines of a part in which the campaign is charged by the seat."""
    terms, currency = part.version.terms, campaign.currency
    assert isinstance(terms, SeatTerms)
    assert currency is not None
    unit_price = exact(terms.price_per_month)
    price = derivation.price(unit_price, currency)
    line = partial(
        Line, unit="seat-month", unit_price=unit_price, currency=currency, start=part.period.start, end=part.period.end
    )

    hours = [(month, committed_hours(campaign, part, month)) for month in part.months]
    seats = f"{derivation.number(terms.committed)} seats"
    yield line(
        key="seats.committed",
        description="Committed seats",
        quantity=total(_of_month(terms.committed, month.hours_in_month, times=n) for month, n in hours),
        derivation=tuple(f"{seats} × {n:,} of {month.hours_in_month:,} hours × {price}" for month, n in hours if n)
        or (f"0 seats × {price}",),
    )

    months = part.consumption.seat_months
    above = f"seat-hours above {derivation.number(terms.committed)}"
    yield line(
        key="seats.additional",
        description="Additional seats",
        quantity=additional_seat_months(part.consumption),
        estimated=total(_of_month(month.estimated_additional_seat_hours, month.hours_in_month) for month in months),
        derivation=tuple(
            f"{derivation.number(month.additional_seat_hours)} {above} ÷ {month.hours_in_month:,} × {price}"
            for month in months
            if month.additional_seat_hours
        )
        or (f"0 {above} × {price}",),
    )


def committed_hours(campaign: Campaign, part: Part, month: Month) -> int:
    """The hours of a month's part that lie in the campaign's date range, while the status is charged."""
    if not part.version.charged:
        return 0
    return hours_between(max(month.start, campaign.begins_at), min(month.end, campaign.ends_at))


def committed_seat_hours(campaign: Campaign, part: Part, month: Month) -> Decimal:
    """Σ c over the hours of a month's part."""
    assert isinstance(part.version.terms, SeatTerms)
    return part.version.terms.committed * committed_hours(campaign, part, month)


def idle_seat_months(campaign: Campaign, part: Part) -> Fraction:
    """Σ (c − min(u(h), c)) / H(m)."""
    return total(
        _of_month(
            committed_seat_hours(campaign, part, month) - used.seat_hours + used.additional_seat_hours, month.hours_in_month
        )
        for month, used in zip(part.months, part.consumption.seat_months, strict=True)
    )


def seat_months(consumption: Consumption) -> Fraction:
    """Σ u(h) / H(m)."""
    return total(_of_month(month.seat_hours, month.hours_in_month) for month in consumption.seat_months)


def additional_seat_months(consumption: Consumption) -> Fraction:
    """Σ max(u(h) − c, 0) / H(m)."""
    return total(_of_month(month.additional_seat_hours, month.hours_in_month) for month in consumption.seat_months)


def _of_month(seats: Decimal, hours_in_month: int, times: int = 1) -> Fraction:
    numerator, denominator = seats.as_integer_ratio()
    return Fraction(numerator * times, denominator * hours_in_month)


def average_seats(period: Period, consumption: Consumption) -> Fraction:
    """Σ u(h) over the hours of the period; 0 where no hour begins in it."""
    return Fraction(consumption.seat_hours) / period.hours if period.hours else Fraction(0)
