"""The history of terms, whoever writes campaigns and subscriptions (design §10)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pg8000.native import DatabaseError

from billing.periods import midnight
from local.aws_events import scheduled_event
from tests.callers import track, usage_event
from tests.world import Answer, World, invoke, request


def set_terms(campaign: str, terms: dict[str, Any], since: str, name: str = "change-1", **values: Any) -> Answer:
    query = values.pop("query", None)
    body = {"id": name, "effectiveFrom": since, "terms": terms, "reason": "Agreed in March."} | values
    return request("set_terms", "PUT", f"/v1/campaigns/{campaign}/terms", body, query=query)


def get_terms(campaign: str, **query: str) -> Any:
    return request("get_terms", "GET", f"/v1/campaigns/{campaign}/terms", query=query).body


def summary(campaign: str, start: str, end: str) -> Any:
    return request("get_campaign_usage", "GET", f"/v1/campaigns/{campaign}/usage", query={"start": start, "end": end}).body[
        "billing"
    ]


def changes(world: World, campaign: str) -> list[dict[str, Any]]:
    return world.rows(
        "SELECT effective_from, terms, dates, source, recorded_by FROM campaign_terms WHERE campaign_id = :id ORDER BY id",
        id=campaign,
    )


def row(world: World, campaign: str) -> dict[str, Any]:
    return world.rows("SELECT * FROM campaigns WHERE id = :id", id=campaign)[0]


def this_hour() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def test_the_platforms_insert_is_a_change_from_the_beginning_of_time_and_its_update_one_from_the_current_hour(
    world: World,
) -> None:
    campaign = world.campaign(world.company(), committed_seats=10)

    world.rows("UPDATE campaigns SET committed_seats = 12, seat_price_per_month = 480 WHERE id = :id", id=campaign)

    first, second = changes(world, campaign)
    assert str(first["effective_from"]) == "-infinity"
    assert (second["effective_from"], second["terms"]) == (
        this_hour(),
        {"committed_seats": 12, "seat_price_per_month": 480},
    )
    assert summary(campaign, "2025-01-01", "2025-02-01")["totalAmount"] == "5000.00"


def test_of_two_changes_the_row_holds_the_one_that_holds_from_later_whichever_was_recorded_first(world: World) -> None:
    campaign = world.campaign(world.company(), committed_seats=10)

    assert set_terms(campaign, {"committedSeats": 20}, "2025-03-01", "first").status == 200
    assert set_terms(campaign, {"committedSeats": 15}, "2025-02-01", "second").status == 200

    assert row(world, campaign)["committed_seats"] == 20


def test_a_row_that_is_written_back_as_it_was_is_no_change(world: World) -> None:
    campaign = world.campaign(world.company(), committed_seats=10)
    values = row(world, campaign)

    world.rows(
        "UPDATE campaigns SET status = :status, committed_seats = :seats, seat_price_per_month = '500.000', "
        "name = 'Other' WHERE id = :id",
        status=values["status"],
        seats=values["committed_seats"],
        id=campaign,
    )

    assert len(changes(world, campaign)) == 1
    assert row(world, campaign)["updated_at"] == values["updated_at"]


def test_a_row_that_was_read_before_a_change_of_terms_cannot_be_written_back(world: World) -> None:
    campaign = world.campaign(world.company(), committed_seats=10)
    read = row(world, campaign)
    assert set_terms(campaign, {"seatPricePerMonth": "450"}, this_hour().isoformat()).status == 200

    with pytest.raises(DatabaseError, match="was changed at"):
        world.rows(
            "UPDATE campaigns SET name = 'Other', seat_price_per_month = :price, updated_at = :updated_at WHERE id = :id",
            price=read["seat_price_per_month"],
            updated_at=read["updated_at"],
            id=campaign,
        )

    assert row(world, campaign)["seat_price_per_month"] == 450
    assert row(world, campaign)["updated_at"] > read["updated_at"]


def test_dates_hold_from_the_beginning_of_time(world: World) -> None:
    campaign = world.campaign(world.company(), committed_seats=31, start_date="2025-01-01", end_date="2025-12-31")

    world.rows("UPDATE campaigns SET start_date = '2025-01-16' WHERE id = :id", id=campaign)

    assert [change["dates"] for change in changes(world, campaign)][1:] == [{"start_date": "2025-01-16"}]
    assert summary(campaign, "2025-01-01", "2025-02-01")["totalAmount"] == "8000.00"


def test_the_example_of_a_price_that_changes_in_the_middle_of_march(world: World) -> None:
    campaign = world.campaign(world.company(time_zone="Europe/Oslo"), committed_seats=40, seat_price_per_month=35)

    answer = set_terms(campaign, {"committedSeats": 55, "seatPricePerMonth": "33.50"}, "2025-03-15")

    march = next(month for month in answer.body["months"] if month["month"] == "2025-03")
    assert (march["before"], march["after"], march["difference"]) == ("1400.00", "1642.39", "242.39")
    lines = [line for line in summary(campaign, "2025-03-01", "2025-04-01")["lines"] if Decimal(line["amount"])]
    assert [(line["quantity"], line["unitPrice"], line["amount"]) for line in lines] == [
        ("18.088829", "35.00", "633.11"),
        ("30.127860", "33.50", "1009.28"),
    ]
    set_terms(campaign, {"seatPricePerMonth": "99"}, "2025-05-01", "change-2")
    assert summary(campaign, "2025-03-01", "2025-04-01")["totalAmount"] == "1642.39"


def test_a_dry_run_returns_the_same_and_changes_nothing(world: World) -> None:
    campaign = world.campaign(world.company(), committed_seats=10)

    tried = set_terms(campaign, {"seatPricePerMonth": "400"}, "2025-03-01", query={"dryRun": "true"})
    nothing = (
        len(changes(world, campaign)),
        row(world, campaign)["seat_price_per_month"],
        world.value("SELECT count(*) FROM billing_events"),
    )
    done = set_terms(campaign, {"seatPricePerMonth": "400"}, "2025-03-01")

    assert nothing == (1, 500, 0)
    assert tried.body == done.body | {"dryRun": True}
    assert (done.body["before"]["seatPricePerMonth"], done.body["after"]["seatPricePerMonth"]) == ("500.00", "400")


def test_the_same_id_is_the_same_change_and_another_payload_under_it_a_conflict(world: World) -> None:
    campaign = world.campaign(world.company(), "bundle", currency="EUR", seat_price_per_month=5)
    terms = {"pricingModel": "seats", "seatPricePerMonth": "400"}
    set_terms(campaign, terms, "2025-03-01")

    again = set_terms(campaign, terms | {"seatPricePerMonth": "4e2"}, "2025-03-01T00:00:00Z")
    other = [
        set_terms(campaign, terms | {"seatPricePerMonth": "401"}, "2025-03-01"),
        set_terms(campaign, terms, "2025-03-02"),
        set_terms(campaign, terms, "2025-03-01", reason="Another."),
    ]

    assert (again.status, len(changes(world, campaign))) == (200, 2)
    assert [(answer.status, answer.body["errors"][0]["pointer"]) for answer in other] == [(409, "/id")] * 3


@pytest.mark.parametrize(
    ("terms", "since", "pointer"),
    [
        ({"seatPricePerMonth": None}, "2025-03-01", "/terms/seatPricePerMonth"),
        ({"seatPricePerMonth": "-1"}, "2025-03-01", "/terms/seatPricePerMonth"),
        ({"seatPricePerMonth": "NaN"}, "2025-03-01", "/terms/seatPricePerMonth"),
        ({"seatPrice": "1"}, "2025-03-01", "/terms/seatPrice"),
        ({"l2iSubscriptionId": "x"}, "2025-03-01", "/terms/l2iSubscriptionId"),
        ({"pricingModel": "iaas"}, "2025-03-01", "/terms/iaasMetrics"),
        ({"pricingModel": "custom"}, "2025-03-01", "/terms/customPricingTerms"),
        ({"pricingModel": "credits"}, "2025-03-01", "/terms/creditAllocation"),
        ({"status": "gone"}, "2025-03-01", "/terms/status"),
        ({"isActive": None}, "2025-03-01", "/terms/isActive"),
        ({"seatPricePerMonth": "1"}, "2025-03-01T00:30:00Z", "/effectiveFrom"),
        ({"seatPricePerMonth": "1"}, "2025-03-01T00:00:00", "/effectiveFrom"),
        ({"seatPricePerMonth": "1"}, "1999-12-31", "/effectiveFrom"),
        ({"seatPricePerMonth": "1"}, "2200-01-01", "/effectiveFrom"),
        ({"endDate": "2024-01-01"}, "2025-03-01", "/terms"),
    ],
    ids=str,
)
def test_terms_that_nothing_can_be_charged_by_are_refused_with_a_pointer(
    world: World, terms: dict[str, Any], since: str, pointer: str
) -> None:
    campaign = world.campaign(world.company(), start_date="2025-01-01")

    answer = set_terms(campaign, terms, since)

    assert answer.status == 422
    assert answer.body["errors"][0]["pointer"].startswith(pointer)
    assert len(changes(world, campaign)) == 1


def test_a_change_is_refused_where_a_later_one_would_leave_the_terms_incomplete(world: World) -> None:
    campaign = world.campaign(world.company(), iaas_metrics={"pricePerLearner": "5"})
    set_terms(campaign, {"pricingModel": "iaas"}, "2030-01-01")

    refused = set_terms(campaign, {"iaasMetrics": None}, "2029-01-01", "change-2")

    assert (refused.status, refused.body["errors"][0]["pointer"]) == (422, "/terms/iaasMetrics")
    with pytest.raises(DatabaseError, match="cannot be charged by"):
        world.rows("UPDATE campaigns SET iaas_metrics = NULL WHERE id = :id", id=campaign)


def test_invoiced_months_change_only_by_a_change_that_says_so(world: World) -> None:
    company = world.company()
    campaign = world.campaign(company)
    world.rows("INSERT INTO billing_months (company_id, month) VALUES (:id, '2025-03-01')", id=company)

    refused = set_terms(campaign, {"seatPricePerMonth": "1"}, "2025-03-31")
    said = set_terms(campaign, {"seatPricePerMonth": "1"}, "2025-03-31", retroactive=True)
    after = set_terms(campaign, {"seatPricePerMonth": "2"}, "2025-04-01", "change-2")

    assert (refused.status, "2025-03" in refused.body["detail"]) == (409, True)
    assert (said.status, after.status) == (200, 200)
    assert [month["invoiced"] for month in said.body["months"]][:2] == [True, False]


def test_a_scheduled_change_waits_comes_into_force_by_the_seat_job_and_makes_no_second_change(world: World) -> None:
    company = world.company()
    campaign, other = world.campaign(company), world.campaign(company)
    hour = this_hour()
    world.rows("SET session_replication_role = replica")
    world.rows(
        "INSERT INTO campaign_terms (company_id, campaign_id, effective_from, terms, source, recorded_by, created_at) "
        "SELECT :company, id, :hour, '{\"seat_price_per_month\": 7}', 'set_terms', 'x', :before FROM campaigns",
        company=company,
        hour=hour,
        before=hour - timedelta(days=1),
    )
    world.rows("SET session_replication_role = origin")
    before = row(world, campaign)["seat_price_per_month"]

    invoke("track_seat_usage", scheduled_event(hour))
    invoke("track_seat_usage", scheduled_event(hour))

    assert (before, row(world, campaign)["seat_price_per_month"], row(world, other)["seat_price_per_month"]) == (500, 7, 7)
    assert len(changes(world, campaign)) == 2


def test_a_scheduled_change_is_taken_back_by_another_from_the_same_instant(world: World) -> None:
    campaign = world.campaign(world.company())
    set_terms(campaign, {"seatPricePerMonth": "7"}, "2040-01-01")
    set_terms(campaign, {"seatPricePerMonth": "500"}, "2040-01-01", "change-2")

    later = get_terms(campaign, at="2041-01-01T00:00:00Z")

    assert Decimal(later["terms"]["seatPricePerMonth"]) == 500
    assert [change["id"] for change in later["changes"]] == [None, "change-1", "change-2"]
    assert row(world, campaign)["seat_price_per_month"] == 500


def test_terms_are_told_at_any_instant(world: World) -> None:
    campaign = world.campaign(world.company())
    set_terms(campaign, {"seatPricePerMonth": "7"}, "2025-03-01")

    prices = [
        get_terms(campaign, at=at)["terms"]["seatPricePerMonth"]
        for at in ("2001-01-01T00:00:00Z", "2025-02-28T23:59:59.999999Z", "2025-03-01T00:00:00Z")
    ]

    assert prices == ["500.00", "500.00", "7"]


def test_midnight_of_a_half_hour_zone_is_an_instant_of_change(world: World) -> None:
    campaign = world.campaign(world.company(time_zone="Asia/Kolkata"))

    answers = [
        set_terms(campaign, {"seatPricePerMonth": "7"}, since, since)
        for since in ("2025-03-01", "2025-03-02T00:00:00+05:30", "2025-03-02T00:00:00Z", "2025-03-02T01:00:00+05:30")
    ]

    assert [answer.status for answer in answers] == [200, 200, 200, 422]
    assert answers[0].body["effectiveFrom"] == "2025-02-28T18:30:00Z"


def test_midnight_is_the_same_in_sql_and_in_python_around_every_clock_change_of_every_zone(world: World) -> None:
    days, names = [], []
    for row in world.rows("SELECT name FROM time_zones ORDER BY name"):
        for day in clock_changes(ZoneInfo(row["name"])):
            days += [day + timedelta(days=n) for n in (-1, 0, 1)]
            names += [row["name"]] * 3

    found = world.rows(
        "SELECT midnight(day, zone) AS instant, (day - 1 + time '12:00') AT TIME ZONE zone AS noon_before, "
        "(day + time '12:00') AT TIME ZONE zone AS noon "
        "FROM unnest(:days::date[], :zones::text[]) WITH ORDINALITY AS t (day, zone, n) ORDER BY n",
        days=[day.isoformat() for day in days],
        zones=names,
    )

    # Where the two tz databases are of different releases, they may know other rules for the years to come.
    agreed = [
        (name, day, row["instant"])
        for name, day, row in zip(names, days, found, strict=True)
        if (row["noon_before"], row["noon"]) == (noon(day - timedelta(days=1), name), noon(day, name))
    ]
    assert [each for each in agreed if each[2] != midnight(each[1], ZoneInfo(each[0]))] == []
    assert len(agreed) > 10_000


def noon(day: date, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def clock_changes(zone: ZoneInfo) -> list[date]:
    """The days from 2000 to 2035 at whose start or end the clock differs from the day before; what is undone within a week is
    left out."""
    changed: list[date] = []
    for week in range((date(2036, 1, 1) - date(2000, 1, 1)).days // 7):
        days = [date(2000, 1, 1) + timedelta(days=7 * week + n) for n in range(8)]
        if offset(days[0], zone) != offset(days[-1], zone):
            changed += [day for before, day in pairwise(days) if offset(before, zone) != offset(day, zone)]
    return changed


def offset(day: date, zone: ZoneInfo) -> timedelta | None:
    return datetime(day.year, day.month, day.day, 12, tzinfo=zone).utcoffset()


def test_a_change_of_model_ends_the_link_and_each_part_is_charged_by_its_model(world: World) -> None:
    company = world.company()
    subscription = world.subscription(company)
    campaign = world.campaign(
        company,
        "bundle",
        currency="EUR",
        seat_price_per_month=10,
        committed_seats=31,
        l2i_subscription_id=subscription,
        bundle_allocation_percentage="0.5",
    )

    answer = set_terms(campaign, {"pricingModel": "seats"}, "2025-01-17")

    assert (answer.status, answer.body["after"]["l2iSubscriptionId"]) == (200, None)
    lines = [(line["unit"], line["amount"]) for line in summary(campaign, "2025-01-01", "2025-02-01")["lines"]]
    # 25,000 × 16 of 365 days; 31 seats × 15 of 31 days × 10.
    assert ("seat-month", "150.00") in lines
    assert "1095.89" in [amount for _, amount in lines]


def link(campaign: str, subscription: str, share: str, **values: Any) -> Answer:
    body = {"subscriptionId": subscription, "allocationPercentage": share} | values
    return request("link_campaign", "PUT", f"/v1/campaigns/{campaign}/subscription", body)


def unlink(campaign: str, **query: str) -> Answer:
    return request("unlink_campaign", "DELETE", f"/v1/campaigns/{campaign}/subscription", query=query)


def test_a_link_holds_from_its_instant_until_that_of_its_end(world: World) -> None:
    company = world.company()
    subscription = world.subscription(company, annual_price="36500")
    campaign = world.campaign(company, "bundle")

    assert link(campaign, subscription, "0.5", effectiveFrom="2025-03-11").status == 200
    assert unlink(campaign, effectiveFrom="2025-03-21").status in (200, 204)

    amounts = [
        summary(campaign, start, end)["totalAmount"]
        for start, end in (("2025-03-01", "2025-04-01"), ("2025-03-01", "2025-03-11"), ("2025-04-01", "2025-05-01"))
    ]
    assert amounts == ["500.00", "0.00", "0.00"]


def test_shares_hold_at_every_instant_and_whoever_writes(world: World) -> None:
    company = world.company()
    subscription = world.subscription(company)
    first, second = world.campaign(company, "bundle"), world.campaign(company, "bundle")
    link(first, subscription, "0.7", effectiveFrom="2025-03-01")
    unlink(first, effectiveFrom="2025-04-01")

    during = link(second, subscription, "0.5", effectiveFrom="2025-02-01")
    after = link(second, subscription, "0.5", effectiveFrom="2025-04-01")
    back = link(first, subscription, "0.6", effectiveFrom="2025-05-01")

    assert [answer.status for answer in (during, after, back)] == [409, 200, 409]
    with pytest.raises(DatabaseError, match="shares"):
        world.rows(
            "UPDATE campaigns SET l2i_subscription_id = :subscription, bundle_allocation_percentage = 0.6 WHERE id = :id",
            subscription=subscription,
            id=first,
        )
    with pytest.raises(DatabaseError, match="shares"):
        world.campaign(company, "bundle", l2i_subscription_id=subscription, bundle_allocation_percentage="0.6")


def test_a_campaign_that_becomes_active_again_must_fit(world: World) -> None:
    company = world.company()
    subscription = world.subscription(company)
    linked = {"l2i_subscription_id": subscription, "bundle_allocation_percentage": "0.7"}
    world.campaign(company, "bundle", **linked)
    idle = world.campaign(company, "bundle", is_active=False, **linked)

    with pytest.raises(DatabaseError, match="shares"):
        world.rows("UPDATE campaigns SET is_active = true WHERE id = :id", id=idle)

    assert set_terms(idle, {"isActive": True}, "2030-01-01").status == 409


def test_a_bundle_in_another_currency_than_the_charges_before_cannot_be_linked(world: World) -> None:
    company = world.company()
    euros, dollars = world.subscription(company), world.subscription(company, currency="USD")
    campaign = world.campaign(company, "bundle", currency=None)
    link(campaign, euros, "0.1", effectiveFrom="2025-01-01")

    assert link(campaign, dollars, "0.1", effectiveFrom="2025-06-01").status == 409


def test_a_campaign_has_one_currency_once_it_is_charged(world: World) -> None:
    campaign = world.campaign(world.company())
    world.rows("UPDATE campaigns SET currency = 'USD' WHERE id = :id", id=campaign)
    track(usage_event(campaign))

    with pytest.raises(DatabaseError, match="one currency"):
        world.rows("UPDATE campaigns SET currency = 'NOK' WHERE id = :id", id=campaign)


class TestSubscription:
    """A linked campaign that takes all of it, so that its statement is what the subscription costs."""

    @pytest.fixture
    def linked(self, world: World) -> tuple[str, str]:
        company = world.company()
        subscription = world.subscription(company, annual_price="36500")
        campaign = world.campaign(company, "bundle", l2i_subscription_id=subscription, bundle_allocation_percentage=1)
        return campaign, subscription

    def test_a_renewal_leaves_the_year_before_as_it_was_and_takes_the_price_of_its_moment(
        self, world: World, linked: tuple[str, str]
    ) -> None:
        campaign, subscription = linked
        world.rows("UPDATE l2i_bundles SET annual_price = 73000")
        kept = summary(campaign, "2025-12-01", "2026-01-01")["totalAmount"]

        world.rows(
            "UPDATE l2i_subscriptions SET current_period_start = '2026-01-01Z', current_period_end = '2027-01-01Z' "
            "WHERE id = :id",
            id=subscription,
        )

        assert kept == "3100.00"
        assert summary(campaign, "2025-12-01", "2026-01-01")["totalAmount"] == "3100.00"
        assert summary(campaign, "2026-01-01", "2026-02-01")["totalAmount"] == "6200.00"

    def test_a_gap_between_two_periods_is_not_charged(self, world: World, linked: tuple[str, str]) -> None:
        campaign, subscription = linked

        world.rows(
            "UPDATE l2i_subscriptions SET current_period_start = '2026-01-11Z', current_period_end = '2027-01-11Z' "
            "WHERE id = :id",
            id=subscription,
        )

        assert summary(campaign, "2025-12-22", "2026-01-21")["totalAmount"] == "2000.00"

    def test_a_start_that_is_moved_back_counts_from_there(self, world: World, linked: tuple[str, str]) -> None:
        campaign, subscription = linked

        world.rows("UPDATE l2i_subscriptions SET current_period_start = '2024-12-01Z' WHERE id = :id", id=subscription)

        assert summary(campaign, "2024-12-01", "2025-01-01")["totalAmount"] == "3100.00"

    def test_another_quantity_counts_from_the_current_hour(self, world: World, linked: tuple[str, str]) -> None:
        campaign, subscription = linked
        now = this_hour()
        world.rows(
            "UPDATE l2i_subscriptions SET current_period_start = :start, current_period_end = :end WHERE id = :id",
            start=now - timedelta(days=100),
            end=now + timedelta(days=265),
            id=subscription,
        )

        world.rows("UPDATE l2i_subscriptions SET quantity = 3 WHERE id = :id", id=subscription)

        hours = [summary(campaign, (now - timedelta(days=1)).isoformat(), now.isoformat())["totalAmount"]]
        hours.append(summary(campaign, now.isoformat(), (now + timedelta(days=1)).isoformat())["totalAmount"])
        year = Decimal(36500) / ((now - timedelta(days=100)).replace(year=now.year + 1) - (now - timedelta(days=100))).days
        assert hours == [f"{year:.2f}", f"{3 * year:.2f}"]

    def test_a_year_from_29_february_ends_on_28_february(self, world: World) -> None:
        company = world.company()
        subscription = world.subscription(
            company,
            annual_price="36500",
            current_period_start="2024-02-29T00:00:00Z",
            current_period_end="2025-02-28T00:00:00Z",
        )
        campaign = world.campaign(company, "bundle", l2i_subscription_id=subscription, bundle_allocation_percentage=1)

        assert summary(campaign, "2024-02-01", "2025-04-01")["totalAmount"] == "36500.00"
