"""`make demo`: a sample month of all five pricing models through the real handlers and jobs, then its statements, its invoices
and what they lead to.

The month is in the files of `demo/`. Everything in it has a name of its own, so a second run finds it recorded and
prints the same. The handlers' logs go to `.local/demo.log`.
"""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import TextIO, TypeVar, cast

from demo import changes, closing, files, next_day, platform, play, screen
from demo.checked import BadFile
from demo.files import Month
from demo.platform import AnotherRuns, BadRow
from demo.play import BEGIN_ANEW, Refused, Report, call
from demo.portfolio import Row
from local import postgres
from local.runtime import migrate

# Not POWERTOOLS_METRICS_DISABLED: every hundredth value is printed even so, and a month has thousands.
LOG = Path(".local/demo.log")
T = TypeVar("T")


def main() -> None:
    began, terminal = time.monotonic(), sys.stdout
    month, report = files.read(), Report()
    LOG.parent.mkdir(exist_ok=True)
    with LOG.open("w") as log, redirect_stdout(log), postgres.running() as url:
        os.environ["DATABASE_URL"] = url
        ready = time.monotonic()
        with platform.alone():
            _prepare(month)
            _play(month, report)
            play.bill(month.billing, report)
            next_day.announce(month)
            platform.take_events()
            for line in _lines(month, report):
                print(line, file=terminal)
            differing = changes.found(month, report.record_ids)
    seconds, starting = time.monotonic() - began, ready - began
    print(f"\nTook {seconds:.1f} s, {starting:.1f} s of it to start Postgres. The handlers' logs are in {LOG}.")
    if differing:
        listed = "\n".join(f"  {each}" for each in differing)
        print(f"\nWhat is in the database is not the demo's alone:\n{listed}\n{BEGIN_ANEW}", file=sys.stderr)


def _prepare(month: Month) -> None:
    migrate()
    if foreign := platform.foreign_campaigns(month.hours()):
        sys.exit(
            f"This database has {len(foreign)} campaigns that are not the demo's and that its runs of the hourly jobs "
            f"would charge, first {foreign[0]}. Nothing was changed. Give the demo another database with DATABASE_URL."
        )
    if play.has_other_seller(month.billing):
        sys.exit(
            "Another seller issues invoices in this database, and the demo's would be numbered among them. "
            "Nothing was changed. Give the demo another database with DATABASE_URL. Where the numberPrefix of billing.yaml was "
            f"changed, {BEGIN_ANEW}"
        )
    new, total = platform.load(month), sum(map(len, month.portfolio.values()))
    there = "" if new == total else f" The others were there and stay as they are; {BEGIN_ANEW}"
    print(f"Loaded {new} of {total} companies, bundles, subscriptions and campaigns.{there}", file=sys.stderr)


def _play(month: Month, report: Report) -> None:
    total = len(month.hours())
    label = f"Playing {month.start:%B %Y}: {total} hours of seat and credit jobs"
    end = "\r" if sys.stderr.isatty() else "\n"
    for done in _progress(play.play(month, report), sys.stderr, total):
        print(f"{label} … {100 * done // total} %", end=end, file=sys.stderr, flush=True)
    print(file=sys.stderr)


def _progress(steps: Iterable[int], terminal: TextIO, total: int) -> Iterator[int]:
    """The steps worth a line: each hundredth where it replaces the one before, each quarter where it does not."""
    lines = 100 if terminal.isatty() else 4
    return (step for step in steps if step * lines // total > (step - 1) * lines // total)


def _lines(month: Month, report: Report) -> Iterator[str]:
    """The statements, which are the same in every run, then what this run recorded."""
    for company in month.portfolio["companies"]:
        campaigns, usages = month.campaigns(company["id"]), _usages(month, company["id"])
        yield from screen.company(company, month.period(company), campaigns, usages, list(_splits(month, company["id"])))
    yield from screen.credits(platform.credits_moved(), platform.credit_accounts())
    yield from _invoices(month)
    yield from closing.reconciliation(_of_each_company(month, _reconciled))
    names = _names(month)
    found = _of_each_company(month, lambda company_id: next_day.opportunities(month, company_id))
    yield from closing.opportunities(found, next_day.noon(month), names)
    yield from closing.events(platform.first_events(), names)
    yield from screen.requests(report.requests)
    yield from screen.corrections(report.corrections)
    yield from screen.jobs(report.seat_job, report.credit_job)
    yield from screen.ledger(platform.ledger(), report.recorded)


def _invoices(month: Month) -> Iterator[str]:
    """The documents as a table, and the first of them written as pages."""
    documents = sorted(
        (document for company_id in month.billing.profiles for document in play.documents(company_id)),
        key=lambda document: str(document["number"]),
    )
    pages = {}
    for first in documents[:1]:
        number, invoice = first["number"], f"/v1/invoices/{first['invoiceId']}"
        pages[Path(f".local/{number}.pdf")] = play.fetch(f"{invoice}/pdf", "application/pdf")
        pages[Path(f".local/{number}.html")] = play.fetch(invoice, "text/html")
    for path, content in pages.items():
        path.write_bytes(content)
    yield from closing.invoices(documents, platform.credit_reasons(), pages)


def _reconciled(company_id: str) -> Row:
    return cast("Row", call("GET", f"/v1/companies/{company_id}/reconciliation"))


def _of_each_company(month: Month, found: Callable[[str], T]) -> list[tuple[str, T]]:
    return [(company["name"], found(company["id"])) for company in month.portfolio["companies"]]


def _names(month: Month) -> dict[str, str]:
    return {row["id"]: row.get("name", f"Subscription {row['id']}") for rows in month.portfolio.values() for row in rows}


def _usages(month: Month, company_id: str) -> list[Row]:
    period = {"start": month.start.isoformat(), "end": month.end.isoformat()}
    paths = (f"/v1/campaigns/{campaign['id']}/usage" for campaign in month.campaigns(company_id))
    return [call("GET", path, company_id, query_string=period) for path in paths]


def _splits(month: Month, company_id: str) -> Iterator[tuple[Row, Row, Row]]:
    """Each subscription with its bundle and its split."""
    bundles = {bundle["id"]: bundle for bundle in month.portfolio["l2i_bundles"]}
    for row in month.portfolio["l2i_subscriptions"]:
        if row["company_id"] == company_id:
            split = call("GET", f"/v1/subscriptions/{row['id']}/allocation", company_id)
            yield row, bundles[row["bundle_id"]], split


if __name__ == "__main__":
    try:
        main()
    except (AnotherRuns, BadFile, BadRow, Refused, postgres.ServerFailed) as error:
        sys.exit(f"\n{error}")
    except KeyboardInterrupt:
        sys.exit("\nStopped. The next run goes on with the same month.")
