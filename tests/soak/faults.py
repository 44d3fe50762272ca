"""Every operation and job that writes, struck at every message to the database, and then tried again (design §4.4, §4.7)."""

import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection as Pipe
from typing import Any, NamedTuple

from billing.database import session as database
from billing.errors import BillingError
from local.artefacts.compare import EVENTS
from local.aws_events import scheduled_event
from tests.callers import ROUTES
from tests.faults import Fault, Faulty
from tests.operations.test_reconciliation import reconciled
from tests.world import World, invoke

FAULTS: tuple[Fault, ...] = ("cut", "end", "lose", "kill", "delay", "swallow", "hush")
SILENT: tuple[Fault, ...] = ("swallow", "hush")
"""Only the time-out ends them, so it is short: a second for a transaction, and one for the server to begin it."""

HOUR = datetime(2025, 3, 12, 18, tzinfo=UTC)
DUE = datetime(2025, 4, 5, tzinfo=UTC)
QUEUE = {
    "Records": [
        {
            "messageId": f"message-{number}",
            "eventSource": "aws:sqs",
            "body": json.dumps(
                {
                    "campaignId": "demo-skills-evenings",
                    "eventType": "credit_usage",
                    "quantity": number,
                    "timestamp": "2025-03-12T10:00:00Z",
                }
            ),
        }
        for number in (1, 2)
    ]
}
FIGURES = """
    SELECT (SELECT count(*) FROM billing_usage_records), (SELECT sum(quantity) FROM billing_usage_records),
        (SELECT count(*) FROM credit_grants), (SELECT sum(credits) FROM credit_movements),
        (SELECT string_agg(credits_remaining::text, ',' ORDER BY id) FROM campaigns),
        (SELECT count(*) FROM campaign_activities WHERE usage_record_id IS NOT NULL),
        (SELECT count(*) FROM campaign_terms), (SELECT count(*) FROM billing_months), (SELECT count(*) FROM adjustments),
        (SELECT count(*) FROM invoices), (SELECT sum(amount) FROM invoice_lines), (SELECT max(last_sequence) FROM seller),
        (SELECT count(*) FROM billing_events WHERE type !~ '^(capacity|opportunity|pricing_signals)[.]'),
        (SELECT string_agg(profile::text, ',' ORDER BY company_id) FROM billing_profiles)
"""
"""All that a call may change, but for the signals: what a run does not announce the next one does (design §15)."""


class Call(NamedTuple):
    """A request or a run that writes; doing it again must change nothing."""

    name: str
    function: str
    event: dict[str, Any]

    def __call__(self) -> int:
        """The status; raises as a job does. A batch of the queue is 200 where none of its messages is to be sent again."""
        answer = invoke(self.function, self.event)
        if self.function == "ingest_usage":
            return 503 if answer["batchItemFailures"] else 200
        return int(answer.get("statusCode", 200))


def calls() -> list[Call]:
    """The sample request of every route that writes, every job, and the queue."""
    routes = [
        Call(route.function, route.function, route.sample)
        for route in ROUTES
        if route.method != "GET" and route.function != "propose_pricing"
    ]
    jobs = [
        ("track_seat_usage", HOUR),
        ("track_credit_usage", HOUR),
        ("issue_invoices", DUE),
        ("announce_signals", HOUR),
        ("reconcile", HOUR),
    ]
    scheduled = [Call(name, name, scheduled_event(at)) for name, at in jobs]
    # The samples that repeat what the rows hold already write nothing; these write.
    new = [
        Call(name, name.partition("_201")[0], json.loads((EVENTS / f"{name}.json").read_text()))
        for name in ("add_adjustment_201_new", "credit_invoice_201_new", "issue_invoice_201_next_month")
    ]
    return [*routes, *new, *scheduled, Call("ingest_usage", "ingest_usage", QUEUE)]


def strike(
    world: World, fault: Fault, only: Callable[[Call], bool] = lambda _: True, some: slice = slice(None)
) -> Iterator[tuple[str, int]]:
    """Strike every call at every message, or at some of them; each call's name, and how often. Raises `AssertionError` where
    anything is lost or doubled."""
    for call in filter(only, calls()):
        prepare(world)
        messages, status = _undisturbed(call)
        assert status < 300, f"{call.name}: {status}"
        figures, answers = world.rows(FIGURES), (status, call())
        assert world.rows(FIGURES) == figures, f"{call.name}: not the same when repeated"
        places = range(1, messages + 1)[some]
        for at in places:
            prepare(world)
            here = f"{call.name}: {fault} at message {at} of {messages}"
            with _struck(call, fault, at) as told:
                assert told == status or fault != "delay", f"{here}: told {told}"
                assert (told is None) == (fault == "kill"), f"{here}: told {told}"
                true = told in (None, 503) or (told in answers and world.rows(FIGURES) == figures)
                assert true, f"{here}: told {told}"
                assert call() in answers, f"{here}: the retry"
                assert world.rows(FIGURES) == figures, f"{here}: after the retry"
            for company in ("demo-fjellbris", "demo-savanna"):
                checks = reconciled(company)["checks"]
                # The samples' keys are made up.
                wrong = [check for check in checks if check["differences"] and check["check"] != "keys"]
                assert not wrong, f"{here}: {wrong}"
        yield call.name, len(places)


def prepare(world: World) -> None:
    """The rows of the samples, whose records have high ids."""
    world.empty()
    world.sample()
    world.rows("SELECT setval(pg_get_serial_sequence('billing_usage_records', 'id'), 5000000)")
    database.disconnect()


def _undisturbed(call: Call) -> tuple[int, int]:
    """How many messages it takes, and the status."""
    original, Faulty.at = database.Session, 0
    database.Session = Faulty  # type: ignore[misc]
    try:
        Faulty.messages = 0
        status = call()
        return Faulty.messages, status
    finally:
        database.Session = original  # type: ignore[misc]
        database.disconnect()


@contextmanager
def _struck(call: Call, fault: Fault, at: int) -> Iterator[int | None]:
    """What a process of its own that has the fault was told: None where it was killed. Its connections, which the server may
    take for good ones, stay open for the block."""
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_do, args=(call, fault, at, there))
    process.start()
    there.close()
    try:
        yield _told(here)
    finally:
        process.kill()
        process.join()
        here.close()


def _told(pipe: Pipe) -> int | None:
    try:
        return int(pipe.recv())
    except EOFError:
        return None


def _do(call: Call, fault: Fault, at: int, there: Pipe) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    if fault in SILENT:
        os.environ["DATABASE_STATEMENT_TIMEOUT"] = "1"
        database.BEGIN_TIMEOUT_SECONDS = 1
    Faulty.messages, Faulty.fault, Faulty.at = 0, fault, at
    database.Session = Faulty  # type: ignore[misc]
    try:
        there.send(call())
    except BillingError as error:
        there.send(error.status)
    signal.pause()
