"""Plain rules that find what a conversation with a customer could be about, less included (design §15). Each says which rule,
the numbers, what to do, and the amount at stake in the campaign's currency.

- U1: more than the commitment in 10 % or more of the hours of the last 28 days that had one; at stake what the seats above it
  cost.
- U2: load from 80 %; at stake what is used above 80 %, at the list price.
- U3: credits run out before the campaign ends: burn × days to its end − left, at the list price.
- U4: commitment used below 50 % in both of the last two months: fewer seats; at stake the idle ones.
- U5: learners' pace, served ÷ hours passed × hours of the campaign, above 110 % or below 90 % of those agreed on.
- U6: learners of a bundle above 80 % or below 20 % of those it supports pro rata: learners supported × quantity × hours passed
  ÷ those of 365 days; at stake another one, or what is idle of it.
- U7: a subscription's period ends within 30 days; at stake its price.
- U8: a day above 3 × the median of the same weekday in the 8 weeks before, and at least 10 units; at stake what lies above it,
  at the list price of a credit or a learner.
  A campaign that began less than 8 weeks before the day has no such median.
- U9: two or more campaigns without a bundle that cost more in a month than a bundle pro rata that supports their learners.

Example of U4: 25 seats at 59.90, 12 used throughout: commitment used is 48 %, and 13 × 59.90 = 778.70 a month are idle.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from statistics import median
from typing import NamedTuple
from zoneinfo import ZoneInfo

from billing.money import exact, sum_money, total
from billing.periods import DAY, Period, hours_between, midnight
from billing.signals.capacity import HOURS_OF_A_YEAR, NEAR, Capacity, ratio
from billing.signals.forecast import Forecast
from billing.signals.prices import Seats
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


class Over(NamedTuple):
    """The hours of the last 28 days that had a commitment, those of them above it, and the additional seat-months of these
    hours, with what they cost."""

    days: Period
    hours: int
    hours_over: int
    additional_units: Fraction
    additional_amount: Fraction


class LastMonth(NamedTuple):
    """What a campaign without a bundle came to: the statement's total, in its currency, and the learners served."""

    campaign: Campaign
    period: Period
    total: Decimal
    learners: Decimal


class Facts(NamedTuple):
    """What the rules use of a campaign at `now`: its capacity this month, and what it used of its own unit on each of the days
    that `days_compared` names, if the first has `SPIKE_UNITS`. Of one that is charged by the seat its seats in the last two
    months, the older first, and `over` where it can be."""

    campaign: Campaign
    now: datetime
    capacity: Capacity
    forecast: Forecast | None
    list_price: Fraction | None
    month: Period
    seats: Sequence[tuple[Period, Seats]]
    over: Over | None
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


def is_over(hours_over: int, hours: int) -> bool:
    """Whether so many of the hours with a commitment are enough for U1."""
    return hours > 0 and hours_over >= OVER_HOURS * hours


def _over(facts: Facts) -> Iterator[Opportunity]:
    over = facts.over
    if over and is_over(over.hours_over, over.hours):
        yield from _found(
            facts,
            "U1",
            over.additional_amount,
            over.days.start,
            "Commit to more seats: the additional ones are charged each month as it is.",
            Evidence("hoursOver", Fraction(over.hours_over), "hours of the last 28 days with more seats than committed"),
            Evidence("hours", Fraction(over.hours), "hours of the last 28 days with a commitment"),
            Evidence("additionalSeatMonths", over.additional_units, "seats above the commitment in these hours"),
            *_unit_price("price", over.additional_amount, over.additional_units, "these 28 days"),
        )


def _unit_price(name: str, amount: Fraction, units: Fraction, when: str) -> Iterator[Evidence]:
    if units:
        yield Evidence(name, amount / units, f"terms in force, the average where it changed, {when}")


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
        Evidence("daysToEnd", _days(end - facts.now), "until the campaign's last day is over"),
        Evidence("creditsShort", short, "burn × days to the campaign's end − left"),
        Evidence("listUnitPrice", facts.list_price, "terms in force"),
    )


def _idle(facts: Facts) -> Iterator[Opportunity]:
    months, used = facts.seats, [each.capacity.commitment_used for _, each in facts.seats]
    if len(used) < 2 or any(each is None or each >= IDLE_BELOW for each in used):
        return
    amount = total(each.idle_amount or Fraction(0) for _, each in months)
    yield from _found(
        facts,
        "U4",
        amount,
        months[0][0].start,
        "Commit to fewer seats: most of them are paid for and not used.",
        *(evidence for n, (period, each) in enumerate(months, start=1) for evidence in _idle_month(facts, n, period, each)),
    )


def _idle_month(facts: Facts, n: int, period: Period, month: Seats) -> Iterator[Evidence]:
    name, units, amount = _month(period, facts.campaign.zone), month.idle_units, month.idle_amount
    used, idle, cost = month.capacity.commitment_used or Fraction(0), units or Fraction(0), amount or Fraction(0)
    yield Evidence(f"commitmentUsed{n}", used, f"hours of committed seats used ÷ committed, month of {name}")
    yield Evidence(f"idleSeatMonths{n}", idle, f"seat-months committed and not used, month of {name}")
    yield from _unit_price(f"price{n}", cost, idle, f"month of {name}")
    yield Evidence(f"idleAmount{n}", cost, f"at the price in force, month of {name}")


def _pace(facts: Facts) -> Iterator[Opportunity]:
    campaign, agreed, served = facts.campaign, facts.capacity.committed, facts.capacity.used
    if facts.capacity.unit != "learner" or not agreed or served is None or facts.list_price is None:
        return
    if campaign.begins_at == BEGINNING or campaign.ends_at == END or not campaign.begins_at < facts.now < campaign.ends_at:
        return
    passed, whole = (hours_between(campaign.begins_at, until) for until in (facts.now, campaign.ends_at))
    if not passed:
        return
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
        Evidence("hoursOfCampaign", Fraction(whole), "from its first day to its last"),
        Evidence("learnersProjected", projected, "served ÷ hours passed × hours of the campaign"),
        Evidence("learnersCommitted", agreed, "terms in force"),
        Evidence("listUnitPrice", facts.list_price, "terms in force"),
    )


@lru_cache(maxsize=64)
def _month(period: Period, zone: ZoneInfo) -> str:
    return f"{period.start.astimezone(zone):%Y-%m}"


@lru_cache(maxsize=64)
def days_compared(day: date) -> tuple[date, ...]:
    """A day, and the same weekday in the 8 weeks before it."""
    return tuple(day - week * 7 * DAY for week in range(SPIKE_WEEKS + 1))


def _spike(facts: Facts) -> Iterator[Opportunity]:
    day, *earlier = days_compared(facts.now.astimezone(facts.campaign.zone).date() - DAY)
    if facts.daily.get(day, 0) < SPIKE_UNITS:
        return
    if facts.campaign.start_date and facts.campaign.start_date > earlier[-1]:
        return  # it has not run for as long yet
    units = Fraction(facts.daily.get(day, Decimal(0)))
    usual = Fraction(median(facts.daily.get(each, Decimal(0)) for each in earlier))
    by_seat = facts.capacity.unit == "seat"  # its days are compared by sessions, which have no price
    price = Fraction(0) if by_seat or facts.list_price is None else facts.list_price
    if units <= SPIKE_TIMES * usual:
        return
    yield from _found(
        facts,
        "U8",
        (units - usual) * price,
        midnight(day, facts.campaign.zone),
        "Ask what happened: a new need, or a mistake in what was reported.",
        Evidence("units", units, f"usage of {day}"),
        Evidence("median", usual, "the same weekday in the 8 weeks before"),
        Evidence("listUnitPrice", price, "terms in force; 0 where they have none for what was used"),
    )


def of_subscription(bought: Bought, now: datetime) -> Iterator[Opportunity]:
    """U6 and U7."""
    bundle, period = bought.bundle, bought.period
    if period.start < now < period.end:
        passed = Fraction(hours_between(period.start, now), HOURS_OF_A_YEAR)
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
                    Evidence("learnersSupported", supported, "learners × quantity × hours passed ÷ 8,760"),
                    Evidence("hoursPassed", passed * HOURS_OF_A_YEAR, "since the subscription's period began"),
                    *_price(bought),
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
            (Evidence("daysLeft", _days(period.end - now), "end of the subscription's period"), *_price(bought)),
        )


def _price(bought: Bought) -> Iterator[Evidence]:
    yield Evidence("annualPrice", Fraction(bought.bundle.annual_price), "the bundle")
    yield Evidence("quantity", Fraction(bought.quantity), "the subscription")


def fitting(bundles: Sequence[Bundle], currency: str | None, campaigns: Sequence[LastMonth], month: Period) -> list[Bundle]:
    """The bundles in a currency that support, pro rata, the learners of those of the campaigns in it that cost something."""
    learners, of_year = _learners(_costly(campaigns, currency)), _of_year(month)
    return [b for b in bundles if b.currency == currency and learners <= Fraction(b.learners_supported or 0) * of_year]


def _costly(campaigns: Sequence[LastMonth], currency: str | None) -> list[LastMonth]:
    return [each for each in campaigns if each.campaign.currency == currency and each.total > 0]


def _learners(campaigns: Sequence[LastMonth]) -> Fraction:
    return exact(sum((each.learners for each in campaigns), Decimal(0)))


def _of_year(month: Period) -> Fraction:
    return Fraction(month.hours, HOURS_OF_A_YEAR)


def of_company(company_id: str, campaigns: Sequence[LastMonth], bundles: Sequence[Bundle]) -> Iterator[Opportunity]:
    """U9, for each currency: by the last month, the bundle that would save most."""
    for currency in sorted({each.campaign.currency for each in campaigns if each.campaign.currency}):
        together = _costly(campaigns, currency)
        if len(together) < 2:
            continue
        month = together[0].period
        cheapest = min(fitting(bundles, currency, together, month), key=lambda each: each.annual_price, default=None)
        if cheapest is None:
            continue
        spent = exact(sum_money((each.total for each in together), currency))
        price = Fraction(cheapest.annual_price) * _of_year(month)
        if spent <= price:
            continue
        yield Opportunity(
            "U9",
            company_id,
            currency,
            spent - price,
            month.start,
            f"Offer {cheapest.name} for {len(together)} campaigns.",
            (
                Evidence("total", spent, f"statements of {', '.join(each.campaign.id for each in together)}"),
                Evidence("bundle", price, f"{cheapest.id}: annual price × hours ÷ 8,760"),
                Evidence("annualPrice", Fraction(cheapest.annual_price), "bundles on offer"),
                Evidence("hours", Fraction(month.hours), "hours of the month"),
                Evidence("learners", _learners(together), "learner_served records"),
            ),
        )


def _days(length: timedelta) -> Fraction:
    return Fraction(length // timedelta(seconds=1), 86_400)
