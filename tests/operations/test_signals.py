"""Pricing signals, opportunities and proposals through their handlers (design §15)."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.periods import HOUR, Period, hours_between, months
from tests.operations.test_get_campaign_usage import summary, use
from tests.signals.march import MARCH, hours_from, load, record_hours
from tests.terms.test_history import link, set_terms, unlink
from tests.world import Answer, World, api_event, invoke, request

DAY = timedelta(days=1)


def signals(owner: str, period: dict[str, str] = MARCH, **caller: Any) -> Answer:
    return request("list_pricing_signals", "GET", f"/v1/companies/{owner}/pricing-signals", query=period, **caller)


def opportunities(owner: str, **caller: Any) -> Answer:
    return request("list_opportunities", "GET", f"/v1/companies/{owner}/opportunities", **caller)


def rules(owner: str) -> list[tuple[str, str]]:
    return [(each["rule"], each["amountAtStake"]) for each in opportunities(owner).body["opportunities"]]


def propose(usage: dict[str, Any], currency: str = "EUR", **prices: Any) -> Answer:
    return request("propose_pricing", "POST", "/v1/pricing-proposals", {"usage": usage, "currency": currency, "prices": prices})


def test_march_has_the_prices_of_the_design(world: World) -> None:
    load(world)

    found = {each["campaignId"]: each for each in signals("demo-fjellbris").body["signals"]}

    names = ("totalAmount", "usedUnits", "effectiveUnitPrice", "listUnitPrice", "premium", "idleUnits", "idleAmount")
    assert [found["demo-fjord-clean-up"][name] for name in names] == [
        *("1561.06", "43.051144", "36.26", "35.00", "0.0360", "1.550471", "54.27")
    ]
    assert [found["demo-first-job-mentoring"][name] for name in names] == [
        *("1082.48", "14.979812", "72.26", "59.90", "0.2064", "3.091521", "185.18")
    ]
    assert (found["demo-reading-buddies"]["costPerLearner"], found["demo-code-clubs"]["costPerLearner"]) == ("10.87", "17.24")
    assert found["demo-fjord-clean-up"]["costPerLearner"] is None


def test_signals_as_csv_are_the_same_figures_and_no_formula(world: World) -> None:
    company = world.company()
    world.campaign(
        company, name="=1+1", currency="JPY", seat_price_per_month="1000", committed_seats=3, budget_allocated="9000"
    )
    event = api_event("GET", f"/v1/companies/{company}/pricing-signals", query=MARCH)

    answer = invoke("list_pricing_signals", event | {"headers": {"accept": "text/csv", "host": "localhost"}})

    (row,) = csv.DictReader(io.StringIO(answer["body"]))
    (signal,) = signals(company).body["signals"]
    assert answer["headers"]["Content-Type"] == "text/csv"
    assert (row["campaignName"], row["totalAmount"], row["budgetUsed"]) == ("'=1+1", "3000", "0.3333")
    assert {name: row[name] for name in signal} == {name: value or "" for name, value in signal.items()} | {
        "campaignName": "'=1+1"
    }


def test_another_companys_signals_and_opportunities_are_not_found(world: World) -> None:
    company, other = world.company(), world.company()

    assert signals(other, company=company).status == opportunities(other, company=company).status == 404


def test_a_company_without_campaigns_has_no_signals_and_no_opportunities(world: World) -> None:
    company = world.company()

    assert (signals(company).body["signals"], opportunities(company).body["opportunities"]) == ([], [])


def last_days(now: datetime, days: int) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) - days * DAY


@pytest.mark.parametrize(("over", "found"), [(67, False), (68, True)], ids=["below a tenth", "a tenth"])
def test_over_capacity_in_a_tenth_of_the_hours_is_an_opportunity(world: World, over: int, found: bool) -> None:
    company, now = world.company(), datetime.now(UTC)
    campaign = world.campaign(company, committed_seats=10)
    counts = [11] * over + [10] * (28 * 24 - over)
    record_hours(world, campaign, hours_from(last_days(now, 28), counts))

    assert ("U1" in dict(rules(company))) == found


def test_the_hours_over_capacity_are_those_over_what_was_committed_then(world: World) -> None:
    company, now = world.company(), datetime.now(UTC)
    campaign = world.campaign(company, committed_seats=10, seat_price_per_month="100.00")
    record_hours(world, campaign, hours_from(last_days(now, 28), [11] * 28 * 24))
    assert set_terms(campaign, {"committedSeats": 20}, last_days(now, 28).isoformat()).status == 200
    assert "U1" not in dict(rules(company))
    since = last_days(now, 7).isoformat()
    assert set_terms(campaign, {"committedSeats": 5}, since, "change-2").status == 200

    (over,) = [each for each in opportunities(company).body["opportunities"] if each["rule"] == "U1"]

    evidence = {each["name"]: Decimal(each["value"]) for each in over["evidence"]}
    assert [evidence["hoursOver"], evidence["hours"]] == [7 * 24, 28 * 24]
    query = {"start": last_days(now, 28).isoformat(), "end": last_days(now, 0).isoformat()}
    statement = request("get_campaign_usage", "GET", f"/v1/campaigns/{campaign}/usage", query=query).body
    additional = [line["amount"] for line in statement["billing"]["lines"] if line["key"] == "seats.additional"]
    assert Decimal(over["amountAtStake"]) == sum(map(Decimal, additional)) > 0


def test_seats_from_before_there_was_a_commitment_are_not_above_it(world: World) -> None:
    company, now = world.company(), datetime.now(UTC)
    campaign = world.campaign(company, committed_seats=0, seat_price_per_month="100.00")
    record_hours(world, campaign, hours_from(last_days(now, 28), [11] * 28 * 24))
    since = last_days(now, 7).isoformat()
    assert set_terms(campaign, {"committedSeats": 5, "seatPricePerMonth": "120.00"}, since).status == 200

    (over,) = [each for each in opportunities(company).body["opportunities"] if each["rule"] == "U1"]

    evidence = {each["name"]: Decimal(each["value"]) for each in over["evidence"]}
    assert [evidence["hoursOver"], evidence["hours"], evidence["price"]] == [7 * 24, 7 * 24, 120]
    of_month = sum(6 * Fraction(hours, whole) for hours, whole in hours_by_month(last_days(now, 7), last_days(now, 0)))
    assert evidence["additionalSeatMonths"] == round(Decimal(of_month.numerator) / of_month.denominator, 6)
    assert abs(Decimal(over["amountAtStake"]) - evidence["additionalSeatMonths"] * 120) < Decimal("0.01")


def hours_by_month(start: datetime, end: datetime) -> list[tuple[int, int]]:
    """The hours of each month between two midnights, and those of the whole month, in UTC."""
    return [(hours_between(each.start, each.end), each.hours_in_month) for each in months(Period(start, end), ZoneInfo("UTC"))]


def test_the_learners_of_a_bundle_are_those_served_while_a_campaign_was_linked_to_it(world: World) -> None:
    company, now = world.company(), datetime.now(UTC)
    start = last_days(now, 100)
    period = {"current_period_start": start.isoformat(), "current_period_end": (start + 365 * DAY).isoformat()}
    subscription = world.subscription(company, "36500.00", **period)
    world.connection.run("UPDATE l2i_bundles SET learners_supported = 365")
    campaign = world.campaign(company, "bundle")
    assert link(campaign, subscription, "1", effectiveFrom=last_days(now, 80).isoformat()).status == 200
    assert unlink(campaign, effectiveFrom=last_days(now, 10).isoformat()).status == 204
    for day, learners in ((90, "1000"), (50, "90"), (5, "3000")):
        use(world, campaign, "learner_served", ((last_days(now, day) + HOUR).isoformat(), learners))

    (used,) = [each for each in opportunities(company).body["opportunities"] if each["rule"] == "U6"]

    evidence = {each["name"]: Decimal(each["value"]) for each in used["evidence"]}
    assert [used["subject"], evidence["learnersServed"]] == [subscription, 90]


IAAS = {"iaas_metrics": '{"pricePerLearner": "12.50"}'}
FREE = {"iaas_metrics": '{"pricePerLearner": "0"}'}
SEATS = {"committed_seats": 10, "seat_price_per_month": "100.00"}


@pytest.mark.parametrize(("supported", "fits"), [(100_000, True), (100, False), (None, False)])
def test_campaigns_that_a_bundle_would_be_cheaper_for_are_an_opportunity(
    world: World, supported: int | None, fits: bool
) -> None:
    company, last_month = world.company(), datetime.now(UTC).replace(day=1) - DAY
    year: dict[str, Any] = {"current_period_start": last_month - 100 * DAY, "current_period_end": last_month + 265 * DAY}
    subscription = world.subscription(company, "1200.00", **year)
    world.connection.run("UPDATE l2i_bundles SET learners_supported = :supported", supported=supported)
    terms: dict[str, tuple[str, dict[str, Any]]] = {
        "b-seats": ("seats", SEATS),
        "c-iaas": ("iaas", IAAS),
        "d-free": ("iaas", FREE),
        "a-idle": ("iaas", IAAS),
    }
    for campaign, (model, agreed) in terms.items():
        world.campaign(company, model, id=campaign, **agreed)
    shared = world.campaign(company, "bundle", l2i_subscription_id=subscription, bundle_allocation_percentage="0.5")
    for campaign, learners in (("c-iaas", "20"), ("d-free", "90000"), (shared, "90000")):
        use(world, campaign, "learner_served", (last_month.isoformat(), learners))

    found = [each for each in opportunities(company).body["opportunities"] if each["rule"] == "U9"]

    assert [(each["subject"], each["evidence"][0]["source"]) for each in found] == [
        (company, "statements of b-seats, c-iaas")
    ] * fits
    assert [each["evidence"][0]["value"] for each in found] == ["1250.000000"] * fits
    assert [each["evidence"][-1]["value"] for each in found] == ["20.000000"] * fits


def test_a_campaign_that_is_not_charged_has_no_hours_over_capacity(world: World) -> None:
    company, now = world.company(), datetime.now(UTC)
    campaign = world.campaign(company, committed_seats=10, status="draft")
    record_hours(world, campaign, hours_from(last_days(now, 28), [11] * 28 * 24))

    assert "U1" not in dict(rules(company))


@pytest.mark.parametrize(("seats", "found"), [(4, True), (5, False)])
def test_half_a_commitment_idle_for_two_months_advises_to_buy_less(world: World, seats: int, found: bool) -> None:
    company, zone = world.company(), UTC
    campaign = world.campaign(company, committed_seats=10, seat_price_per_month="100.00")
    this = datetime.now(zone).date().replace(day=1)
    first = (this - DAY).replace(day=1)
    first = (first - DAY).replace(day=1)
    start, end = (datetime(day.year, day.month, day.day, tzinfo=zone) for day in (first, this))
    record_hours(world, campaign, hours_from(start, [seats] * hours_between(start, end)))

    idle = [each for each in opportunities(company).body["opportunities"] if each["rule"] == "U4"]
    assert [(each["amountAtStake"], each["since"]) for each in idle] == [("1200.00", f"{first}T00:00:00Z")] * found
    assert [each["evidence"][0]["source"][-7:] for each in idle] == [f"{first:%Y-%m}"] * found


def test_credits_that_run_out_before_the_end_are_an_opportunity(world: World) -> None:
    company, now = world.company(), datetime.now(UTC)
    day = last_days(now, 0)
    terms = {"credit_allocation": "200", "credit_price": "6.50", "start_date": (now - 30 * DAY).date()}
    short = world.campaign(company, "credits", end_date=(now + 20 * DAY).date(), **terms)
    fine = world.campaign(company, "credits", end_date=(now + 2 * DAY).date(), **terms)
    for campaign in (short, fine):
        use(world, campaign, "credit_usage", *(((day - n * DAY + HOUR).isoformat(), "5") for n in range(1, 29)))

    found = [each for each in opportunities(company).body["opportunities"] if each["rule"] == "U3"]

    assert [each["subject"] for each in found] == [short]
    evidence = {each["name"]: Decimal(each["value"]) for each in found[0]["evidence"]}
    assert (evidence["left"], evidence["burnPerDay"]) == (Decimal(60), Decimal(5))
    assert abs(evidence["creditsShort"] * Decimal("6.50") - Decimal(found[0]["amountAtStake"])) < Decimal("0.01")


@pytest.mark.parametrize(
    ("units", "usual", "found"), [("9", "0", False), ("10", "0", True), ("30", "10", False), ("31", "10", True)]
)
def test_a_day_far_above_the_usual_one_is_an_opportunity(world: World, units: str, usual: str, found: bool) -> None:
    company = world.company()
    campaign = world.campaign(company, "iaas")
    yesterday = last_days(datetime.now(UTC), 1) + HOUR
    use(world, campaign, "learner_served", (yesterday.isoformat(), units))
    use(world, campaign, "learner_served", *(((yesterday - week * 7 * DAY).isoformat(), usual) for week in range(1, 9)))

    assert ("U8" in dict(rules(company))) == found


@pytest.mark.parametrize(("days", "found"), [(29, True), (31, False)])
def test_a_subscription_that_ends_within_30_days_is_an_opportunity(world: World, days: int, found: bool) -> None:
    company, now = world.company(), datetime.now(UTC)
    start, end = (now + (days - 365) * DAY).isoformat(), (now + days * DAY).isoformat()
    world.subscription(company, "50000.00", quantity=2, current_period_start=start, current_period_end=end)

    assert (("U7", "100000.00") in rules(company)) == found


def test_opportunities_are_ordered_by_the_amount(world: World) -> None:
    company, now = world.company(), datetime.now(UTC)
    period = {"current_period_start": (now - 340 * DAY).isoformat(), "current_period_end": (now + 20 * DAY).isoformat()}
    for price in ("1000.00", "30000.00", "200.00"):
        world.subscription(company, price, **period)

    amounts = [Decimal(amount) for _, amount in rules(company)]

    assert amounts == sorted(amounts, reverse=True) == [30000, 1000, 200]


amounts = st.integers(0, 400).map(lambda n: Decimal(n) / 4)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seats=st.integers(0, 40),
    committed=st.integers(0, 30),
    learners=amounts,
    sessions=amounts,
    hours=amounts,
    price=st.integers(0, 100).map(Decimal),
    currency=st.sampled_from(["EUR", "JPY", "KWD"]),
    count=st.integers(1, 3),
)
def test_a_proposal_is_the_statement_of_a_campaign_that_had_the_usage(
    world: World,
    seats: int,
    committed: int,
    learners: Decimal,
    sessions: Decimal,
    hours: Decimal,
    price: Decimal,
    currency: str,
    count: int,
) -> None:
    world.empty()
    used = {"learner_served": learners, "session_completed": sessions, "credit_usage": (sessions + hours) * Decimal("1.5")}
    usage = {
        "seatMonths": str(seats * count),
        "learners": str(learners),
        "sessions": str(sessions),
        "volunteerHours": str(hours),
        "months": count,
    }
    custom = {
        "fixedFee": "850",
        "fixedFeeInterval": "month",
        "variableComponents": [
            {"name": "Workshops", "unit": "session", "rate": str(price)},
            {"name": "Seats", "unit": "seat_month", "rate": "3", "cap": "25"},
            {"name": "Learners", "unit": "learner", "rate": "2", "cap": "40"},
            {"name": "Credits", "unit": "credit", "rate": "4"},
            {"name": "Hours", "unit": "hour", "rate": "7"},
        ],
    }
    company = world.company(time_zone="UTC")
    asked = {
        "seatPricePerMonth": str(price),
        "committedSeats": str(committed),
        "creditPrice": str(price),
        "creditConsumptionRate": "1.5",
        "pricePerLearner": str(price),
        "customPricingTerms": custom,
    }
    bundle = {"annual_price": "36500", "currency": currency, "learners_supported": 120}
    world.insert("l2i_bundles", sku="offered", name="Bundle", **bundle)

    answer = propose(usage, currency, **asked)

    proposed = {each["pricingModel"]: each for each in answer.body["proposals"]}
    quantity = proposed["bundle"]["bundles"]
    assert quantity == max(1, ceil(learners / (10 * count)))
    period = Period(*(datetime.fromisoformat(answer.body["period"][end]) for end in ("start", "end")))
    ends = {"current_period_start": period.start, "current_period_end": period.start.replace(year=period.start.year + 1)}
    subscription = world.subscription(company, "36500", currency, quantity=quantity, **ends)
    dates: dict[str, Any] = {
        "currency": currency,
        "start_date": period.start.date(),
        "end_date": (period.end - DAY).date(),
    }
    campaigns = {
        "seats": world.campaign(company, seat_price_per_month=str(price), committed_seats=committed, **dates),
        "credits": world.campaign(company, "credits", credit_allocation="10000", credit_price=str(price), **dates),
        "bundle": world.campaign(
            company, "bundle", l2i_subscription_id=subscription, bundle_allocation_percentage="1", **dates
        ),
        "iaas": world.campaign(company, "iaas", iaas_metrics={"pricePerLearner": str(price)}, **dates),
        "custom": world.campaign(company, "custom", custom_pricing_terms=custom, **dates),
    }
    for campaign in campaigns.values():
        record_hours(world, campaign, hours_from(period.start, [seats] * period.hours))
        for kind, quantity in used.items():
            world.connection.run(
                """INSERT INTO billing_usage_records
                    (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp)
                SELECT company_id, id, CAST(:kind AS text), :quantity, concat_ws('-', id, CAST(:kind AS text)), :at
                FROM campaigns WHERE id = :campaign""",
                kind=kind,
                quantity=quantity,
                at=period.start,
                campaign=campaign,
            )
        if hours:
            activity = {"kind": "volunteer_hours", "quantity": hours, "occurred_at": period.start}
            world.insert("campaign_activities", campaign_id=campaign, **activity)

    assert proposed.keys() == campaigns.keys()
    for model, campaign in campaigns.items():
        charged = summary(campaign, *(answer.body["period"][end] for end in ("start", "end"))).body["billing"]
        names = ("currency", "totalAmount", "amountDue", "coveredAmount")
        assert [proposed[model]["billing"][name] for name in names] == [charged[name] for name in names], model
        amounts = [[line["amount"] for line in lines] for lines in (proposed[model]["billing"]["lines"], charged["lines"])]
        assert amounts[0] == amounts[1], model


def test_each_bundle_on_offer_is_proposed_as_often_as_the_learners_need(world: World) -> None:
    for price, learners in (("24990.00", 500), ("6200.00", 100), ("1000.00", None)):
        world.insert(
            "l2i_bundles", sku=f"S{price}", name="Bundle", annual_price=price, currency="EUR", learners_supported=learners
        )
    world.insert("l2i_bundles", sku="other", name="Bundle", annual_price="1.00", currency="USD", learners_supported=10)

    answer = propose({"learners": "130", "months": 12})

    found = [(each["pricingModel"], each["bundles"], each["billing"]["totalAmount"]) for each in answer.body["proposals"]]
    assert found == [("bundle", 1, "1000.00"), ("bundle", 2, "12400.00"), ("bundle", 1, "24990.00")]


@pytest.mark.parametrize(
    ("usage", "pointer"),
    [
        ({"months": 0}, "/usage/months"),
        ({"months": 61}, "/usage/months"),
        ({"months": "1"}, "/usage/months"),
        ({}, "/usage/months"),
        ({"months": 1, "learners": -1}, "/usage/learners"),
        ({"months": 1, "seats": 1}, "/usage/seats"),
    ],
)
def test_a_usage_that_cannot_be_is_pointed_at(world: World, usage: dict[str, Any], pointer: str) -> None:
    answer = propose(usage)

    assert (answer.status, [error["pointer"] for error in answer.body["errors"]]) == (422, [pointer])
