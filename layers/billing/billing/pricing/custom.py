"""The custom model (design §5): what the contract says, in three kinds of lines.

- A fixed fee. `once`: at the first instant of the campaign's date range at which the terms in force have one and the status
  is charged. `month`, `quarter`, `year`: in advance, at midnight of the first day of each interval counted from the campaign's
  start, until its last day, where the terms then in force have that interval and the status is charged. From 31 January the
  months begin on 28 February, 31 March, 30 April.
- Variable components: a rate for each unit. A cap bounds the quantity over the campaign's whole life: a part is charged
  min(cap, used until its end) − min(cap, used until its start), where what counts as used is what was used while terms with
  that component, known by its name and unit, were in force.
- Milestone payments: once in a campaign's life, at the first instant at which the terms in force hold one of that name whose
  due date, midnight in the company's time zone, has come; whatever the status.

Example: 500.00 EUR per learner, capped at 100 learners. 80 in January are 40,000.00 EUR; of 40 in February 20 are charged,
10,000.00 EUR.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from fractions import Fraction
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, cast

from billing.money import exact
from billing.periods import midnight, months_later
from billing.pricing import derivation
from billing.pricing.seats import seat_months
from billing.pricing.statement import Line, Part
from billing.terms.campaign import Campaign, Version
from billing.usage.consumption import Consumption

if TYPE_CHECKING:
    from billing.terms.json_terms import CustomTerms, MilestonePayment, VariableComponent

INTERVAL_MONTHS = {"month": 1, "quarter": 3, "year": 12}
UNIT_WORDS = {"session": "sessions", "learner": "learners", "credit": "credits", "seat_month": "seat-hours", "hour": "hours"}


def charge(campaign: Campaign, part: Part, preceding: Sequence[Part]) -> Iterator[Line]:
    """The lines of a part in which the campaign is charged by terms of its own."""
    assert campaign.currency is not None
    terms = custom_terms(part.version)
    assert terms is not None
    line = partial(Line, currency=campaign.currency, start=part.period.start, end=part.period.end)
    if terms.fixed_fee is not None:
        times, fee = _times_due(campaign, part), exact(terms.fixed_fee)
        unit = "fee" if terms.fixed_fee_interval == "once" else terms.fixed_fee_interval
        yield line(
            key="custom.fee",
            description="Fixed fee",
            quantity=Fraction(times),
            unit=unit,
            unit_price=fee,
            derivation=(f"{times} × {derivation.price(fee, campaign.currency)}",),
        )
    for component in terms.variable_components:
        rate = exact(component.rate)
        charged, arithmetic = _charged(component, part, preceding)
        yield line(
            key=f"custom.component:{component.name}",
            description=component.name,
            quantity=charged,
            unit=component.unit.replace("_", "-"),
            unit_price=rate,
            derivation=(f"{arithmetic} × {derivation.price(rate, campaign.currency)}",),
            estimated=min(charged, _estimated(component, part.consumption)),
        )
    for milestone in terms.milestone_payments:
        if _falls_in(part, _first_due(campaign, milestone.known_as)):
            amount = exact(milestone.amount)
            yield line(
                key=f"custom.milestone:{milestone.known_as}",
                description=milestone.name or f"Milestone of {milestone.due_date}",
                quantity=Fraction(1),
                unit="milestone",
                unit_price=amount,
                derivation=(f"1 × {derivation.price(amount, campaign.currency)}",),
            )


def custom_terms(version: Version) -> "CustomTerms | None":
    """The version's terms, where they are custom ones."""
    return cast("CustomTerms", version.terms) if version.pricing_model == "custom" else None


def _times_due(campaign: Campaign, part: Part) -> int:
    """How often the fee falls due in the part."""
    terms = custom_terms(part.version)
    assert terms is not None
    if terms.fixed_fee_interval == "once":
        return int(_falls_in(part, _once_due(campaign)))
    if not part.version.charged:
        return 0
    return sum(midnight(day, campaign.zone) in part.period for day in _due_days(campaign, terms.fixed_fee_interval, part))


def _falls_in(part: Part, instant: datetime | None) -> bool:
    return instant is not None and instant in part.period


def _once_due(campaign: Campaign) -> datetime | None:
    """The instant at which a fee that is due once falls due; None where it never does."""
    for version in campaign.versions:
        terms = custom_terms(version)
        if terms is None or terms.fixed_fee is None or terms.fixed_fee_interval != "once" or not version.charged:
            continue
        instant = max(version.starts_at, campaign.begins_at)
        if instant < min(version.ends_at, campaign.ends_at):
            return instant
    return None


def _due_days(campaign: Campaign, interval: str, part: Part) -> Iterator[date]:
    """The days on which the intervals begin, counted from the campaign's start, up to its last day or the part's."""
    assert campaign.start_date is not None
    last = min(campaign.end_date or date.max, part.period.end.astimezone(campaign.zone).date())
    for months in count(0, INTERVAL_MONTHS[interval]):
        day = months_later(campaign.start_date, months)
        if day > last:
            return
        yield day


def _first_due(campaign: Campaign, name: str) -> datetime | None:
    """The instant at which the milestone of a name falls due; None where it never does."""
    for version in campaign.versions:
        milestone = _milestone(version, name)
        if milestone is None:
            continue
        instant = max(version.starts_at, midnight(milestone.due_date, campaign.zone))
        if instant < version.ends_at:
            return instant
    return None


def _milestone(version: Version, name: str) -> "MilestonePayment | None":
    terms = custom_terms(version)
    return next((each for each in terms.milestone_payments if each.known_as == name), None) if terms else None


def _charged(component: "VariableComponent", part: Part, preceding: Sequence[Part]) -> tuple[Fraction, str]:
    """The quantity that a part is charged, all of it or what the cap leaves, and its arithmetic."""
    used, arithmetic = _used(component.unit, part.consumption)
    if component.cap is None:
        return used, arithmetic
    before = [_used(component.unit, other.consumption) for other in preceding if _has(other.version, component)]
    used_before = sum((quantity for quantity, _ in before), Fraction(0))
    cap = Fraction(component.cap)
    left = max(cap - used_before, Fraction(0))
    word = "seat-months" if component.unit == "seat_month" else UNIT_WORDS[component.unit]
    if used <= left:
        return used, f"{arithmetic} ({derivation.number(left)} {word} left of the cap of {derivation.number(cap)})"
    earlier = " + ".join(text for quantity, text in before if quantity)
    after = f" after {earlier}" if earlier else ""
    rest = derivation.number(left)
    return left, f"{arithmetic}, {rest} left of the cap of {derivation.number(cap)}{after}: {rest}"


def _has(version: Version, component: "VariableComponent") -> bool:
    terms = custom_terms(version)
    return terms is not None and terms.component(component.name, component.unit) is not None


def _used(unit: str, consumption: Consumption) -> tuple[Fraction, str]:
    """What was used of a unit, and its arithmetic."""
    if unit == "seat_month":
        months = [month for month in consumption.seat_months if month.seat_hours]
        summands = [f"{derivation.number(month.seat_hours)} ÷ {month.hours_in_month:,}" for month in months]
        text = " + ".join(summands) or "0"
        return seat_months(consumption), f"({text}) seat-months" if len(summands) > 1 else f"{text} seat-months"
    quantity = {
        "session": consumption.sessions,
        "learner": consumption.learners,
        "credit": consumption.credits,
        "hour": consumption.volunteer_hours,
    }[unit]
    return Fraction(quantity), f"{derivation.number(quantity)} {UNIT_WORDS[unit]}"


def _estimated(component: "VariableComponent", consumption: Consumption) -> Fraction:
    if component.unit != "seat_month":
        return Fraction(0)
    return sum((Fraction(month.estimated_seat_hours) / month.hours_in_month for month in consumption.seat_months), Fraction(0))
