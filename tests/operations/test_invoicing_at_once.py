"""Invoices under concurrency and over random histories (design §13)."""

from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from multiprocessing import get_context
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from billing.database.drafts import load_account, load_drafts
from billing.database.session import ALL_COMPANIES, disconnect, snapshot
from billing.invoices.chain import breaks
from billing.sql import queries
from tests.operations.invoicing import (
    adjust,
    age,
    correct,
    credit,
    invoiced_company,
    invoices,
    post_invoices,
    record,
)
from tests.operations.test_reconciliation import reconciled
from tests.world import Answer, World, request

CALLERS = 32
FORK = get_context("fork")
Call = Callable[[], Answer]


class Caller:
    """A process of its own, whose connection is open before the start."""

    start: Any

    @classmethod
    def ready(cls, start: Any) -> None:
        cls.start = start

    @classmethod
    def answer(cls, call: Call) -> Answer:
        assert request("get_seller", "GET", "/v1/seller").status == 200
        cls.start.wait(60)
        return call()


def at_once(calls: Sequence[Call]) -> list[Answer]:
    """What each caller is answered, in the order of the calls; none begins before all are ready."""
    disconnect()
    with FORK.Pool(len(calls), Caller.ready, [FORK.Barrier(len(calls))]) as pool:
        return pool.map(Caller.answer, calls, chunksize=1)


def used_in(world: World, *months: str) -> str:
    """A company that was charged 125.00 in each of the months."""
    company = invoiced_company(world)
    campaign = world.campaign(company, "iaas")
    for month in months:
        record(campaign, 10, f"{month}-15T10:00:00Z")
    return company


def test_32_callers_issue_and_credit_each_document_once_with_numbers_without_a_gap(world: World) -> None:
    shared = [used_in(world, "2025-01", "2025-02") for _ in range(4)]
    alone = [used_in(world, "2025-01") for _ in range(16)]
    januaries = [post_invoices(company, "2025-01").body["invoices"][0]["number"] for company in shared]
    age(world)
    february = [partial(post_invoices, company, "2025-02") for company in shared]
    notes = [partial(credit, number) for number in januaries]
    january = [partial(post_invoices, company, "2025-01") for company in alone]
    twice = [*february, *notes]
    calls = [*twice, *january, *twice]
    assert len(calls) == CALLERS

    answers = at_once(calls)

    first, once, again = answers[:8], answers[8:24], answers[24:]
    assert [{one.status, other.status} for one, other in zip(first, again, strict=True)] == [{200, 201}] * 8
    assert [one.body for one in first] == [other.body for other in again]
    assert [answer.status for answer in once] == [201] * 16
    stored = [row["document"] for row in world.rows("SELECT document FROM invoices ORDER BY year, sequence")]
    year = stored[0]["issuedOn"][:4]
    assert [each["number"] for each in stored] == [f"CB-{year}-{n:06}" for n in range(1, 29)]
    assert list(breaks(stored)) == []
    for company in shared:
        assert post_invoices(company, "2025-03").status in (200, 201)
        assert sum(Decimal(each["netAmount"]) for each in invoices(company).body["invoices"]) == 250
    for company in [*shared, *alone]:
        assert_invoiced_is_charged(company)


def test_32_callers_over_new_year_number_each_year_from_1(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each document is dated a second after the one before, so that New Year is between the 15th and the 16th."""
    calls = [partial(post_invoices, used_in(world, "2025-01"), "2025-01") for _ in range(CALLERS)]
    world.connection.run("CREATE SEQUENCE seconds; GRANT USAGE ON SEQUENCE seconds TO PUBLIC")
    ticking = "SELECT timestamptz '2025-12-31 23:59:44+01' + nextval('seconds') * interval '1 second'"
    monkeypatch.setitem(queries("invoices"), "clock", ticking)

    try:
        answers = at_once(calls)
    finally:
        world.connection.run("DROP SEQUENCE seconds")

    assert {answer.status for answer in answers} == {201}
    stored = [row["document"] for row in world.rows("SELECT document FROM invoices ORDER BY year, sequence")]
    assert [(each["number"], each["issuedOn"]) for each in stored] == [
        *((f"CB-2025-{n:06}", "2025-12-31") for n in range(1, 16)),
        *((f"CB-2026-{n:06}", "2026-01-01") for n in range(1, 18)),
    ]
    assert list(breaks(stored)) == []


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["late", "correct", "terms", "credit", "reissue", "close", "close", "adjust", "grant", "hours"]),
        st.integers(1, 31),
        st.integers(1, 40),
        st.integers(0, 4),
    ),
    min_size=6,
    max_size=14,
)


@hypothesis_settings(max_examples=15, deadline=None)
@given(zone=st.sampled_from(["Europe/Oslo", "Asia/Kolkata"]), steps=STEPS)
def test_documents_add_up_to_what_is_charged_after_each_month(database_world: World, zone: str, steps: list[Any]) -> None:
    world = database_world
    world.empty()
    company = invoiced_company(world, zone)
    campaigns = [
        world.campaign(company, "iaas"),
        world.campaign(company, "credits", credit_allocation="50", credit_price="2.50"),
        world.campaign(
            company,
            "custom",
            custom_pricing_terms={
                "fixedFee": "100.00",
                "fixedFeeInterval": "month",
                "variableComponents": [
                    {"name": "Session", "unit": "session", "rate": "3.35", "cap": "60"},
                    {"name": "Hours", "unit": "hour", "rate": "1.15"},
                ],
            },
        ),
        world.campaign(company, "seats", committed_seats="3", seat_price_per_month="10.00", start_date="2025-01-01"),
        world.campaign(company, "iaas", currency="JPY", iaas_metrics={"pricePerLearner": "900"}),
    ]
    kinds = ["learner_served", "credit_usage", "session_completed", "seat_usage", "learner_served"]
    closed, records = 0, []
    for number, (step, day, quantity, which) in enumerate(steps):
        month = 1 + (day + quantity) % max(1, closed + 1)
        instant = instant_in(month, day, quantity)
        if step == "late":
            records.append(record(campaigns[which], quantity, instant, kinds[which], id=f"late-{number}"))
        elif step == "correct" and records:
            record_id = records.pop(day % len(records))
            correct(record_id, f"fix-{number}", quantity=quantity)
        elif step == "terms":
            terms = [
                {"iaasMetrics": {"pricePerLearner": f"{quantity}.15"}},
                {"creditPrice": f"{quantity}.05"},
                {"status": "paused" if quantity % 2 else "completed"},
                {"committedSeats": quantity, "seatPricePerMonth": f"{day}.33"},
                {"iaasMetrics": {"pricePerLearner": f"{quantity}00"}},
            ][which]
            body = {
                "id": f"t-{number}",
                "effectiveFrom": instant[:10],
                "terms": terms,
                "reason": "Agreed",
                "retroactive": True,
            }
            answer = request("set_terms", "PUT", f"/v1/campaigns/{campaigns[which]}/terms", body)
            assert answer.status == 200, answer.body
        elif step == "credit":
            open_ones = [each for each in invoices(company, status="open").body["invoices"] if each["kind"] == "invoice"]
            if open_ones:
                assert credit(open_ones[day % len(open_ones)]["number"], id=f"credit-{number}").status == 201
        elif step == "reissue" and closed:
            assert post_invoices(company, f"2025-{month if month <= closed else closed:02}").status in (200, 201)
        elif step == "adjust":
            adjust(company, f"{quantity - 20}.50", id=f"a-{number}")
        elif step == "grant":
            assert grant(campaigns[1], quantity, f"g-{number}", f"2025-{1 + day % 12:02}-01T00:00:00Z").status == 200
        elif step == "hours":
            world.insert(
                "campaign_activities", campaign_id=campaigns[2], kind="volunteer_hours", quantity=quantity, occurred_at=instant
            )
        elif step == "close" and closed < 11:
            closed += 1
            check_the_filter_changes_nothing(company, closed)
            assert post_invoices(company, f"2025-{closed:02}").status in (200, 201)
            assert_invoiced_is_charged(company)
            age(world)


def instant_in(month: int, day: int, number: int) -> str:
    """In the middle of a day, or within the hour in which months begin in Kolkata, before that or after."""
    last = monthrange(2025, month)[1]
    return f"2025-{month:02}-{min(day, last):02}T{('10:00', '18:10', '18:40')[number % 3]}:00Z"


def grant(campaign: str, credits: int, id: str, expires_at: str) -> Answer:
    body = {"id": id, "credits": credits, "amount": f"{credits}.50", "expiresAt": expires_at}
    return request("top_up_credits", "POST", f"/v1/campaigns/{campaign}/credits", body)


def check_the_filter_changes_nothing(company: str, month: int) -> None:
    """With and without the causes the same documents."""
    with snapshot(ALL_COMPANIES) as db:
        account = load_account(db, ALL_COMPANIES, company)
        filtered = load_drafts(db, account, date(2025, month, 1))
        unfiltered = load_drafts(db, account, date(2025, month, 1), every_cause=True)
    by_currency = [{each.currency: sorted(map(repr, each.lines)) for each in drafts} for drafts in (filtered, unfiltered)]
    assert by_currency[0] == by_currency[1]


def assert_invoiced_is_charged(company: str) -> None:
    result = reconciled(company)
    found = {check["check"]: check["differences"] for check in result["checks"]}
    assert (found["invoices"], found["balances"], found["coverage"], result["pending"]) == ([], [], [], [])


@pytest.fixture(scope="module")
def database_world(database_url: str) -> Any:
    from local.databases import connect

    world = World(connect(database_url))
    yield world
    world.connection.close()
