"""Invoices as callers see them: one rule, closed months, numbers, credit notes (design §13)."""

from billing.invoices.chain import breaks
from tests.operations.invoicing import (
    adjust,
    age,
    correct,
    credit,
    invoice,
    invoiced_company,
    invoices,
    post_invoices,
    preview,
    put_profile,
    put_seller,
    record,
)
from tests.world import World, request


def test_a_month_is_issued_once_with_the_lines_of_its_statement(world: World) -> None:
    company = invoiced_company(world)
    campaign = world.campaign(company, "iaas")
    record(campaign, 10, "2025-01-15T10:00:00Z")

    first, again = post_invoices(company, "2025-01"), post_invoices(company, "2025-01")

    assert (first.status, again.status) == (201, 200), first.body
    (document,) = first.body["invoices"]
    assert again.body["invoices"] == [document]
    assert (document["netAmount"], document["taxAmount"], document["totalAmount"]) == ("125.00", "31.25", "156.25")
    assert [(line["key"], line["kind"], line["amount"]) for line in document["lines"]] == [
        ("iaas.learners", "charge", "125.00")
    ]
    assert (document["number"], document["month"], document["invoiceId"]) == (document["number"], "2025-01", document["number"])
    assert invoice(document["number"]).body == document
    assert invoices(company).body["invoices"] == [document]
    assert list(breaks([document])) == []


def test_what_arrives_late_is_an_adjustment_of_the_next_month(world: World) -> None:
    company = invoiced_company(world)
    campaign = world.campaign(company, "iaas")
    record(campaign, 10, "2025-01-15T10:00:00Z")
    (january,) = post_invoices(company, "2025-01").body["invoices"]
    age(world)
    record(campaign, 2, "2025-01-16T10:00:00Z")

    shown = preview(company, "2025-02")
    (february,) = post_invoices(company, "2025-02").body["invoices"]

    (line,) = february["lines"]
    assert (line["kind"], line["month"], line["quantity"], line["unitPrice"]) == ("adjustment", "2025-01", "1", "25.00")
    assert (line["recomputedAmount"], line["invoicedAmount"]) == ("150.00", "125.00")
    assert january["number"] in line["description"]
    assert shown.body["invoices"][0]["lines"] == february["lines"]


def test_late_usage_of_a_reverse_charged_month_names_the_vat_id_that_the_profile_has_lost(world: World) -> None:
    company = invoiced_company(world, taxCategory="AE", taxRate="0", vatId="DE136695976")
    campaign = world.campaign(company, "iaas")
    record(campaign, 10, "2025-01-15T10:00:00Z")
    post_invoices(company, "2025-01")
    age(world)
    put_profile(company, vatId=None)
    record(campaign, 2, "2025-01-16T10:00:00Z")
    record(campaign, 4, "2025-02-15T10:00:00Z")

    shown = preview(company, "2025-02")
    (february,) = post_invoices(company, "2025-02").body["invoices"]
    record(campaign, 1, "2025-03-15T10:00:00Z")
    (march,) = post_invoices(company, "2025-03").body["invoices"]

    assert [(tax["taxCategory"], tax["taxRate"], tax["netAmount"], tax["taxReason"]) for tax in february["taxes"]] == [
        ("AE", "0", "25.00", "Reverse charge"),
        ("S", "25", "50.00", None),
    ]
    assert february["buyer"]["vatId"] == shown.body["invoices"][0]["buyer"]["vatId"] == "DE136695976"
    assert credit(february["number"]).body["buyer"] == february["buyer"]
    assert (march["netAmount"], march["buyer"]["vatId"]) == ("12.50", None)


def test_late_usage_of_an_hour_in_which_a_month_begins_at_half_past_is_invoiced(world: World) -> None:
    """February begins at 18:30 UTC in Kolkata, and an hour of seats belongs to the month of its first instant."""
    company = invoiced_company(world, "Asia/Kolkata")
    iaas, seats = world.campaign(company, "iaas"), world.campaign(company, "seats", start_date="2025-01-01")
    hourly = '{"variableComponents": [{"name": "Hours", "unit": "hour", "rate": "10.00"}]}'
    custom, moved = (world.campaign(company, "custom", custom_pricing_terms=hourly) for _ in range(2))
    volunteer(world, moved, 5)
    post_invoices(company, "2025-01")
    post_invoices(company, "2025-02")
    age(world)
    record(iaas, 10, "2025-01-31T18:10:00Z")
    record(iaas, 7, "2025-01-31T18:40:00Z")
    record(seats, 5000, "2025-01-31T18:40:00Z", "seat_usage")
    volunteer(world, custom, 3)
    world.connection.run("UPDATE campaign_activities SET occurred_at = '2025-01-31T18:10Z' WHERE quantity = 5")

    (march,) = post_invoices(company, "2025-03").body["invoices"]

    late = {(line["campaignId"], line["month"], line["key"]) for line in march["lines"] if line["kind"] == "adjustment"}
    assert late == {
        (iaas, "2025-01", "iaas.learners"),
        (iaas, "2025-02", "iaas.learners"),
        (seats, "2025-01", "seats.additional"),
        (custom, "2025-02", "custom.component:Hours"),
        (moved, "2025-01", "custom.component:Hours"),
        (moved, "2025-02", "custom.component:Hours"),
    }


def volunteer(world: World, campaign: str, hours: int) -> None:
    at = "2025-01-31T18:40:00Z"
    world.insert("campaign_activities", campaign_id=campaign, kind="volunteer_hours", quantity=hours, occurred_at=at)


def test_a_credited_month_is_issued_again_only_by_hand(world: World) -> None:
    company = invoiced_company(world)
    campaign = world.campaign(company, "iaas")
    record(campaign, 10, "2025-01-15T10:00:00Z")
    (january,) = post_invoices(company, "2025-01").body["invoices"]

    note, repeated, other = credit(january["number"]), credit(january["number"]), credit(january["number"], id="c-2")
    (again,) = post_invoices(company, "2025-01").body["invoices"]

    assert (note.status, repeated.status, other.status) == (201, 200, 409)
    assert note.body == repeated.body
    assert (note.body["totalAmount"], note.body["corrects"], note.body["kind"]) == ("-156.25", january["number"], "credit_note")
    assert invoice(january["number"]).body["creditedBy"] == note.body["number"]
    assert (again["totalAmount"], again["lines"][0]["kind"]) == ("156.25", "charge")
    assert credit(note.body["number"], id="c-3").status == 409
    assert [each["number"] for each in invoices(company, status="credited").body["invoices"]] == [january["number"]]


def test_a_credit_note_that_is_not_issued_again_comes_back_with_the_next_month(world: World) -> None:
    company = invoiced_company(world)
    campaign = world.campaign(company, "iaas")
    record(campaign, 10, "2025-01-15T10:00:00Z")
    (january,) = post_invoices(company, "2025-01").body["invoices"]
    age(world)
    credit(january["number"])

    (february,) = post_invoices(company, "2025-02").body["invoices"]

    assert [(line["kind"], line["month"], line["amount"]) for line in february["lines"]] == [
        ("adjustment", "2025-01", "125.00")
    ]
    assert post_invoices(company, "2025-01").body["invoices"] == []


def test_months_are_closed_oldest_first_and_after_their_end(world: World) -> None:
    company = invoiced_company(world, invoiceFrom="2025-02")

    answers = [post_invoices(company, month) for month in ("2025-01", "2025-03", "2199-12", "2025-02", "2025-03")]

    assert [answer.status for answer in answers] == [409, 409, 409, 200, 200]


def test_without_profile_or_seller_nobody_is_invoiced(world: World) -> None:
    company = world.company()

    without_profile = post_invoices(company, "2025-01")
    assert without_profile.status == 409
    assert f"PUT /v1/companies/{company}/billing-profile" in without_profile.body["detail"]
    put_profile(company)
    without_seller = post_invoices(company, "2025-01")
    assert without_seller.status == 409
    assert "PUT /v1/seller" in without_seller.body["detail"]
    put_seller()
    assert post_invoices(company, "2025-01").status == 200
    assert post_invoices("nobody", "2025-01").status == 404
    assert put_profile(company, invoiceFrom="2024-12").status == 409
    assert put_profile(company).body["invoiceFrom"] == "2025-01"


def test_a_manual_adjustment_is_on_the_next_document_and_again_where_that_is_credited(world: World) -> None:
    company = invoiced_company(world)

    assert [adjust(company, amount).status for amount in ("40.00", "40", "41.00", "40.001")] == [201, 200, 409, 422]
    (january,) = post_invoices(company, "2025-01").body["invoices"]
    credit(january["number"])
    (february,) = post_invoices(company, "2025-02").body["invoices"]

    shown = [(line["key"], line["kind"], line["amount"], line["month"]) for line in (*january["lines"], *february["lines"])]
    assert shown == [("manual:a-1", "manual", "40.00", "2025-01"), ("manual:a-1", "manual", "40.00", "2025-02")]
    assert post_invoices(company, "2025-03").body["invoices"] == []


def test_a_document_below_zero_is_a_credit_note_that_cannot_be_credited(world: World) -> None:
    company = invoiced_company(world)
    adjust(company, "-40.00")

    (january,) = post_invoices(company, "2025-01").body["invoices"]

    assert (january["kind"], january["totalAmount"], january["corrects"]) == ("credit_note", "-50.00", None)
    assert credit(january["number"]).status == 409


def test_a_correction_of_last_month_is_credited_on_the_next_document(world: World) -> None:
    company = invoiced_company(world)
    campaign = world.campaign(company, "iaas")
    first = record(campaign, 10, "2025-01-15T10:00:00Z")
    post_invoices(company, "2025-01")
    age(world)
    correct(first, "fix", quantity=4)

    (february,) = post_invoices(company, "2025-02").body["invoices"]

    assert (february["kind"], february["netAmount"], february["corrects"]) == ("credit_note", "-75.00", None)
    assert february["lines"][0]["quantity"] == "-1"


def test_a_correction_that_moves_a_record_to_another_month_changes_both(world: World) -> None:
    company = invoiced_company(world)
    campaign = world.campaign(company, "iaas")
    moved = record(campaign, 4, "2025-01-31T10:00:00Z")
    post_invoices(company, "2025-01")
    post_invoices(company, "2025-02")
    age(world)
    correct(moved, "moved", timestamp="2025-02-01T10:00:00Z")

    (march,) = post_invoices(company, "2025-03").body["invoices"]

    assert [(line["month"], line["amount"]) for line in march["lines"]] == [("2025-01", "-50.00"), ("2025-02", "50.00")]


def test_late_usage_of_a_capped_component_changes_the_months_after_it(world: World) -> None:
    company = invoiced_company(world)
    component = {"name": "Learners", "unit": "learner", "rate": "10", "cap": "15"}
    campaign = world.campaign(company, "custom", custom_pricing_terms={"variableComponents": [component]})
    record(campaign, 15, "2025-02-10T10:00:00Z")
    post_invoices(company, "2025-01")
    (february,) = post_invoices(company, "2025-02").body["invoices"]
    age(world)
    record(campaign, 10, "2025-01-10T10:00:00Z")

    (march,) = post_invoices(company, "2025-03").body["invoices"]

    late = [(line["month"], line["amount"]) for line in march["lines"] if line["kind"] == "adjustment"]
    assert february["netAmount"] == "150.00"
    assert late == [("2025-01", "100.00"), ("2025-02", "-100.00")]


def test_a_month_that_was_issued_again_takes_nothing_late_into_a_third_document(world: World) -> None:
    company = invoiced_company(world)
    campaign = world.campaign(company, "iaas")
    record(campaign, 10, "2025-01-15T10:00:00Z")
    (january,) = post_invoices(company, "2025-01").body["invoices"]
    credit(january["number"])
    (again,) = post_invoices(company, "2025-01").body["invoices"]
    record(campaign, 2, "2025-01-16T10:00:00Z")

    repeated = post_invoices(company, "2025-01").body["invoices"]

    assert [each["number"] for each in repeated] == [again["number"]]


def test_the_seller_is_the_platforms(world: World) -> None:
    company = invoiced_company(world)

    assert request("get_seller", "GET", "/v1/seller").body["numberPrefix"] == "CB"
    assert request("get_seller", "GET", "/v1/seller", company=company).status == 403
    profile = request("get_billing_profile", "GET", f"/v1/companies/{company}/billing-profile", company=company)
    assert profile.body["invoiceFrom"] == "2025-01"
