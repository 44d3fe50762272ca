"""Plain rules that find what a conversation with a customer could be about, less included (design §15). Each says which rule,
the numbers, what to do, and the amount at stake in the campaign's currency.

- U1: more than the commitment in 10 % or more of the hours of the last 28 days; at stake what those seats cost.
- U2: load from 80 %; at stake what is used above 80 %, at the list price.
- U3: credits run out before the campaign ends: burn × days to its end − left, at the list price.
- U4: commitment used below 50 % in both of the last two months: fewer seats; at stake the idle ones.
- U5: learners' pace, served ÷ hours passed × hours of the campaign, above 110 % or below 90 % of those agreed on.
- U6: learners of a bundle above 80 % or below 20 % of those it supports pro rata; at stake another one, or what is idle of it.
- U7: a subscription's period ends within 30 days; at stake its price.
- U8: a day above 3 × the median of the same weekday in the 8 weeks before, and at least 10 units; at stake what lies above it.
- U9: two or more campaigns without a bundle that cost more in a month than a bundle pro rata that supports their learners.

Example of U4: 25 seats at 59.90, 12 used throughout: commitment used is 48 %, and 13 × 59.90 = 778.70 a month are idle.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from statistics import median
from typing import NamedTuple

from billing.periods import DAY, Period, hours_between
from billing.signals.capacity import HOURS_OF_A_YEAR, NEAR, Capacity, ratio
from billing.signals.forecast import Forecast
from billing.signals.prices import Prices
from billing.signals.proposals import Bundle
from billing.terms.campaign import BEGINNING, END, Campaign

OVER_HOURS = Fraction(10, 100)
IDLE_BELOW = Fraction(50, 100)
PACE_BELOW, PACE_ABOVE = Fraction(90, 100), Fraction(110, 100)
BUNDLE_BELOW, BUNDLE_ABOVE = Fraction(20, 100), Fraction(80, 100)
ENDS_WITHIN = 30 * DAY
SPIKE_TIMES, SPIKE_UNITS, SPIKE_WEEKS = 3, 10, 8


class Evidence(NamedTuple):
    """A number, and where it comes from."""

    name: str
    value: Fraction
    source: str


class Opportunity(NamedTuple):
    """`subject` is the id of a campaign, a subscription or a company."""

    rule: str
    subject: str
    currency: str
    amount: Fraction
    since: datetime
    suggestion: str
    evidence: tuple[Evidence, ...]


class Facts(NamedTuple):
    """What the rules take of a campaign at `now`: its capacity this month, the last 28 days, the last two months (the older
    first), and what it used on each of the last days of its own unit."""

    campaign: Campaign
    now: datetime
    capacity: Capacity
    forecast: Forecast | None
    list_price: Fraction | None
    month: Period
    hours: int
    hours_over: int
    last_days: Period
    additional: Fraction
    months: Sequence[tuple[Period, Prices, Decimal]]
    daily: Mapping[date, Decimal]


class Bought(NamedTuple):
    """A subscription's period, and the learners that its campaigns served in it so far."""

    id: str
    bundle: Bundle
    quantity: int
    period: Period
    served: Decimal


def of_campaign(facts: Facts) -> Iterator[Opportunity]:
    """U1 to U5, and U8."""
    for rule in (_over, _near, _runs_out, _idle, _pace, _spike):
        yield from rule(facts)


def _found(
    facts: Facts, rule: str, amount: Fraction, since: datetime, suggestion: str, *evidence: Evidence
) -> Iterator[Opportunity]:
    currency = facts.campaign.currency
    if currency is not None:
        yield Opportunity(rule, facts.campaign.id, currency, amount, since, suggestion, evidence)


def _over(facts: Facts) -> Iterator[Opportunity]:
    share = ratio(Fraction(facts.hours_over), Fraction(facts.hours))
    if share is not None and share >= OVER_HOURS:
        yield from _found(
            facts,
            "U1",
            facts.additional,
            facts.last_days.start,
            "Commit to more seats: the additional ones are charged each month as it is.",
            Evidence("hoursOver", Fraction(facts.hours_over), "hours of the last 28 days with more seats than committed"),
            Evidence("hours", Fraction(facts.hours), "hours of the last 28 days with a commitment"),
            Evidence("additionalAmount", facts.additional, "seats.additional of the statement of the last 28 days"),
        )


def _near(facts: Facts) -> Iterator[Opportunity]:
    load, committed, used = facts.capacity.load, facts.capacity.committed, facts.capacity.used
    if load is None or load < NEAR or committed is None or used is None or facts.list_price is None:
        return
    yield from _found(
        facts,
        "U2",
        (used - NEAR * committed) * facts.list_price,
        facts.month.start,
        "Agree on more before it is used up.",
        Evidence("committed", committed, "capacity"),
        Evidence("used", used, "capacity"),
        Evidence("listUnitPrice", facts.list_price, "terms in force"),
    )


def _runs_out(facts: Facts) -> Iterator[Opportunity]:
    ahead, end = facts.forecast, facts.campaign.ends_at
    if facts.capacity.unit != "credit" or ahead is None or ahead.runs_out_at is None or facts.list_price is None:
        return
    if end == END or ahead.runs_out_at >= end or end <= facts.now:
        return
    short = ahead.burn_per_day * _days(end - facts.now) - ahead.left
    yield from _found(
        facts,
        "U3",
        short * facts.list_price,
        facts.now,
        "Buy the credits that are missing until the campaign ends.",
        Evidence("left", ahead.left, "balance of the grants"),
        Evidence("burnPerDay", ahead.burn_per_day, f"usage of the last {ahead.days} whole days"),
        Evidence("creditsShort", short, "burn × days to the campaign's end − left"),
        Evidence("listUnitPrice", facts.list_price, "terms in force"),
    )


def _idle(facts: Facts) -> Iterator[Opportunity]:
    used = [each.seats.commitment_used for _, each, _ in facts.months]
    if len(used) < 2 or any(each is None or each >= IDLE_BELOW for each in used):
        return
    amount = sum((each.idle_amount or Fraction(0) for _, each, _ in facts.months), Fraction(0))
    yield from _found(
        facts,
        "U4",
        amount,
        facts.months[0][0].start,
        "Commit to fewer seats: most of them are paid for and not used.",
        *(
            Evidence(f"commitmentUsed{n}", each.seats.commitment_used or Fraction(0), f"month from {period.start:%Y-%m-%d}")
            for n, (period, each, _) in enumerate(facts.months, start=1)
        ),
        Evidence("idleAmount", amount, "seats committed and not used, at the price in force"),
    )


def _pace(facts: Facts) -> Iterator[Opportunity]:
    campaign, agreed, served = facts.campaign, facts.capacity.committed, facts.capacity.used
    if facts.capacity.unit != "learner" or not agreed or served is None or facts.list_price is None:
        return
    if campaign.begins_at == BEGINNING or campaign.ends_at == END or not campaign.begins_at < facts.now < campaign.ends_at:
        return
    passed, whole = (hours_between(campaign.begins_at, until) for until in (facts.now, campaign.ends_at))
    projected = served / passed * whole
    if PACE_BELOW * agreed <= projected <= PACE_ABOVE * agreed:
        return
    above = projected > agreed
    yield from _found(
        facts,
        "U5",
        abs(projected - agreed) * facts.list_price,
        campaign.begins_at,
        "Agree on more learners." if above else "Find out what keeps learners away, or agree on fewer.",
        Evidence("learnersServed", served, "learner_served records"),
        Evidence("hoursPassed", Fraction(passed), "since the campaign began"),
        Evidence("learnersProjected", projected, "served ÷ hours passed × hours of the campaign"),
        Evidence("learnersCommitted", agreed, "terms in force"),
    )


def _spike(facts: Facts) -> Iterator[Opportunity]:
    day = facts.now.astimezone(facts.campaign.zone).date() - DAY
    units = Fraction(facts.daily.get(day, Decimal(0)))
    usual = Fraction(median(facts.daily.get(day - week * 7 * DAY, Decimal(0)) for week in range(1, SPIKE_WEEKS + 1)))
    if units < SPIKE_UNITS or units <= SPIKE_TIMES * usual:
        return
    yield from _found(
        facts,
        "U8",
        (units - usual) * (facts.list_price or 0),
        facts.now,
        "Ask what happened: a new need, or a mistake in what was reported.",
        Evidence("units", units, f"usage of {day}"),
        Evidence("median", usual, "the same weekday in the 8 weeks before"),
    )


def of_subscription(bought: Bought, now: datetime) -> Iterator[Opportunity]:
    """U6 and U7."""
    bundle, period = bought.bundle, bought.period
    if period.start < now < period.end:
        passed = Fraction(hours_between(period.start, now), period.hours)
        supported = Fraction(bundle.learners_supported or 0) * bought.quantity * passed
        used = ratio(Fraction(bought.served), supported)
        price = Fraction(bundle.annual_price)
        if used is not None and (used > BUNDLE_ABOVE or used < BUNDLE_BELOW):
            many = used > BUNDLE_ABOVE
            yield Opportunity(
                "U6",
                bought.id,
                bundle.currency,
                price if many else price * bought.quantity * passed * (1 - used),
                period.start,
                "Add a bundle before its learners are used up." if many else "Use it for more campaigns, or renew less.",
                (
                    Evidence("learnersServed", Fraction(bought.served), "learner_served records of the linked campaigns"),
                    Evidence("learnersSupported", supported, "learners × quantity × part of the period that has passed"),
                ),
            )
    if now < period.end <= now + ENDS_WITHIN:
        yield Opportunity(
            "U7",
            bought.id,
            bundle.currency,
            Fraction(bundle.annual_price) * bought.quantity,
            period.end - ENDS_WITHIN,
            "Agree on the renewal.",
            (Evidence("daysLeft", _days(period.end - now), "end of the subscription's period"),),
        )


def of_company(company_id: str, campaigns: Sequence[Facts], bundles: Sequence[Bundle]) -> Iterator[Opportunity]:
    """U9, for each currency: by the last month, the bundle that would save most."""
    apart = [each for each in campaigns if each.capacity.unit != "share" and each.months and each.months[-1][2] > 0]
    for currency in sorted({each.campaign.currency for each in apart if each.campaign.currency}):
        together = [each for each in apart if each.campaign.currency == currency]
        total = sum((Fraction(each.months[-1][2]) for each in together), Fraction(0))
        learners = sum((Fraction(each.months[-1][1].used.learners) for each in together), Fraction(0))
        month = together[0].months[-1][0]
        of_year = Fraction(month.hours, HOURS_OF_A_YEAR)
        fitting = [b for b in bundles if b.currency == currency and learners <= Fraction(b.learners_supported or 0) * of_year]
        cheapest = min(fitting, key=lambda each: each.annual_price, default=None)
        if len(together) < 2 or cheapest is None or total <= Fraction(cheapest.annual_price) * of_year:
            continue
        price = Fraction(cheapest.annual_price) * of_year
        yield Opportunity(
            "U9",
            company_id,
            currency,
            total - price,
            month.start,
            f"Offer {cheapest.name} for {len(together)} campaigns.",
            (
                Evidence("total", total, f"statements of {', '.join(each.campaign.id for each in together)}"),
                Evidence("bundle", price, f"{cheapest.id} pro rata"),
                Evidence("learners", learners, "learner_served records"),
            ),
        )


def _days(length: timedelta) -> Fraction:
    return Fraction(length // timedelta(seconds=1), 86_400)
