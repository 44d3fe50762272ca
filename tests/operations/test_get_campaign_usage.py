"""Summaries through the handler: the worked examples to the cent, from records in the ledger (design §5, §8)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.world import Answer, World, request

HOUR = timedelta(hours=1)


def summary(campaign: str, start: str, end: str, **caller: Any) -> Answer:
    return request("get_campaign_usage", "GET", f"/v1/campaigns/{campaign}/usage", query={"start": start, "end": end}, **caller)


def use(world: World, campaign: str, event_type: str, *used: tuple[str, Any]) -> None:
    events = [{"campaignId": campaign, "eventType": event_type, "timestamp": at, "quantity": q} for at, q in used]
    for first in range(0, len(events), 1000):
        answer = request("track_usage", "POST", "/v1/usage-events", {"events": events[first : first + 1000]})
        assert answer.body["recorded"] == len(events[first : first + 1000])


def take_seats(world: World, campaign: str, first: datetime, hours: int, seats: int) -> None:
    use(world, campaign, "seat_usage", *(((first + n * HOUR).isoformat(), seats) for n in range(hours)))


def lines(answer: Answer) -> list[tuple[str, str, str]]:
    return [(line["quantity"], line["unitPrice"], line["amount"]) for line in answer.body["billing"]["lines"]]


def money(answer: Answer) -> tuple[str, str, str]:
    billing = answer.body["billing"]
    return billing["totalAmount"], billing["coveredAmount"], billing["amountDue"]


JANUARY = ("2025-01-01", "2025-02-01")


@pytest.mark.parametrize(
    ("committed", "seats", "committed_line", "additional_line", "total"),
    [
        (None, [(744, 30)], ("0.000000", "0.00"), ("30.000000", "15000.00"), "15000.00"),
        (50, [(744, 30)], ("50.000000", "25000.00"), ("0.000000", "0.00"), "25000.00"),
        (50, [(372, 60), (372, 40)], ("50.000000", "25000.00"), ("5.000000", "2500.00"), "27500.00"),
    ],
    ids=["nothing committed", "below the commitment", "half of the month above it"],
)
def test_seats_are_charged_by_the_hour_at_the_monthly_price(
    world: World, committed: int | None, seats: list[tuple[int, int]], committed_line: Any, additional_line: Any, total: str
) -> None:
    campaign = world.campaign(world.company(), committed_seats=committed)
    first = datetime(2025, 1, 1, tzinfo=UTC)
    for hours, count in seats:
        take_seats(world, campaign, first, hours, count)
        first += hours * HOUR

    answer = summary(campaign, *JANUARY)

    assert [(quantity, amount) for quantity, _, amount in lines(answer)] == [committed_line, additional_line]
    assert money(answer) == (total, "0.00", total)


def test_thirty_seats_from_mid_january_to_mid_february(world: World) -> None:
    campaign = world.campaign(world.company())
    take_seats(world, campaign, datetime(2025, 1, 15, tzinfo=UTC), 31 * 24, 30)

    answer = summary(campaign, "2025-01-15", "2025-02-15")

    assert lines(answer)[1] == ("31.451613", "500.00", "15725.81")
    assert answer.body["usage"]["seatsUsed"] == answer.body["usage"]["averageSeats"] == "30.000000"
    assert answer.body["usage"]["seatHours"] == "22320.000000"


def test_march_in_oslo_is_a_whole_month_of_743_hours(world: World) -> None:
    campaign = world.campaign(world.company(time_zone="Europe/Oslo"), committed_seats=10)
    take_seats(world, campaign, datetime(2025, 2, 28, 23, tzinfo=UTC), 743, 30)

    answer = summary(campaign, "2025-03-01", "2025-04-01")

    assert answer.body["period"] == {"start": "2025-02-28T23:00:00Z", "end": "2025-03-31T22:00:00Z"}
    assert [line[0] for line in lines(answer)] == ["10.000000", "20.000000"]
    assert answer.body["usage"]["seatHours"] == "22290.000000"


def test_an_hour_counts_its_largest_record_and_belongs_to_the_period_of_its_first_instant(world: World) -> None:
    campaign = world.campaign(world.company())
    use(
        world,
        campaign,
        "seat_usage",
        ("2025-01-31T23:00:00Z", 10),
        ("2025-01-31T23:59:59.999999Z", 40),
        ("2025-02-01T00:00:00Z", 7),
    )

    january, february = summary(campaign, *JANUARY), summary(campaign, "2025-02-01", "2025-03-01")
    cut_in_the_hour = summary(campaign, "2025-01-01T00:00:00Z", "2025-01-31T23:30:00Z")

    assert [answer.body["usage"]["seatHours"] for answer in (january, february)] == ["40.000000", "7.000000"]
    assert cut_in_the_hour.body["usage"]["seatHours"] == "40.000000"


def test_the_commitment_is_charged_within_the_date_range_and_into_the_future(world: World) -> None:
    company = world.company(time_zone="Europe/Oslo")
    dates = {"start_date": "2099-03-30", "end_date": "2099-03-30"}
    campaign = world.campaign(company, committed_seats=743, **dates)

    answer = summary(campaign, "2099-03-01", "2099-04-01")

    assert lines(answer)[0] == ("24.000000", "500.00", "12000.00")


@pytest.mark.parametrize("status", ["draft", "planned"])
def test_a_campaign_that_is_only_planned_is_charged_no_commitment(world: World, status: str) -> None:
    campaign = world.campaign(world.company(), committed_seats=50, status=status)

    assert money(summary(campaign, *JANUARY)) == ("0.00", "0.00", "0.00")


def test_credits_within_the_allocation_are_covered_and_those_beyond_are_due(world: World) -> None:
    campaign = world.campaign(world.company(), "credits")
    use(world, campaign, "credit_usage", ("2025-01-10T00:00:00Z", 9000), ("2025-01-20T00:00:00Z", 3000))
    use(world, campaign, "credit_usage", ("2025-02-01T00:00:00Z", "0.5"))

    january, february = summary(campaign, *JANUARY), summary(campaign, "2025-02-01", "2025-03-01")

    assert money(january) == ("6000.00", "5000.00", "1000.00")
    assert [line["coveredBy"] for line in january.body["billing"]["lines"]] == ["prepaid_credits", "none"]
    assert january.body["usage"]["creditsConsumed"] == "12000.000000"
    assert lines(february) == [("0.000000", "0.50", "0.00"), ("0.500000", "0.50", "0.25")]


def test_a_bundle_is_covered_by_its_subscription(world: World) -> None:
    company = world.company()
    link = {"l2i_subscription_id": world.subscription(company), "bundle_allocation_percentage": "0.25"}
    campaign = world.campaign(company, "bundle", currency=None, **link)

    answer = summary(campaign, *JANUARY)

    assert money(answer) == ("1061.64", "1061.64", "0.00")
    assert answer.body["billing"]["currency"] == "EUR"
    assert answer.body["l2iAllocation"] == {
        "subscriptionId": link["l2i_subscription_id"],
        "allocationPercentage": "0.2500",
        "allocatedAmount": "12500.00",
    }


def test_an_unlinked_bundle_campaign_has_no_line(world: World) -> None:
    answer = summary(world.campaign(world.company(), "bundle"), *JANUARY)

    assert (lines(answer), answer.body["l2iAllocation"]) == ([], None)
    assert money(answer) == ("0.00", "0.00", "0.00")


def test_an_iaas_campaign_is_charged_by_the_learner_and_reports_its_outcomes(world: World) -> None:
    outcomes = [{"name": "passed", "threshold": 0.8, "measured": 0.8}, {"name": "employed", "threshold": "0.5"}]
    metrics = {"pricePerLearner": 12.5, "learnersCommitted": 200, "outcomeThresholds": outcomes}
    campaign = world.campaign(world.company(), "iaas", iaas_metrics=metrics)
    use(world, campaign, "learner_served", ("2024-12-31T23:59:59Z", 5), ("2025-01-01T00:00:00Z", 120))

    answer = summary(campaign, *JANUARY)

    assert lines(answer) == [("120.000000", "12.50", "1500.00")]
    assert answer.body["iaas"]["learnersDelivered"] == "125.000000"
    assert [outcome["met"] for outcome in answer.body["iaas"]["outcomes"]] == [True, None]


def test_a_cap_bounds_the_quantity_over_the_campaigns_whole_life(world: World) -> None:
    component = {"name": "Learners", "unit": "learner", "rate": "500.00", "cap": 100}
    campaign = world.campaign(world.company(), "custom", custom_pricing_terms={"variableComponents": [component]})
    use(world, campaign, "learner_served", ("2025-01-15T00:00:00Z", 80), ("2025-02-15T00:00:00Z", 40))

    months = [summary(campaign, f"2025-0{n}-01", f"2025-0{n + 1}-01") for n in (1, 2, 3)]

    assert [money(month)[2] for month in months] == ["40000.00", "10000.00", "0.00"]


def test_custom_units_count_sessions_hours_credits_and_seat_months(world: World) -> None:
    units = ["session", "hour", "credit", "seat_month"]
    components = [{"name": unit, "unit": unit, "rate": 1, "cap": 1_000_000} for unit in units]
    campaign = world.campaign(world.company(), "custom", custom_pricing_terms={"variableComponents": components})
    use(world, campaign, "session_completed", ("2025-01-02T00:00:00Z", 3))
    use(world, campaign, "credit_usage", ("2025-01-02T00:00:00Z", 5))
    take_seats(world, campaign, datetime(2024, 12, 1, tzinfo=UTC), 744 * 2, 2)
    for kind, at, hours in (
        ("volunteer_hours", "2025-01-31T23:59:59Z", 7),
        ("volunteer_hours", "2025-02-01T00:00:00Z", 9),
        ("session", "2025-01-31T00:00:00Z", 11),
    ):
        world.insert("campaign_activities", campaign_id=campaign, kind=kind, quantity=hours, occurred_at=at)

    answer = summary(campaign, *JANUARY)

    assert [line[0] for line in lines(answer)] == ["3.000000", "7.000000", "5.000000", "2.000000"]


def test_a_capped_seat_month_counts_the_months_before_the_period(world: World) -> None:
    component = {"name": "Seats", "unit": "seat_month", "rate": 10, "cap": "3"}
    campaign = world.campaign(world.company(), "custom", custom_pricing_terms={"variableComponents": [component]})
    take_seats(world, campaign, datetime(2024, 12, 1, tzinfo=UTC), 744 * 2, 2)

    december, january = summary(campaign, "2024-12-01", "2025-01-01"), summary(campaign, *JANUARY)

    assert [lines(answer)[0][0] for answer in (december, january)] == ["2.000000", "1.000000"]


def test_a_currency_without_minor_units_has_none(world: World) -> None:
    campaign = world.campaign(world.company(), committed_seats="0.5", seat_price_per_month="101", currency="JPY")

    assert money(summary(campaign, *JANUARY)) == ("50", "0", "50")


@pytest.mark.parametrize(
    ("start", "end", "pointer"),
    [
        ("2025-01-01T00:00:00", "2025-02-01", "/start"),
        ("2025-02-01", "2025-02-01", "/start"),
        ("2025-02-02", "2025-02-01", "/start"),
        ("2025-01-01", "2030-01-02", "/end"),
        ("0001-01-01", "2025-01-01", "/start"),
        ("2025-01-01", "9999-12-31", "/end"),
        ("9999-12-31T23:59:59-23:59", "2025-01-01", "/start"),
        ("2025-02-30", "2025-03-01", "/start"),
        ("", "2025-03-01", "/start"),
    ],
)
def test_a_period_that_cannot_be_used_is_refused(world: World, start: str, end: str, pointer: str) -> None:
    answer = summary(world.campaign(world.company()), start, end)

    assert (answer.status, [error["pointer"] for error in answer.body["errors"]]) == (422, [pointer])


def test_five_years_are_not_too_long_wherever_the_clock_stands(world: World) -> None:
    campaign = world.campaign(world.company(time_zone="Europe/Oslo"))

    statuses = [summary(campaign, f"{year}-10-30", f"{year + 5}-10-30").status for year in (2020, 2021, 2022)]

    assert statuses == [200, 200, 200]


def test_an_unknown_campaign_and_another_companys_are_not_found(world: World) -> None:
    campaign = world.campaign(world.company())

    answers = [summary("nowhere", *JANUARY), summary(campaign, *JANUARY, company=world.company())]

    assert [(answer.status, answer.body["title"]) for answer in answers] == [(404, "Not found")] * 2


def test_the_answer_has_the_shape_of_the_contract(world: World) -> None:
    company = world.company()
    campaign = world.campaign(company, name="Reading together")

    body = summary(campaign, *JANUARY, company=company).body

    assert (body["campaignId"], body["campaignName"], body["companyId"]) == (campaign, "Reading together", company)
    assert body["pricingModel"] == "seats"
    assert set(body["usage"]) == {
        "seatsUsed",
        "seatHours",
        "averageSeats",
        "creditsConsumed",
        "learnersServed",
        "sessionsCompleted",
    }
    assert {"unitPrice", "quantity", "currency", "lines", "totalAmount", "coveredAmount", "amountDue"} == set(body["billing"])
    assert all(isinstance(Decimal(value), Decimal) for value in body["usage"].values())
