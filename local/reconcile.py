"""`make reconcile`: the daily reconciliation of every company, here and now, and what it found as a table."""

import contextlib
import os
import sys
from datetime import UTC, datetime

from billing.database.reconciliation import Reconciliation, load_company
from billing.database.session import ALL_COMPANIES, load_json, transaction
from billing.sql import queries
from local import postgres
from local.aws_events import scheduled_event
from local.runtime import invoke

_SQL = queries("reconciliation")


def main() -> None:
    with contextlib.redirect_stdout(sys.stderr), postgres.running() as url:
        os.environ["DATABASE_URL"] = url
        invoke("migrate", {})
        invoke("reconcile", scheduled_event(datetime.now(UTC).replace(minute=0, second=0, microsecond=0)))
        results = _results()
    for result in results:
        print(_table(result))
    sys.exit(0 if all(result.ok for result in results) else 1)


def _results() -> list[Reconciliation]:
    with transaction(ALL_COMPANIES) as db:
        companies = [row["id"] for row in db.rows(_SQL["companies"], after="", size=10_000)]
        stored = [load_company(db, ALL_COMPANIES, company).result for company in companies]
    return [Reconciliation.model_validate(load_json(result)) for result in stored if result]


def _table(result: Reconciliation) -> str:
    rows = [f"{result.company_id}: {'no difference' if result.ok else 'differences'}, {len(result.pending)} pending"]
    for check in result.checks:
        rows.append(f"  {check.check:<12} {check.compared:>12,} compared {len(check.differences):>4} differ")
        for each in check.differences:
            where = ", ".join(f"{name} {value}" for name, value in each.ids.items())
            rows.append(f"    {where}: {each.field} is {each.found}, expected {each.expected}")
    return "\n".join(rows)


if __name__ == "__main__":
    try:
        main()
    except postgres.ServerFailed as error:
        sys.exit(str(error))
