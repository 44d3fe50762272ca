"""Invoicing by the job and by hand, and credit notes, struck at any point between two messages to the database (design §13)."""

import signal
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from billing.database import session as database
from billing.invoices.chain import breaks
from local.aws_events import scheduled_event
from tests.faults import Fault, Faulty, strike
from tests.operations.invoicing import adjust, credit, invoiced_company, post_invoices, record
from tests.operations.test_reconciliation import reconciled
from tests.world import Answer, World, invoke

DUE = datetime(2025, 3, 5, tzinfo=UTC)
JANUARY, FEBRUARY = ("2025-01", "EUR", "118.00"), ("2025-02", "JPY", "2700")
NOTE = ("2025-01", "EUR", "-118.00")

Call = partial[Any]


def prepare(world: World) -> str:
    """A company with two months to close, and documents in two currencies."""
    world.empty()
    company = invoiced_company(world)
    record(world.campaign(company, "iaas"), 10, "2025-01-15T10:00:00Z")
    record(world.campaign(company, "iaas", currency="JPY", iaas_metrics={"pricePerLearner": "900"}), 3, "2025-02-15T10:00:00Z")
    adjust(company, "-7.00")
    return company


def job(company: str) -> Call:
    return partial(invoke, "issue_invoices", scheduled_event(DUE))


def by_hand(company: str) -> Call:
    return partial(post_invoices, company, "2025-01")


def credit_note(company: str) -> Call:
    (january,) = post_invoices(company, "2025-01").body["invoices"]
    return partial(credit, january["number"])


STRUCK: list[tuple[Callable[[str], Call], list[tuple[str, str, str]]]] = [
    (job, [JANUARY, FEBRUARY]),
    (by_hand, [JANUARY]),
    (credit_note, [JANUARY, NOTE]),
]
"""What is struck, and the documents that are there in the end."""


@pytest.mark.parametrize("fault", ["kill", "cut", "lose"])
@pytest.mark.parametrize(("calls", "documents"), STRUCK, ids=[calls.__name__ for calls, _ in STRUCK])
def test_what_is_struck_between_any_two_messages_and_done_again_is_done_once(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    calls: Callable[[str], Call],
    documents: list[tuple[str, str, str]],
    fault: Fault,
) -> None:
    call = calls(prepare(world))
    with monkeypatch.context() as counting:
        database.disconnect()
        counting.setattr(database, "Session", Faulty)
        counting.setattr(Faulty, "messages", 0)
        call()
        messages = Faulty.messages
    assert messages > (40 if calls is job else 10)

    for at in range(1, messages + 1, 5 if calls is job and fault != "kill" else 1):
        company = prepare(world)
        call = calls(company)
        exit_code = strike(call, fault, at)
        answer = call()

        assert (exit_code == -signal.SIGKILL) == (fault == "kill")
        stored = [row["document"] for row in world.rows("SELECT document FROM invoices ORDER BY year, sequence")]
        assert [(each["month"], each["currency"], each["netAmount"]) for each in stored] == documents, f"struck before {at}"
        assert [int(each["number"][-6:]) for each in stored] == list(range(1, len(documents) + 1))
        assert list(breaks(stored)) == []
        assert len(world.rows("SELECT id FROM billing_events WHERE type LIKE 'invoice.%'")) == len(documents)
        if isinstance(answer, Answer):
            assert answer.status in (200, 201)
            assert said(answer) == stored[-1]["number"]
    assert reconciled(company)["ok"]


def said(answer: Answer) -> str:
    """The number of the document that an answer holds."""
    (document,) = answer.body.get("invoices", [answer.body])
    return str(document["number"])
