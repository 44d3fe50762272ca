"""Numbers, dates and hashes over New Year (design §13)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from billing.sql import queries
from local.aws_events import scheduled_event
from tests.operations.invoicing import adjust, credit, invoiced_company, invoices, post_invoices, put_seller
from tests.world import World, invoke

Clock = Callable[[str], None]

LAST_SECOND, NEW_YEAR = "2025-12-31T23:59:59+01:00", "2026-01-01T00:00:00+01:00"
"""In Oslo, where the seller is."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the clock by which documents are dated."""
    return lambda instant: monkeypatch.setitem(queries("invoices"), "clock", f"SELECT '{instant}'::timestamptz")


def issue(company: str, month: str) -> Any:
    """The document of a month, with an adjustment for it."""
    assert adjust(company, "40.00", id=month).status == 201
    (document,) = post_invoices(company, month).body["invoices"]
    return document


def assert_the_chain_holds(world: World, documents: int) -> None:
    result = invoke("reconcile", scheduled_event(datetime.now(UTC)))
    compared = world.value(
        """SELECT sum((checked ->> 'compared')::int)
        FROM reconciliations, jsonb_array_elements(result -> 'checks') AS checked WHERE checked ->> 'check' = 'invoices'"""
    )
    assert (result["differences"], compared) == (0, documents)


def test_numbers_begin_anew_at_the_sellers_new_year_and_hashes_go_on(world: World, clock: Clock) -> None:
    company = invoiced_company(world)

    clock(LAST_SECOND)
    january, february = issue(company, "2025-01"), issue(company, "2025-02")
    clock(NEW_YEAR)
    note, march = credit(january["number"]).body, issue(company, "2025-03")

    documents = [january, february, note, march]
    assert [(each["number"], each["issuedOn"], each["dueOn"]) for each in documents] == [
        ("CB-2025-000001", "2025-12-31", "2026-01-30"),
        ("CB-2025-000002", "2025-12-31", "2026-01-30"),
        ("CB-2026-000001", "2026-01-01", "2026-01-31"),
        ("CB-2026-000002", "2026-01-01", "2026-01-31"),
    ]
    assert [each["previousSha256"] for each in documents] == [None, *(each["sha256"] for each in documents[:-1])]
    assert note["corrects"] == "CB-2025-000001"
    assert [each["number"] for each in invoices(company).body["invoices"]] == [each["number"] for each in documents[::-1]]
    assert_the_chain_holds(world, 4)


def test_a_year_without_documents_is_no_gap(world: World, clock: Clock) -> None:
    company = invoiced_company(world)

    clock(LAST_SECOND)
    issue(company, "2025-01")
    clock("2027-06-01T12:00:00Z")
    february = issue(company, "2025-02")

    assert february["number"] == "CB-2027-000001"
    assert_the_chain_holds(world, 2)


def test_a_seller_that_moves_to_where_it_is_last_year_goes_on_in_this_one(world: World, clock: Clock) -> None:
    company = invoiced_company(world)
    clock("2025-12-31T12:00:00Z")
    found = []

    for month, zone in (("2025-01", "Europe/Oslo"), ("2025-02", "Pacific/Kiritimati"), ("2025-03", "Pacific/Honolulu")):
        put_seller(timeZone=zone)
        document = issue(company, month)
        found.append((document["number"], document["issuedOn"]))

    assert found == [("CB-2025-000001", "2025-12-31"), ("CB-2026-000001", "2026-01-01"), ("CB-2026-000002", "2026-01-01")]
    assert_the_chain_holds(world, 3)
