"""A run of issue_invoices, or a credit note, that is killed at any point between two messages to the database (design §13)."""

import multiprocessing
from datetime import UTC, datetime

import pytest

from billing.database import session as database
from billing.invoices.chain import breaks
from local.aws_events import scheduled_event
from tests.faults import Fault, Faulty
from tests.operations.invoicing import adjust, invoiced_company, record
from tests.operations.test_reconciliation import reconciled
from tests.world import World, invoke

DUE = datetime(2025, 3, 5, tzinfo=UTC)


def run_with_a_fault(fault: Fault, at: int) -> None:
    Faulty.messages, Faulty.fault, Faulty.at = 0, fault, at
    database.Session = Faulty  # type: ignore[misc]
    invoke("issue_invoices", scheduled_event(DUE))


def prepare(world: World) -> str:
    """A company with two months to close, and documents in two currencies."""
    world.empty()
    company = invoiced_company(world)
    record(world.campaign(company, "iaas"), 10, "2025-01-15T10:00:00Z")
    record(world.campaign(company, "iaas", currency="JPY", iaas_metrics={"pricePerLearner": "900"}), 3, "2025-02-15T10:00:00Z")
    adjust(company, "-7.00")
    return company


@pytest.mark.parametrize("fault", ["kill", "cut"])
def test_invoicing_struck_between_any_two_messages_and_run_again_issues_each_month_once(
    world: World, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    prepare(world)
    with monkeypatch.context() as counting:
        database.disconnect()
        counting.setattr(database, "Session", Faulty)
        counting.setattr(Faulty, "messages", 0)
        invoke("issue_invoices", scheduled_event(DUE))
        messages = Faulty.messages
    assert messages > 40

    for at in range(1, messages + 1, 1 if fault == "kill" else 5):
        company = prepare(world)
        database.disconnect()
        process = multiprocessing.get_context("fork").Process(target=run_with_a_fault, args=(fault, at))
        process.start()
        process.join()
        invoke("issue_invoices", scheduled_event(DUE))

        documents = [row["document"] for row in world.rows("SELECT document FROM invoices ORDER BY year, sequence")]
        issued = [(each["month"], each["currency"], each["netAmount"]) for each in documents]
        assert issued == [("2025-01", "EUR", "118.00"), ("2025-02", "JPY", "2700")], f"struck before message {at}"
        assert [int(each["number"][-6:]) for each in documents] == [1, 2]
        assert list(breaks(documents)) == []
        assert len(world.rows("SELECT id FROM billing_events WHERE type = 'invoice.issued'")) == 2
    assert reconciled(company)["ok"]
