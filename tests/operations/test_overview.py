"""Capacity, overview, series and companies through their handlers, on the demo's March 2025 (design §15)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.periods import DAY, months_later
from tests.callers import usage_event
from tests.operations.test_get_campaign_usage import use
from tests.signals.march import load
from tests.terms.test_history import set_terms
from tests.world import Answer, World, request

HOUR = timedelta(hours=1)


def overview(owner: str, month: str = "2025-03", **caller: Any) -> Answer:
    return request("get_company_overview", "GET", f"/v1/companies/{owner}/overview", query={"month": month}, **caller)


def capacity(campaign: str, **caller: Any) -> Answer:
    return request("get_capacity", "GET", f"/v1/campaigns/{campaign}/capacity", **caller)


def series(campaign: str, start: str, end: str, interval: str, **caller: Any) -> Answer:
    query = {"start": start, "end": end, "interval": interval}
    return request("get_usage_series", "GET", f"/v1/campaigns/{campaign}/usage-series", query=query, **caller)


@pytest.fixture
def march(world: World) -> Iterator[World]:
    load(world)
    yield world


def by_id(answer: Answer) -> dict[str, Any]:
    return {each["campaignId"]: each for each in answer.body["campaigns"]}


def test_the_overview_of_march_has_the_figures_of_the_design(march: World) -> None:
    answer = overview("demo-fjellbris", company="demo-fjellbris")

    assert answer.status == 200
    fjord, mentoring = by_id(answer)["demo-fjord-clean-up"], by_id(answer)["demo-first-job-mentoring"]
    assert (fjord["charges"]["totalAmount"], fjord["capacity"]["load"], fjord["capacity"]["commitmentUsed"]) == (
        "1561.06",
        "1.0763",
        "0.9612",
    )
    assert (mentoring["charges"]["totalAmount"], mentoring["capacity"]["load"], mentoring["capacity"]["commitmentUsed"]) == (
        "1082.48",
        "0.8448",
        "0.8257",
    )
    assert (fjord["capacity"]["state"], mentoring["capacity"]["state"]) == ("over", "near")
    assert answer.body["charges"] == [
        {"currency": "EUR", "totalAmount": "4763.13", "coveredAmount": "2119.59", "amountDue": "2643.54"}
    ]
    assert answer.body["invoice"] == {"state": "open"}


def test_the_overview_says_what_the_statements_say(march: World) -> None:
    for company in ("demo-fjellbris", "demo-savanna", "demo-altaluz"):
        for campaign_id, seen in by_id(overview(company)).items():
            query = {"start": "2025-03-01", "end": "2025-04-01"}
            statement = request("get_campaign_usage", "GET", f"/v1/campaigns/{campaign_id}/usage", query=query).body

            assert seen["charges"] == {name: statement["billing"][name] for name in seen["charges"]}
            assert (seen["currency"], seen["pricingModel"]) == (statement["billing"]["currency"], statement["pricingModel"])


def test_currencies_are_summed_apart(world: World) -> None:
    company = world.company()
    for currency, price in (("EUR", "10.00"), ("JPY", "1000"), ("KWD", "1.250"), ("EUR", "0.05")):
        campaign = world.campaign(company, "iaas", currency=currency, iaas_metrics={"pricePerLearner": price})
        use(world, campaign, "learner_served", ("2025-03-05T00:00:00Z", 3))

    sums = {each["currency"]: each["totalAmount"] for each in overview(company).body["charges"]}

    assert sums == {"EUR": "30.15", "JPY": "3000", "KWD": "3.750"}


def test_a_closed_month_says_so(world: World) -> None:
    company = world.company()
    world.connection.run("INSERT INTO billing_months (company_id, month) VALUES (:company, '2025-03-01')", company=company)

    assert overview(company).body["invoice"] == {"state": "closed"}
    assert overview(company, "2025-04").body["invoice"] == {"state": "open"}


def test_a_month_ahead_is_charged_its_commitment_and_has_no_capacity_yet(world: World) -> None:
    company = world.company()
    world.campaign(company, committed_seats=10)

    answer = overview(company, f"{datetime.now(UTC).year + 1}-03")

    (campaign,) = answer.body["campaigns"]
    assert (campaign["charges"]["amountDue"], campaign["capacity"]) == ("5000.00", None)


def test_the_month_of_now_is_charged_whole_and_measured_so_far(world: World) -> None:
    company, now = world.company(), datetime.now(UTC)
    campaign = world.campaign(company, committed_seats=10)
    use(world, campaign, "seat_usage", ((now - timedelta(minutes=1)).isoformat(), 25))

    (seen,) = overview(company, f"{now:%Y-%m}").body["campaigns"]
    alone = capacity(campaign).body

    assert Decimal(seen["charges"]["totalAmount"]) >= 5000
    hours = Decimal(seen["capacity"]["inputs"]["hours"])
    assert hours == (now - datetime(now.year, now.month, 1, tzinfo=UTC)) // HOUR + 1
    assert seen["capacity"]["committed"] == alone["committed"] == "10.000000"
    assert seen["capacity"]["inputs"] == alone["inputs"]


@pytest.mark.parametrize("model", ["seats", "credits", "bundle", "iaas", "custom"])
def test_the_months_of_now_and_ahead_are_charged_as_their_statements_say(world: World, model: str) -> None:
    """Usage may be dated a day ahead, and prices and components change then, too."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    company = world.company(time_zone="Pacific/Auckland")
    components = [
        {"name": unit, "unit": unit, "rate": "3.10", "cap": 20}
        for unit in ("session", "learner", "credit", "seat_month", "hour")
    ]
    terms: dict[str, dict[str, Any]] = {
        "seats": {"committed_seats": 10},
        "bundle": {"l2i_subscription_id": subscribed(world, company, now), "bundle_allocation_percentage": "0.2500"},
        "custom": {"custom_pricing_terms": {"fixedFee": "70", "fixedFeeInterval": "month", "variableComponents": components}},
    }
    changes: dict[str, dict[str, Any]] = {
        "seats": {"committedSeats": 13, "seatPricePerMonth": "499.99"},
        "credits": {"creditPrice": "7.77"},
        "bundle": {"status": "paused"},
        "iaas": {"iaasMetrics": {"pricePerLearner": "11.11"}},
        "custom": {"customPricingTerms": {"variableComponents": [component | {"rate": "5"} for component in components]}},
    }
    used, quiet, changed = (world.campaign(company, model, **terms.get(model, {})) for _ in range(3))
    instants = [now - DAY, now - HOUR, now + HOUR, now + 12 * HOUR]
    for campaign, some in ((used, instants), (quiet, instants[:2]), (changed, instants)):
        for kind in ("seat_usage", "credit_usage", "learner_served", "session_completed"):
            use(world, campaign, kind, *((instant.isoformat(), n + 15) for n, instant in enumerate(some)))
        world.insert(
            "campaign_activities", campaign_id=campaign, kind="volunteer_hours", quantity=7, occurred_at=now + 13 * HOUR
        )
    assert set_terms(changed, changes[model], (now + 6 * HOUR).isoformat()).status == 200

    for month in {f"{instant:%Y-%m}" for instant in (now - DAY, now + DAY, now + 40 * DAY)}:
        seen = by_id(overview(company, month))
        assert len(seen) == 3
        for campaign, each in seen.items():
            start = f"{month}-01"
            end = f"{months_later(datetime.fromisoformat(start).date(), 1)}"
            query = {"start": start, "end": end}
            billing = request("get_campaign_usage", "GET", f"/v1/campaigns/{campaign}/usage", query=query).body["billing"]
            assert each["charges"] == {name: billing[name] for name in each["charges"]}, (month, campaign)
            assert each["currency"] == billing["currency"]


def test_a_bundle_is_measured_by_what_was_used_before_it_was_one(world: World) -> None:
    """An update by the platform holds from the hour in which it is made."""
    company, now = world.company(), datetime.now(UTC)
    campaign = world.campaign(company, "credits")
    month = datetime(now.year, now.month, 1, tzinfo=UTC)
    before, after = month.isoformat(), (month + (now - month) * 0.999999).isoformat()
    use(world, campaign, "learner_served", (before, 30), (after, 12))
    link = {"id": campaign, "subscription": subscribed(world, company, now)}
    world.connection.run(
        """UPDATE campaigns
        SET pricing_model = 'bundle', l2i_subscription_id = :subscription, bundle_allocation_percentage = 0.5
        WHERE id = :id""",
        **link,
    )

    alone = capacity(campaign).body

    assert (alone["unit"], alone["inputs"]["learnersServed"]) == ("share", "42.000000")
    assert by_id(overview(company, f"{now:%Y-%m}"))[campaign]["capacity"]["inputs"] == alone["inputs"]


def subscribed(world: World, company: str, now: datetime) -> str:
    period = {"current_period_start": str(now - 100 * DAY), "current_period_end": str(now + 20 * DAY)}
    return world.subscription(company, **period)


def test_a_company_without_campaigns_has_an_empty_overview(world: World) -> None:
    answer = overview(world.company())

    assert (answer.body["campaigns"], answer.body["charges"]) == ([], [])


def test_another_companys_signals_are_not_found(world: World) -> None:
    company, other = world.company(), world.company()
    campaign = world.campaign(other)

    assert overview(other, company=company).status == 404
    assert capacity(campaign, company=company).status == 404
    assert series(campaign, "2025-03-01", "2025-03-02", "day", company=company).status == 404


@pytest.mark.parametrize("month", ["2025-13", "2025-3", "1969-12", "2200-01", "", "March"])
def test_a_month_that_is_none_is_refused(world: World, month: str) -> None:
    answer = overview(world.company(), month)

    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, "/month")


def test_credits_show_each_grant_and_when_they_run_out(world: World) -> None:
    company, now = world.company(), datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    campaign = world.campaign(
        company, "credits", credit_allocation="200", credit_price="6.50", start_date=(now - timedelta(days=28)).date()
    )
    use(world, campaign, "credit_usage", *(((now - n * 24 * HOUR + HOUR).isoformat(), "5") for n in range(1, 29)))
    body = {"credits": "3.5", "id": "gift", "priority": 50, "amount": "0"}
    request("top_up_credits", "POST", f"/v1/campaigns/{campaign}/credits", body)

    answer = capacity(campaign).body

    assert (answer["unit"], answer["committed"], answer["used"], answer["available"]) == (
        "credit",
        "203.500000",
        "140.000000",
        "63.500000",
    )
    assert [(grant["source"], grant["remaining"]) for grant in answer["grants"]] == [
        ("promotion", "3.500000"),
        ("allocation", "60.000000"),
    ]
    ahead = answer["forecast"]
    assert (ahead["left"], ahead["used"], ahead["days"], ahead["burnPerDay"]) == ("63.500000", "140.000000", 28, "5.000000")
    runs_out = datetime.fromisoformat(ahead["runsOutAt"]) - datetime.fromisoformat(ahead["at"])
    assert round(runs_out / timedelta(days=1), 4) == 12.7
    assert ahead["earliest"] == ahead["latest"] == ahead["runsOutAt"]


def test_a_young_campaign_has_no_forecast(world: World) -> None:
    today = datetime.now(UTC).date()
    campaigns = [world.campaign(world.company(), "credits", start_date=today - timedelta(days=days)) for days in (6, 7)] + [
        world.campaign(world.company(), "credits")
    ]

    assert [capacity(campaign).body["forecast"] is None for campaign in campaigns] == [True, False, True]


def test_the_series_of_a_day_is_one_point_for_each_hour_that_passes_there(march: World) -> None:
    answer = series("demo-fjord-clean-up", "2025-03-30", "2025-03-31", "hour")

    points = answer.body["points"]
    assert (len(points), points[0]["start"], points[-1]["end"]) == (23, "2025-03-29T23:00:00Z", "2025-03-30T22:00:00Z")
    (day,) = series("demo-fjord-clean-up", "2025-03-30", "2025-03-31", "day").body["points"]
    peaks = [Decimal(point["seatsPeak"]) for point in points]
    assert Decimal(day["seatsPeak"]) == max(peaks)
    assert abs(Decimal(day["seatsAverage"]) - sum(peaks, Decimal(0)) / 23) <= Decimal("0.000001")


def test_the_series_of_a_month_adds_up_to_its_summary(march: World) -> None:
    days = series("demo-reading-buddies", "2025-03-01", "2025-04-01", "day").body["points"]
    (month,) = series("demo-reading-buddies", "2025-03-01", "2025-04-01", "month").body["points"]

    assert len(days) == 31
    assert sum(Decimal(day["learners"]) for day in days) == Decimal(month["learners"]) == 65


def test_a_corrected_record_counts_as_it_was_corrected(world: World) -> None:
    campaign = world.campaign(world.company(), "iaas")
    event = usage_event(campaign, eventType="learner_served", quantity="9")
    record = request("track_usage", "POST", "/v1/usage-events", {"events": [event]}).body["results"][0]["usageRecordId"]
    correction = {"usageRecordId": record, "id": "mend", "reason": "typing error", "quantity": "2"}
    request("correct_usage", "POST", "/v1/usage-corrections", {"corrections": [correction]})

    (month,) = series(campaign, "2025-01-01", "2025-02-01", "month").body["points"]

    assert month["learners"] == "2.000000"


def test_a_series_of_more_than_2000_points_is_refused(world: World) -> None:
    campaign = world.campaign(world.company())

    answer = series(campaign, "2025-01-01", "2025-12-31", "hour")

    assert (answer.status, [error["pointer"] for error in answer.body["errors"]]) == (422, ["/interval"])
    assert series(campaign, "2025-01-01", "2025-12-31", "week").status == 422


def test_the_platform_sees_all_companies_page_by_page(world: World) -> None:
    names = sorted(world.company(id=f"company-{n}") for n in range(5))

    found: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        answer = request("list_companies", "GET", "/v1/companies", query=query)
        found += [each["companyId"] for each in answer.body["companies"]]
        cursor = answer.body["nextCursor"]
        if cursor is None:
            break

    assert found == names


def test_a_company_may_not_list_companies(world: World) -> None:
    assert request("list_companies", "GET", "/v1/companies", company=world.company()).status == 403


@pytest.mark.parametrize("cursor", ["demo", "%%%", "Kg=", "AAA"])
def test_a_cursor_that_no_page_gave_is_refused(world: World, cursor: str) -> None:
    answer = request("list_companies", "GET", "/v1/companies", query={"cursor": cursor})

    assert (answer.status, [error["pointer"] for error in answer.body["errors"]]) == (422, ["/cursor"])


@pytest.mark.parametrize("month", ["0000-01", "1999-12", "2200-01", "2025-13", "2025-3", ""])
def test_a_month_that_there_is_not_is_rejected(world: World, month: str) -> None:
    answer = overview(world.company(), month)

    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, "/month")


@pytest.mark.parametrize(
    ("name", "status"), [("x" * 60_000, 200), ("x" * 63_000, 413), ("å" * 30_000, 200), ("å" * 31_500, 413)]
)
def test_an_overview_that_a_function_cannot_return_is_refused(world: World, name: str, status: int) -> None:
    owner = world.company()
    for _ in range(100):
        world.campaign(owner, "iaas", name=name)

    answer = overview(owner)

    assert answer.status == status
    if status == 413:
        assert answer.body["detail"] == "The response would be over the 6 MB that a function returns. Ask for less at a time."
