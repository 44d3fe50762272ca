"""`make reconcile`: the daily reconciliation of every company, here and now, and what it found as a table. The job's logs go to
`.local/reconcile.log`."""

import contextlib
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from billing.database.reconciliation import Reconciliation
from billing.database.session import ALL_COMPANIES, load_json, transaction
from billing.sql import queries
from local import postgres
from local.aws_events import scheduled_event
from local.runtime import invoke, migrate

LOG = Path(".local/reconcile.log")

CHUNK = 1000
"""Companies whose results are read at a time."""

_SQL = queries("reconciliation")


def main() -> None:
    """Exits with 1 where there are differences."""
    stdout, all_ok = sys.stdout, True
    LOG.parent.mkdir(exist_ok=True)
    with LOG.open("w") as log, contextlib.redirect_stdout(log), postgres.running() as url:
        os.environ["DATABASE_URL"] = url
        migrate()
        invoke("reconcile", scheduled_event(datetime.now(UTC).replace(minute=0, second=0, microsecond=0)))
        for result in _results():
            print(_table(result), file=stdout)
            all_ok = all_ok and result.ok
    sys.exit(0 if all_ok else 1)


def _results() -> Iterator[Reconciliation]:
    after = ""
    while True:
        with transaction(ALL_COMPANIES) as db:
            results: list[str] = db.values(_SQL["results"], after=after, size=CHUNK)
        for result in results:
            found = Reconciliation.model_validate(load_json(result))
            yield found
            after = found.company_id
        if len(results) < CHUNK:
            return


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
