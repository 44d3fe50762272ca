"""The custom model (design §5): what the contract says, in three kinds of lines.

- A fixed fee, in advance: once, on the campaign's first day, or on the first day of each month, quarter or year counted from
  it, until its last day. From 31 January the months begin on 28 February, 31 March, 30 April.
- Variable components: a rate for each unit. A cap bounds the quantity over the campaign's whole life, so a period is
  charged the capped total up to its end minus the capped total up to its start.
- Milestone payments: in the period that holds midnight of their due date in the company's time zone.

Example: 500.00 EUR per learner, capped at 100 learners. 80 in January are 40,000.00 EUR; of 40 in February 20 are charged,
10,000.00 EUR.
"""

import calendar
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING

from billing.periods import Period, midnight
from billing.pricing.statement import Line, Statement
from billing.terms.campaign import Campaign
from billing.usage.consumption import Consumption, seat_months

if TYPE_CHECKING:
    from billing.terms.models import CustomTerms, VariableComponent

INTERVAL_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def charge(campaign: Campaign, period: Period, consumption: Consumption) -> Statement:
    """The statement of a custom campaign."""
    assert campaign.custom_pricing_terms is not None
    terms, currency = campaign.custom_pricing_terms, campaign.currency or ""
    fee = () if terms.fixed_fee is None else (_fixed_fee(campaign, terms, period),)
    variable = (
        Line(each.name, _charged(each, consumption), each.unit.replace("_", "-"), Fraction(each.rate), currency)
        for each in terms.variable_components
    )
    milestones = (
        Line(each.name, Fraction(1), "milestone", Fraction(each.amount), currency)
        for each in terms.milestone_payments
        if midnight(each.due_date, campaign.zone) in period
    )
    return Statement((*fee, *variable, *milestones), currency)


def needs_seats_before(campaign: Campaign) -> bool:
    """Whether a capped component counts seat-months, so that those before the period matter."""
    terms = campaign.custom_pricing_terms
    return terms is not None and any(c.unit == "seat_month" and c.cap is not None for c in terms.variable_components)


def _fixed_fee(campaign: Campaign, terms: "CustomTerms", period: Period) -> Line:
    due = sum(midnight(day, campaign.zone) in period for day in _due_days(campaign, terms, period))
    unit = "fee" if terms.fixed_fee_interval == "once" else terms.fixed_fee_interval
    return Line("Fixed fee", Fraction(due), unit, Fraction(terms.fixed_fee or 0), campaign.currency or "")


def _due_days(campaign: Campaign, terms: "CustomTerms", period: Period) -> Iterator[date]:
    """The days on which the fee is due, up to the campaign's last day or the period's."""
    assert campaign.start_date is not None
    last = min(campaign.end_date or date.max, period.end.astimezone(campaign.zone).date())
    step = INTERVAL_MONTHS.get(terms.fixed_fee_interval)
    for months in count(0, step) if step else (0,):
        day = _months_later(campaign.start_date, months)
        if day > last:
            return
        yield day


def _months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _charged(component: "VariableComponent", consumption: Consumption) -> Fraction:
    """The quantity that a period is charged: all of it, or what the cap leaves."""
    before, within = _used(component.unit, consumption)
    if component.cap is None:
        return within
    cap = Fraction(component.cap)
    return min(cap, before + within) - min(cap, before)


def _used(unit: str, consumption: Consumption) -> tuple[Fraction, Fraction]:
    if unit == "seat_month":
        return seat_months(consumption.seat_months_before), seat_months(consumption.seat_months)
    quantity = {
        "session": consumption.sessions,
        "learner": consumption.learners,
        "credit": consumption.credits,
        "hour": consumption.volunteer_hours,
    }[unit]
    return Fraction(quantity.before), Fraction(quantity.within)
