"""The rules of opportunities, each at its threshold from both sides, without data, and in three currencies (design §15)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from billing.money import round_money
from billing.periods import DAY, HOUR, Period, calendar_month, hours_between, midnight, months
from billing.pricing.statement import Part
from billing.signals.capacity import NO_CAPACITY, Balance, of_credits, of_learners, of_seats
from billing.signals.forecast import forecast
from billing.signals.opportunities import (
    Bought,
    Facts,
    LastMonth,
    Opportunity,
    Over,
    days_compared,
    of_campaign,
    of_company,
    of_subscription,
)
from billing.signals.prices import seats as seats_of
from billing.signals.proposals import Bundle
from billing.terms.campaign import BEGINNING, END, Campaign, Version
from billing.terms.models import SeatTerms
from billing.usage.consumption import Consumption, SeatMonth

OSLO = ZoneInfo("Europe/Oslo")
NOW = datetime(2025, 4, 1, 10, tzinfo=UTC)
MARCH = calendar_month(date(2025, 3, 1), OSLO)
FEBRUARY = calendar_month(date(2025, 2, 1), OSLO)
CURRENCIES = [("EUR", "59.90"), ("JPY", "6500"), ("KWD", "18.125")]
"""With two, no and three decimals, each with a price."""

in_each_currency = pytest.mark.parametrize(("currency", "price"), CURRENCIES, ids=[name for name, _ in CURRENCIES])


def campaign(currency: str | None = "EUR", zone: ZoneInfo = OSLO, **values: Any) -> Campaign:
    version = Version(BEGINNING, END, "seats", SeatTerms(Decimal(1)))
    return Campaign(values.pop("id", "c"), "company", "Clean-up", zone, [version], currency, **values)


def facts(of: Campaign | None = None, now: datetime = NOW, **values: Any) -> Facts:
    nothing: dict[str, Any] = {
        "capacity": NO_CAPACITY,
        "forecast": None,
        "list_price": Fraction(1),
        "month": Period(now - DAY, now),
        "seats": [],
        "over": None,
        "daily": {},
    }
    return Facts(campaign=of or campaign(), now=now, **nothing | values)


def found(given: Facts, rule: str) -> Opportunity | None:
    return next((each for each in of_campaign(given) if each.rule == rule), None)


def evidence(opportunity: Opportunity | None) -> dict[str, Fraction]:
    assert opportunity is not None
    assert all(each.source for each in opportunity.evidence)
    return {each.name: each.value for each in opportunity.evidence}


def shown(opportunity: Opportunity | None) -> str:
    """The amount at stake, as a response has it."""
    assert opportunity is not None
    return str(round_money(opportunity.amount, opportunity.currency))


def test_a_campaign_without_any_data_has_no_opportunity() -> None:
    assert list(of_campaign(facts())) == []


def test_a_campaign_without_a_currency_has_no_opportunity() -> None:
    assert found(facts(campaign(currency=None), capacity=of_learners(Decimal(100), Decimal(100))), "U2") is None


# U1: over capacity in 10 % or more of the hours of the last 28 days


def over(hours: int, hours_over: int, units: Fraction = Fraction(0), price: str = "1", currency: str = "EUR") -> Facts:
    days = Period(midnight(date(2025, 3, 4), OSLO), midnight(date(2025, 4, 1), OSLO))
    return facts(campaign(currency), over=Over(days, hours, hours_over, units, units * Fraction(price)))


@pytest.mark.parametrize(
    ("hours", "hours_over", "applies"),
    [
        (672, 67, False),
        (672, 68, True),
        (671, 67, False),  # 28 days in which the clocks go forward
        (670, 67, True),
        (673, 67, False),  # … and back
        (672, 0, False),
        (0, 0, False),
    ],
)
def test_u1_over_capacity_in_a_tenth_of_the_hours(hours: int, hours_over: int, applies: bool) -> None:
    assert (found(over(hours, hours_over), "U1") is not None) == applies


@in_each_currency
def test_u1_has_at_stake_what_the_additional_seats_cost(currency: str, price: str) -> None:
    opportunity = found(over(671, 200, Fraction(200, 743), price, currency), "U1")

    numbers = evidence(opportunity)
    assert shown(opportunity) == {"EUR": "16.12", "JPY": "1750", "KWD": "4.879"}[currency]
    assert numbers == {
        "hoursOver": 200,
        "hours": 671,
        "additionalSeatMonths": Fraction(200, 743),
        "price": Fraction(price),
    }
    assert opportunity is not None and opportunity.amount == numbers["additionalSeatMonths"] * numbers["price"]
    assert opportunity is not None
    assert opportunity.since == midnight(date(2025, 3, 4), OSLO)


# U2: near capacity


@pytest.mark.parametrize(
    ("committed", "used", "applies"),
    [
        ("100", "79.999999", False),
        ("100", "80", True),
        ("100", "100", True),
        ("100", "130", True),
        ("0", "5", False),
        (None, "5", False),
        ("100", "0", False),
    ],
)
def test_u2_near_capacity_from_80_percent(committed: str | None, used: str, applies: bool) -> None:
    capacity = of_learners(None if committed is None else Decimal(committed), Decimal(used))

    assert (found(facts(capacity=capacity), "U2") is not None) == applies


@in_each_currency
def test_u2_has_at_stake_what_is_used_above_80_percent(currency: str, price: str) -> None:
    near = facts(campaign(currency), capacity=of_learners(Decimal(300), Decimal(261)), list_price=Fraction(price))

    opportunity = found(near, "U2")

    numbers = evidence(opportunity)
    assert numbers == {"committed": 300, "used": 261, "listUnitPrice": Fraction(price)}
    recomputed = (numbers["used"] - Fraction(80, 100) * numbers["committed"]) * numbers["listUnitPrice"]
    assert shown(opportunity) == {"EUR": "1257.90", "JPY": "136500", "KWD": "380.625"}[currency]
    assert opportunity is not None
    assert opportunity.amount == recomputed


def test_u2_says_nothing_where_a_unit_has_no_price() -> None:
    assert found(facts(capacity=of_learners(Decimal(10), Decimal(9)), list_price=None), "U2") is None


# U3: credits run out before the campaign ends


def credits(
    left: str, daily: str, end: date | None, currency: str = "EUR", price: str = "6.50", zone: ZoneInfo = OSLO
) -> Facts:
    ahead = forecast(NOW, Fraction(left), [Decimal(daily)] * 28)
    balance = of_credits(Balance(Decimal(1000), Decimal(left)), [])
    return facts(campaign(currency, zone, end_date=end), capacity=balance, forecast=ahead, list_price=Fraction(price))


@pytest.mark.parametrize(
    ("end", "applies"),
    [(date(2025, 4, 10), False), (date(2025, 4, 11), True), (None, False), (date(2025, 3, 31), False)],
    ids=["ends before", "ends after", "never ends", "has ended"],
)
def test_u3_credits_run_out_before_the_end(end: date | None, applies: bool) -> None:
    # 50 at 5 a day last until 11 April 12:00 in Oslo.
    assert (found(credits("50", "5", end), "U3") is not None) == applies


def test_u3_the_end_of_the_last_day_is_the_threshold() -> None:
    end = midnight(date(2025, 4, 11), OSLO)
    left = Fraction(5) * Fraction((end - NOW) // timedelta(seconds=1), 86_400)

    def run_out_at(available: Fraction) -> Facts:
        given = credits("50", "5", date(2025, 4, 10))
        return given._replace(forecast=forecast(NOW, available, [Decimal(5)] * 28))

    assert found(run_out_at(left), "U3") is None
    assert found(run_out_at(left - Fraction(5, 86_400)), "U3") is not None


def test_u3_without_use_without_a_forecast_or_without_credits_nothing_runs_out() -> None:
    end = date(2025, 12, 31)

    assert found(credits("50", "0", end), "U3") is None
    assert found(credits("50", "5", end)._replace(forecast=forecast(NOW, Fraction(50), [Decimal(5)] * 6)), "U3") is None
    assert found(credits("50", "5", end)._replace(capacity=of_learners(Decimal(100), Decimal(50))), "U3") is None
    assert found(credits("0", "5", end), "U3") is not None


@in_each_currency
def test_u3_has_at_stake_the_credits_that_are_missing(currency: str, price: str) -> None:
    opportunity = found(credits("63.5", "7.5", date(2025, 10, 31), currency, price), "U3")

    numbers = evidence(opportunity)
    # Until midnight of 1 November in Oslo, across the clock change of 26 October: 213 days and 13 hours.
    assert numbers["creditsShort"] == Fraction("7.5") * (213 + Fraction(13, 24)) - Fraction("63.5")
    assert (numbers["left"], numbers["burnPerDay"]) == (Fraction("63.5"), Fraction("7.5"))
    assert opportunity is not None
    assert opportunity.amount == numbers["creditsShort"] * numbers["listUnitPrice"] == numbers["creditsShort"] * Fraction(price)
    assert shown(opportunity) == {"EUR": "92129.94", "JPY": "9997406", "KWD": "27877.383"}[currency]


# U4: commitment used below 50 % for two months


def two_months(used: tuple[str, str], committed: str = "10", currency: str = "EUR", price: str = "100", **dates: Any) -> Facts:
    of, terms = campaign(currency, **dates), SeatTerms(Decimal(price), Decimal(committed))
    version = Version(BEGINNING, END, "seats", terms)
    seen = []
    for month, seats in zip((FEBRUARY, MARCH), used, strict=True):
        hours = SeatMonth(month.hours, Decimal(seats) * month.hours)
        part = Part(version, month, months(month, OSLO), Consumption(seat_months=(hours,)))
        seen.append((month, seats_of(of, [part])))
    return facts(of, seats=seen)


@pytest.mark.parametrize(
    ("used", "applies"),
    [
        (("4.9999", "4.9999"), True),
        (("5", "4"), False),
        (("4", "5"), False),
        (("0", "0"), True),
        (("10", "0"), False),
    ],
)
def test_u4_half_a_commitment_idle_in_both_months(used: tuple[str, str], applies: bool) -> None:
    assert (found(two_months(used), "U4") is not None) == applies


def test_u4_without_a_commitment_or_before_the_campaign_nothing_is_idle() -> None:
    assert found(two_months(("0", "0"), committed="0"), "U4") is None
    assert found(two_months(("0", "0"), start_date=date(2025, 3, 1)), "U4") is None
    assert found(facts(seats=[]), "U4") is None


@in_each_currency
def test_u4_has_at_stake_the_idle_seats_of_both_months(currency: str, price: str) -> None:
    opportunity = found(two_months(("12", "10"), "25", currency, price), "U4")

    numbers = evidence(opportunity)
    assert (numbers["commitmentUsed1"], numbers["commitmentUsed2"]) == (Fraction(48, 100), Fraction(40, 100))
    assert [numbers["idleSeatMonths1"], numbers["idleSeatMonths2"]] == [13, 15]
    assert numbers["price1"] == numbers["price2"] == Fraction(price)
    assert (numbers["idleAmount1"], numbers["idleAmount2"]) == (13 * Fraction(price), 15 * Fraction(price))
    assert opportunity is not None
    assert opportunity.amount == numbers["idleAmount1"] + numbers["idleAmount2"]
    assert shown(opportunity) == {"EUR": "1677.20", "JPY": "182000", "KWD": "507.500"}[currency]
    assert [each.source[-7:] for each in opportunity.evidence] == 4 * ["2025-02"] + 4 * ["2025-03"]


# U5: the learners' pace is above 110 % or below 90 % of what was agreed


SPRING: dict[str, Any] = {"start_date": date(2025, 3, 1), "end_date": date(2025, 4, 30)}
"""1,463 hours in Oslo, for the clocks go forward on 30 March."""


def pace(served: str, agreed: str | None = "1463", passed: int = 743, **changes: Any) -> Facts:
    begun = midnight(date(2025, 3, 1), OSLO)
    of = campaign(changes.pop("currency", "EUR"), **SPRING | changes.pop("dates", {}))
    learners = of_learners(None if agreed is None else Decimal(agreed), Decimal(served))
    return facts(of, now=begun + passed * HOUR, capacity=learners, **changes)


@pytest.mark.parametrize(
    ("served", "rises"),
    [("668.699999", False), ("668.7", None), ("743", None), ("817.3", None), ("817.300001", True), ("0", False)],
)
def test_u5_the_pace_of_learners_by_the_hours_that_pass(served: str, rises: bool | None) -> None:
    # A learner an hour was agreed on: 743 after March, which has 743 hours.
    opportunity = found(pace(served), "U5")

    assert (opportunity is None) == (rises is None)
    assert opportunity is None or ("more learners" in opportunity.suggestion) == rises


def test_u5_needs_an_agreement_dates_and_a_campaign_that_runs() -> None:
    assert found(pace("0", agreed=None), "U5") is None
    assert found(pace("0", agreed="0"), "U5") is None
    assert found(pace("0", dates={"end_date": None}), "U5") is None
    assert found(pace("0", dates={"start_date": None}), "U5") is None
    assert found(pace("0", passed=0), "U5") is None
    assert found(pace("0", passed=1463), "U5") is None
    assert found(pace("0", passed=1462), "U5") is not None
    assert found(pace("0", list_price=None), "U5") is None


def test_u5_before_the_first_whole_hour_there_is_no_pace() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    of = campaign(zone=kolkata, **SPRING)
    minutes = {n: midnight(date(2025, 3, 1), kolkata) + n * timedelta(minutes=1) for n in (15, 45)}

    at = {n: facts(of, now=now, capacity=of_learners(Decimal(100), Decimal(0))) for n, now in minutes.items()}

    # Midnight there is at half past an hour of UTC.
    assert (found(at[15], "U5") is None, found(at[45], "U5") is None) == (True, False)


@in_each_currency
def test_u5_has_at_stake_the_learners_beside_those_agreed_on(currency: str, price: str) -> None:
    opportunity = found(pace("1000", currency=currency, list_price=Fraction(price)), "U5")

    numbers = evidence(opportunity)
    projected = numbers["learnersServed"] / numbers["hoursPassed"] * numbers["hoursOfCampaign"]
    assert [numbers[name] for name in ("hoursPassed", "hoursOfCampaign", "learnersServed")] == [743, 1463, 1000]
    assert projected == numbers["learnersProjected"]
    assert opportunity is not None
    assert opportunity.amount == (projected - numbers["learnersCommitted"]) * numbers["listUnitPrice"]
    assert shown(opportunity) == {"EUR": "30312.06", "JPY": "3289289", "KWD": "9172.055"}[currency]


# U6: a bundle is used above 80 % or below 20 % of its learners pro rata


YEAR = Period(datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))


def bought(
    served: str,
    *,
    supported: int | None = 500,
    quantity: int = 1,
    currency: str = "EUR",
    price: str = "24990",
    period: Period = YEAR,
) -> Bought:
    return Bought("s", Bundle("b", "Bundle", Decimal(price), currency, supported), quantity, period, Decimal(served))


def of_bundle(given: Bought, now: datetime, rule: str) -> Opportunity | None:
    return next((each for each in of_subscription(given, now) if each.rule == rule), None)


A_FIFTH = YEAR.start + 73 * DAY


@pytest.mark.parametrize(
    ("served", "applies"),
    [("19.999999", True), ("20", False), ("80", False), ("80.000001", True), ("0", True)],
)
def test_u6_a_bundle_used_above_80_or_below_20_percent_pro_rata(served: str, applies: bool) -> None:
    # After a fifth of the year 100 of 500 learners are supported.
    assert (of_bundle(bought(served), A_FIFTH, "U6") is not None) == applies


@pytest.mark.parametrize("supported", [None, 0])
def test_u6_a_bundle_that_supports_no_number_of_learners_has_no_use(supported: int | None) -> None:
    assert of_bundle(bought("1", supported=supported), A_FIFTH, "U6") is None


def test_u6_counts_only_within_the_period() -> None:
    assert of_bundle(bought("0"), YEAR.start, "U6") is None
    assert of_bundle(bought("0"), YEAR.start + HOUR, "U6") is not None
    assert of_bundle(bought("0"), YEAR.end, "U6") is None


def test_u6_learners_are_supported_by_the_year_however_long_the_period_is() -> None:
    quarter = Period(YEAR.start, YEAR.start + 90 * DAY)

    opportunity = of_bundle(bought("90", period=quarter), A_FIFTH, "U6")

    assert evidence(opportunity)["learnersSupported"] == 100


@in_each_currency
def test_u6_has_at_stake_another_bundle_or_what_is_idle(currency: str, price: str) -> None:
    terms: dict[str, Any] = {"quantity": 2, "currency": currency, "price": price}

    much, little = (of_bundle(bought(served, **terms), A_FIFTH, "U6") for served in ("190", "30"))

    numbers = evidence(little)
    assert numbers["learnersSupported"] == 500 * numbers["quantity"] * numbers["hoursPassed"] / 8760 == 200
    used = numbers["learnersServed"] / numbers["learnersSupported"]
    assert much is not None
    assert little is not None
    assert much.amount == Fraction(price)
    assert little.amount == numbers["annualPrice"] * numbers["quantity"] * numbers["hoursPassed"] / 8760 * (1 - used)
    assert shown(little) == {"EUR": "20.37", "JPY": "2210", "KWD": "6.162"}[currency]


# U7: the period of a subscription ends within 30 days


@pytest.mark.parametrize(
    ("before", "applies"),
    [
        (30 * DAY + timedelta(seconds=1), False),
        (30 * DAY, True),
        (timedelta(seconds=1), True),
        (timedelta(0), False),
        (-DAY, False),
    ],
)
def test_u7_the_period_ends_within_30_days(before: timedelta, applies: bool) -> None:
    assert (of_bundle(bought("100"), YEAR.end - before, "U7") is not None) == applies


@in_each_currency
def test_u7_has_at_stake_the_price_of_a_year(currency: str, price: str) -> None:
    opportunity = of_bundle(bought("0", quantity=3, currency=currency, price=price), YEAR.end - 12 * HOUR, "U7")

    numbers = evidence(opportunity)
    assert numbers == {"daysLeft": Fraction(1, 2), "annualPrice": Fraction(price), "quantity": 3}
    assert opportunity is not None
    assert (opportunity.amount, opportunity.since) == (3 * Fraction(price), YEAR.end - 30 * DAY)
    assert shown(opportunity) == {"EUR": "179.70", "JPY": "19500", "KWD": "54.375"}[currency]


# U8: a day is above 3 × the median of the same weekday in 8 weeks, and at least 10 units


def spike(units: str, *usual: str, now: datetime = NOW, **of: Any) -> Facts:
    """The units of yesterday there, and of the same weekday in the weeks before, the last one first."""
    subject = campaign(**of)
    yesterday = now.astimezone(subject.zone).date() - DAY
    daily = {yesterday - n * 7 * DAY: Decimal(each) for n, each in enumerate((units, *usual))}
    return facts(subject, now=now, daily=daily, list_price=Fraction(of.pop("price", 2)))


@pytest.mark.parametrize(
    ("units", "usual", "applies"),
    [
        ("9.999999", ["0"] * 8, False),
        ("10", ["0"] * 8, True),
        ("30", ["10"] * 8, False),
        ("30.000001", ["10"] * 8, True),
        ("31", ["10"] * 4 + ["11"] * 4, False),  # the median of an even number is between the two in the middle
        ("31.5", ["10"] * 4 + ["11"] * 4, False),
        ("31.500001", ["10"] * 4 + ["11"] * 4, True),
        ("31", ["10"] * 5 + ["1000"] * 3, True),
        ("31", ["10"] * 5, True),  # the weeks without use count as none
        ("0", [], False),
    ],
)
def test_u8_a_day_far_above_the_usual_one(units: str, usual: list[str], applies: bool) -> None:
    assert (found(spike(units, *usual), "U8") is not None) == applies


def test_u8_a_campaign_that_began_within_the_8_weeks_has_nothing_to_compare() -> None:
    oldest = date(2025, 3, 31) - 56 * DAY

    assert days_compared(date(2025, 3, 31))[-1] == oldest
    assert found(spike("50", start_date=oldest), "U8") is not None
    assert found(spike("50", start_date=oldest + DAY), "U8") is None


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2025-03-30T21:59:59+00:00", date(2025, 3, 29)),
        ("2025-03-30T22:00:00+00:00", date(2025, 3, 30)),
        ("2025-10-26T22:59:59+00:00", date(2025, 10, 25)),
        ("2025-10-26T23:00:00+00:00", date(2025, 10, 26)),
    ],
    ids=["the 23rd hour", "after 23 hours", "the 25th hour", "after 25 hours"],
)
def test_u8_days_are_those_of_the_company_where_the_clocks_change(now: str, day: date) -> None:
    given = facts(now=datetime.fromisoformat(now), daily={day: Decimal(10)})

    opportunity = found(given, "U8")

    assert opportunity is not None
    assert opportunity.evidence[0].source == f"usage of {day}"
    assert found(given._replace(daily={day + DAY: Decimal(10), day - DAY: Decimal(10)}), "U8") is None


@in_each_currency
def test_u8_has_at_stake_what_lies_above_the_usual(currency: str, price: str) -> None:
    opportunity = found(spike("40", *["10"] * 8, currency=currency)._replace(list_price=Fraction(price)), "U8")

    numbers = evidence(opportunity)
    assert numbers == {"units": 40, "median": 10, "listUnitPrice": Fraction(price)}
    assert opportunity is not None
    assert opportunity.amount == (numbers["units"] - numbers["median"]) * numbers["listUnitPrice"]
    assert shown(opportunity) == {"EUR": "1797.00", "JPY": "195000", "KWD": "543.750"}[currency]


def test_u8_is_found_where_a_unit_has_no_price() -> None:
    opportunity = found(spike("40")._replace(list_price=None), "U8")

    assert (evidence(opportunity)["listUnitPrice"], shown(opportunity)) == (Fraction(0), "0.00")


def test_u8_sessions_of_a_campaign_by_the_seat_have_no_price() -> None:
    opportunity = found(spike("40")._replace(list_price=Fraction("59.90"), capacity=NO_CAPACITY._replace(unit="seat")), "U8")

    assert (evidence(opportunity)["listUnitPrice"], shown(opportunity)) == (Fraction(0), "0.00")


# U9: two or more unbundled campaigns together cost more than a bundle pro rata


def month_of(total: str, learners: str = "0", currency: str | None = "EUR", **of: Any) -> LastMonth:
    return LastMonth(campaign(currency, **of), MARCH, Decimal(total), Decimal(learners))


def offer(price: str = "8760", supported: int | None = 8760, currency: str = "EUR", name: str = "b") -> Bundle:
    return Bundle(name, "Bundle", Decimal(price), currency, supported)


@pytest.mark.parametrize(
    ("totals", "applies"),
    [
        (["371.50", "371.50"], False),
        (["371.50", "371.51"], True),
        (["1000.00"], False),
        (["1000.00", "0.00"], False),
        ([], False),
    ],
)
def test_u9_two_campaigns_that_cost_more_than_a_bundle_pro_rata(totals: list[str], applies: bool) -> None:
    # March has 743 of 8,760 hours: a bundle of 8,760.00 costs 743.00.
    seen = list(of_company("company", [month_of(total) for total in totals], [offer()]))

    assert ([each.rule for each in seen] == ["U9"]) == applies


@pytest.mark.parametrize(("learners", "fits"), [("743", True), ("743.000001", False)])
def test_u9_the_bundle_supports_the_learners_pro_rata(learners: str, fits: bool) -> None:
    campaigns = [month_of("900.00", learners), month_of("900.00")]

    assert bool(list(of_company("company", campaigns, [offer()]))) == fits


def test_u9_without_a_bundle_in_the_currency_there_is_none() -> None:
    campaigns = [month_of("900.00", "1"), month_of("900.00")]

    assert list(of_company("company", campaigns, [])) == []
    assert list(of_company("company", campaigns, [offer(currency="USD"), offer(supported=None)])) == []


@in_each_currency
def test_u9_has_at_stake_what_the_cheapest_fitting_bundle_saves_in_its_currency(currency: str, price: str) -> None:
    others = [month_of("100000000", currency=other) for other, _ in CURRENCIES if other != currency]
    campaigns = [month_of(price, "60", currency, id="one"), month_of("2.5", currency=currency, id="other"), *others]
    bundles = [offer("100", 1000, currency, "dear"), offer("24", 1000, currency, "fitting"), offer("1", 10, currency, "small")]

    (opportunity,) = of_company("company", campaigns, bundles)

    numbers = evidence(opportunity)
    assert numbers["total"] == Fraction(price) + Fraction("2.5")
    assert numbers["bundle"] == numbers["annualPrice"] * numbers["hours"] / 8760 == Fraction(24) * 743 / 8760
    assert (opportunity.amount, opportunity.currency) == (numbers["total"] - numbers["bundle"], currency)
    assert opportunity.evidence[0].source == "statements of one, other"
    assert "fitting" in opportunity.evidence[1].source
    assert shown(opportunity) == {"EUR": "60.36", "JPY": "6500", "KWD": "18.589"}[currency]


def test_the_seats_of_28_days_with_a_clock_change_have_671_hours() -> None:
    """The figures that the rules take of seats, beside `hours_between` of the same days."""
    days = Period(midnight(date(2025, 3, 4), OSLO), midnight(date(2025, 4, 1), OSLO))
    part = Part(Version(BEGINNING, END, "seats", SeatTerms(Decimal(1), Decimal(2))), days, months(days, OSLO), Consumption())
    part = part._replace(consumption=Consumption(seat_months=tuple(SeatMonth(each.hours_in_month) for each in part.months)))

    assert of_seats(campaign(), [part]).inputs["hours"] == hours_between(days.start, days.end) == 671


SINCE = [
    ("U2", facts(month=MARCH, capacity=of_learners(Decimal(10), Decimal(9))), MARCH.start),
    ("U3", credits("50", "5", date(2025, 12, 31)), NOW),
    ("U4", two_months(("1", "1")), FEBRUARY.start),
    ("U5", pace("0"), midnight(date(2025, 3, 1), OSLO)),
    ("U8", spike("50"), midnight(date(2025, 3, 31), OSLO)),
]


@pytest.mark.parametrize(("rule", "given", "since"), SINCE, ids=[rule for rule, *_ in SINCE])
def test_a_rule_says_since_when_its_numbers_count(rule: str, given: Facts, since: datetime) -> None:
    opportunity = found(given, rule)

    assert opportunity is not None
    assert opportunity.since == since


def test_the_rules_of_bundles_say_since_when_their_numbers_count() -> None:
    idle = of_bundle(bought("0"), A_FIFTH, "U6")
    (offered,) = of_company("company", [month_of("900.00"), month_of("900.00")], [offer()])

    assert idle is not None
    assert (idle.since, offered.since) == (YEAR.start, MARCH.start)
