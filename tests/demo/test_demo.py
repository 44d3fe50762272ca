"""`make demo`: the same statements however often it runs, nothing recorded twice, nobody else's campaigns charged."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from difflib import unified_diff
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from werkzeug.test import Client

from billing.database import session as database
from billing.operations.migrate import migrate
from demo import changes, files, platform, play
from demo.checked import FOLDER
from demo.play import call
from local.databases import connect, scratch
from local.gateway import application
from local.postgres import ROOT
from tests.jobs.test_outbox import event_types
from tests.operations.invoicing import put_seller
from tests.world import World

ONLY_THE_RUN = "Sent by callers"
"""The heading after the statements, under which each run says what it did itself."""

COMPANIES = ("demo-fjellbris", "demo-savanna", "demo-altaluz")
NEWCOMER = "  - {id: demo-new, name: Newcomer, time_zone: UTC}\n"
RENAMED = "Savanna Weavers"
"""What a company is called between the runs."""


@dataclass
class Runs:
    """What two runs in one empty database printed, with all examples of the README and a renamed company between them; what
    they remarked on standard error; the ledger and the documents after each, the types of events after the first, and the
    database after the second."""

    first: str
    second: str
    remarks: tuple[str, str]
    ledger: list[dict[str, Any]]
    later_ledger: list[dict[str, Any]]
    documents: list[dict[str, Any]]
    later_documents: list[dict[str, Any]]
    event_types: set[str]
    world: World


def run_demo(url: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "demo"]
    environment = os.environ | {
        "DATABASE_URL": url,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)


def printed(url: str) -> tuple[str, str]:
    done = run_demo(url)
    assert done.returncode == 0, done.stderr
    return re.sub(r"\nTook .*\n", "", done.stdout).replace(f"DEMO-{this_year()}-", "DEMO-2026-"), done.stderr


def this_year() -> int:
    """The year of the numbers that are given now."""
    return datetime.now(ZoneInfo("Europe/Oslo")).year


def differing(before: str, after: str) -> list[str]:
    """The lines in which two outputs differ; pytest's own comparison takes minutes where whole logs were printed."""
    return list(unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))


def documents_of(world: World) -> list[dict[str, Any]]:
    return world.rows("SELECT number, document FROM invoices ORDER BY year, sequence")


def readme_examples() -> Iterator[dict[str, Any]]:
    """The curl commands of the README, each as what the local gateway's client takes."""
    (block,) = re.findall(r"^```bash\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    for command in re.split(r"^curl ", block, flags=re.MULTILINE)[1:]:
        words = shlex.split(command.replace("\\\n", " "), comments=True)
        options = dict(pairwise(words))
        (url,) = (word for word in words if word.startswith("$API"))
        body = options.get("-d")
        content_type = "application/json" if body else None
        method = options.get("-X", "POST" if body else "GET")
        yield {"path": url.removeprefix("$API"), "method": method, "data": body, "content_type": content_type}


def account_of(runs: Runs, campaign: str) -> str:
    """The credits account of a campaign, as the first run printed it."""
    _, _, accounts = runs.first.partition("\nCredits accounts\n")
    (account,) = re.findall(rf"^{campaign} .*?closing +\S+$", accounts, re.DOTALL | re.MULTILINE)
    return str(account)


def entries(account: str) -> dict[str, str]:
    return dict(re.findall(r"^ +(opening|bought|used|of which overage|expired|closing) +(\S+)$", account, re.MULTILINE))


@pytest.fixture(scope="module")
def url(database_url: str) -> Iterator[str]:
    """A database of the demo's own, in which it finds nothing, not even tables."""
    with scratch(database_url) as url:
        yield url


@pytest.fixture(scope="module")
def runs(url: str) -> Iterator[Runs]:
    first, first_remarks = printed(url)
    world = World(connect(url))
    ledger, documents = world.ledger(), documents_of(world)
    types = {row["type"] for row in world.rows("SELECT DISTINCT type FROM billing_events")}
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_URL", url)
        for example in readme_examples():
            assert Client(application).open(**example).status_code < 300, example
    world.connection.run("UPDATE companies SET name = :name WHERE id = 'demo-savanna'", name=RENAMED)
    second, second_remarks = printed(url)
    remarks, later = (first_remarks, second_remarks), documents_of(world)
    yield Runs(first, second, remarks, ledger, world.ledger(), documents, later, types, world)
    database.disconnect()
    world.connection.close()


def test_the_output_is_the_one_checked_in(runs: Runs) -> None:
    assert differing((FOLDER / "output.txt").read_text(), runs.first) == []


def test_a_second_run_prints_the_same_statements(runs: Runs) -> None:
    first, second = (output.split(ONLY_THE_RUN)[0] for output in (runs.first, runs.second))

    assert differing(first, second) == []


def test_a_run_says_which_rows_differ_from_the_files_and_how_to_begin_anew(runs: Runs) -> None:
    place = "demo/portfolio.yaml:6: name of demo-savanna"
    assert runs.remarks[1].splitlines()[-3:] == [
        "What is in the database is not the demo's alone:",
        f"  {place} is Savanna Textiles here, but {RENAMED} in the database, which counts",
        "`make demo-reset` begins anew.",
    ]
    assert "alone" not in runs.remarks[0]


def test_usage_of_the_month_and_credits_that_others_recorded_are_told(
    runs: Runs, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    month, demos = files.read(), [row["id"] for row in runs.world.ledger()]
    event = {"campaignId": "demo-girls-in-tech", "eventType": "learner_served", "quantity": 50, "id": "a-mistake"}
    call("POST", "/v1/usage-events", json={"events": [event | {"timestamp": "2025-03-12T15:00:00Z"}]})
    call("POST", "/v1/campaigns/demo-school-water/credits", json={"credits": "100", "id": "order-1"})

    told = changes.added_usage(month, demos)

    assert told == [
        "demo-girls-in-tech: learner_served of 50 at 2025-03-12 15:00 UTC",
        "demo-school-water: top-up order-1 of 100 credits",
    ]


def test_corrections_and_changes_of_terms_that_others_made_are_told(
    runs: Runs, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    month, demos = files.read(), [row["id"] for row in runs.world.ledger()]
    hour = {"campaign_id": "demo-fjord-clean-up", "event_timestamp": datetime(2025, 3, 22, 9, tzinfo=UTC)}
    (peak,) = (row["id"] for row in runs.ledger if hour.items() <= row.items())
    correction = {"usageRecordId": str(peak), "id": "fewer", "quantity": "44", "reason": "Counted twice"}
    call("POST", "/v1/usage-corrections", json={"corrections": [correction]})
    change = {"terms": {"seatPricePerMonth": "34"}, "effectiveFrom": "2025-05-15", "reason": "Amendment"}
    call("PUT", "/v1/campaigns/demo-fjord-clean-up/terms", json=change | {"id": "amendment-1"})

    told = [line for line in changes.added_usage(month, demos) if "demo-fjord" in line]

    assert told == [
        "demo-fjord-clean-up: seat_usage of 44 at 2025-03-22 09:00 UTC, which corrects another: Counted twice",
        'demo-fjord-clean-up: terms amendment-1 from 2025-05-14 22:00 UTC: {"seat_price_per_month": 34}',
    ]


def test_seats_and_activities_that_were_changed_after_the_run_are_told(
    runs: Runs, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    seats, activities = folder / "seats.yaml", folder / "activities.csv"
    seats.write_text(seats.read_text().replace("9: 66, 18: 45", "9: 67, 18: 45"))
    header, first, _, *rest = activities.read_text().splitlines()
    activities.write_text("\n".join([header, first.replace("62.5", "63.5"), *rest]))

    month = files.read()

    first_hour = "first 2025-03-22 08:00 UTC: 67 here, but 66 in the database, which counts"
    assert changes.changed_seats(month) == [f"demo/seats.yaml:4: 36 hours of demo-fjord-clean-up differ, {first_hour}"]
    assert [line for line in changes.changed_rows(month) if "activities" in line] == [
        "demo/activities.csv:2: quantity of demo-skills-0304-hours is 63.5 here, but 62.5 in the database, which counts",
        "demo/activities.csv:1: demo-skills-0304-sessions is not here, but in the database, which counts",
    ]


def test_a_second_demo_on_the_same_database_says_that_another_is_running(world: World, database_url: str) -> None:
    migrate()
    with platform.alone():
        done = run_demo(database_url)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == "Another demo is running on this database. Wait until it has ended, then run make demo again."
    assert world.value("SELECT count(*) FROM companies") == 0


def test_the_callers_mistakes_are_seen(runs: Runs) -> None:
    sent = [line.split() for line in runs.first.splitlines() if re.match(r"  \S+\.csv ", line)]

    recorded, duplicates, conflicts, rejected = (sum(int(line[column]) for line in sent) for column in range(2, 6))

    assert recorded == len([row for row in runs.ledger if "source" not in row["metadata"] and row["corrects"] is None])
    assert (duplicates, conflicts, rejected) == (24, 1, 2)


def test_a_second_run_records_nothing(runs: Runs) -> None:
    *before, of_the_readme = runs.later_ledger

    assert before == runs.ledger
    assert (of_the_readme["campaign_id"], of_the_readme["event_type"]) == ("demo-first-job-mentoring", "session_completed")
    assert "which recorded nothing again" in runs.second


def test_every_balance_is_what_was_bought_less_what_was_burned(runs: Runs) -> None:
    rows = runs.world.rows(
        "SELECT c.credits_remaining, (SELECT sum(credits) FROM credit_grants g WHERE g.campaign_id = c.id) AS bought,"
        " (SELECT sum(credits) FROM credit_movements m WHERE m.campaign_id = c.id AND grant_id IS NOT NULL) AS burned"
        " FROM campaigns c WHERE pricing_model = 'credits'"
    )

    assert len(rows) >= 2
    assert all(row["credits_remaining"] == row["bought"] - row["burned"] for row in rows)


def test_a_balance_runs_low_then_out_and_credits_are_bought_after_an_overage(runs: Runs) -> None:
    account = account_of(runs, "Sewing-floor skills evenings")

    assert account.index("credits run low: 52.75 left") < account.index("credits are used up: 0 left")
    assert "400 credits at 5.00: Purchase order of 26 March" in account
    assert entries(account) == {"opening": "550", "bought": "400", "used": "657.75", "of which overage": "23.25",
                                "expired": "0", "closing": "315.5"}  # fmt: skip


def test_a_grant_expires_after_usage_reported_late_has_burned_it(runs: Runs) -> None:
    account = entries(account_of(runs, "First-aid courses"))

    assert (account["bought"], account["expired"], account["closing"]) == ("60", "17.5", "88.75")


def test_every_account_closes_with_what_opening_and_purchases_leave(runs: Runs) -> None:
    accounts = re.findall(r"^\S.*? demo-\S+\n  opening .*?closing +\S+$", runs.first, re.DOTALL | re.MULTILINE)

    assert len(accounts) == 3
    for account in accounts:
        entry = {name: Decimal(credits) for name, credits in entries(account).items()}
        burned = entry["used"] - entry["of which overage"]
        assert entry["opening"] + entry["bought"] - burned - entry["expired"] == entry["closing"]


def test_the_terms_of_a_campaign_change_in_the_middle_of_the_month(runs: Runs) -> None:
    (statement,) = re.findall(r"^Neighbourhood kitchens · .*? total .*?$", runs.first, re.DOTALL | re.MULTILINE)

    assert "= 7,082 seat-hours above 0 ÷ 743 × 22.50\n    from 2025-03-01 00:00-05:00 until 2025-03-15 00:00-04:00" in statement
    assert "= 20 seats × 408 of 743 hours × 20.00\n    from 2025-03-15 00:00-04:00 until 2025-04-01 00:00-04:00" in statement


def test_a_wrong_count_is_corrected_once(runs: Runs) -> None:
    corrections = [row for row in runs.later_ledger if row["corrects"] is not None]

    assert [(row["campaign_id"], row["quantity"]) for row in corrections] == [("demo-girls-in-tech", 11)]
    assert "108 learners × 24.75" in runs.first


def test_a_companys_totals_are_the_sums_of_its_statements(runs: Runs) -> None:
    totals = re.findall(r"^(.*?) +total +(\S+) +covered +(\S+) +due +(\S+) (\S+)$", runs.first, re.MULTILINE)

    sums = defaultdict[tuple[str, int], Decimal](Decimal)
    for name, *amounts, currency in totals:
        for column, amount in enumerate(amounts):
            sums[currency, column] += Decimal(amount.replace(",", "")) * (-1 if name.strip() else 1)

    assert ("Fjellbris Energi", "4,763.36", "2,119.59", "2,643.77", "EUR") in totals
    assert not any(sums.values())


def test_the_invoices_have_the_figures_of_the_design_and_none_is_issued_twice(runs: Runs) -> None:
    numbers = [document["number"][-6:] for document in runs.documents]
    of_march, *_, note, again, of_april = (document["document"] for document in runs.documents)

    assert runs.later_documents == runs.documents
    assert numbers == [f"{n:06}" for n in range(1, 7)]
    assert (of_march["netAmount"], of_march["taxAmount"], of_march["totalAmount"]) == ("2643.54", "660.89", "3304.43")
    assert (note["kind"], note["corrects"], note["totalAmount"]) == ("credit_note", runs.documents[2]["number"], "-8775.60")
    assert (again["buyer"]["buyerReference"], again["totalAmount"]) == ("PO-44017", "8775.60")
    (late,) = (line for line in of_april["lines"] if line["kind"] == "adjustment")
    assert (late["recomputedAmount"], late["invoicedAmount"], late["amount"]) == ("161.29", "161.06", "0.23")


def test_the_first_invoice_is_there_as_pages(runs: Runs) -> None:
    number = runs.documents[0]["number"]
    pdf, html = (FOLDER.parent / ".local" / f"{number}.{name}" for name in ("pdf", "html"))

    assert f".local/DEMO-2026-{number[-6:]}.pdf, .local/DEMO-2026-{number[-6:]}.html" in runs.first
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert number in html.read_text()


def test_the_books_agree_and_nothing_is_pending(runs: Runs) -> None:
    companies = [company["name"] for company in files.read().portfolio["companies"]]

    told = re.findall(r"^  (.*?) +no difference, nothing pending for the next invoice$", runs.second, re.MULTILINE)

    assert told == companies


def test_an_event_of_each_type_is_shown(runs: Runs) -> None:
    _, _, shown = runs.first.split(ONLY_THE_RUN)[0].partition("\nEvents that tell")

    types = set(re.findall(r"^  ([a-z_]+\.[a-z]+) ", shown, re.MULTILINE))

    assert types == runs.event_types
    assert set(event_types()) - types == {"capacity.over", "link.changed", "opportunity.closed", "reconciliation.failed"}


def test_what_followed_the_month_is_there_for_each_company(runs: Runs, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    listed = {name: call("GET", f"/v1/companies/{name}/invoices", name)["invoices"] for name in COMPANIES}
    terms = call("GET", "/v1/campaigns/demo-neighbourhood-kitchens/terms", "demo-altaluz")

    assert {name: [each["kind"] for each in documents] for name, documents in listed.items()} == {
        "demo-fjellbris": ["invoice", "invoice"],
        "demo-savanna": ["invoice"],
        "demo-altaluz": ["invoice", "credit_note", "invoice"],
    }
    assert "AMENDMENT-2025-1" in json.dumps(terms)


def test_documents_and_profiles_that_others_made_are_told(runs: Runs, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    billing, number = files.read().billing, runs.documents[1]["number"]
    assert (play.changed_parties(billing), changes.added_documents(billing)) == ([], [])
    call("PUT", play.profile_of("demo-savanna"), json=billing.profiles["demo-savanna"] | {"daysToPay": 45})
    adjustment = {"id": "goodwill", "currency": "USD", "amount": "-50", "description": "Goodwill", "reason": "Late start"}
    call("POST", "/v1/companies/demo-savanna/adjustments", json=adjustment)
    note = call("POST", f"/v1/invoices/{number}/credit-note", json={"id": "c-1", "reason": "Wrong"})["number"]

    line = billing.lines["profiles", "demo-savanna"]
    assert play.changed_parties(billing) == [
        f"demo/billing.yaml:{line}: demo-savanna is not the same in the database, which counts"
    ]
    assert changes.added_documents(billing) == [
        f"demo-savanna: {note}, credit note of 2025-03",
        "demo-savanna: adjustment goodwill",
    ]


def test_the_readme_shows_what_the_demo_prints() -> None:
    (excerpt,) = re.findall(r"^```text\n(Fjellbris.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    output = (FOLDER / "output.txt").read_text()

    assert all(paragraph.strip("\n") in output for paragraph in excerpt.split("\n\n"))


def test_a_row_that_is_there_already_is_left_alone(runs: Runs) -> None:
    assert runs.world.value("SELECT name FROM companies WHERE id = 'demo-savanna'") == RENAMED


def test_each_line_fits_a_screen(runs: Runs) -> None:
    assert max(map(len, runs.first.splitlines())) <= 100


def test_each_pricing_model_has_two_campaigns() -> None:
    campaigns = files.read().portfolio["campaigns"]

    count = Counter(campaign["pricing_model"] for campaign in campaigns)

    assert set(count) == {"seats", "credits", "bundle", "iaas", "custom"}
    assert min(count.values()) >= 2


def test_a_month_may_lack_what_the_tables_do_not_require(tmp_path: Path, database_url: str) -> None:
    portfolio = Path(shutil.copytree(FOLDER, tmp_path / "demo")) / "portfolio.yaml"
    text = portfolio.read_text().replace("  - {id: demo-savanna,", f"{NEWCOMER}  - {{id: demo-savanna,")
    for line in ("    end_date: 2026-02-28\n", "    quantity: 1\n"):
        text = text.replace(line, "", 1)
    portfolio.write_text(text)

    with scratch(database_url) as url:
        done = run_demo(url, tmp_path)

    assert done.returncode == 0, done.stderr
    assert re.search(r"Newcomer +UTC\n2025-03-01 00:00\+00:00 until .*\n═+\n  No campaigns\.\n", done.stdout)
    assert re.search(r"^First-job mentoring .*\n  Runs from 2025-03-10\n", done.stdout, re.MULTILINE)
    assert "Split of demo-fjellbris-2025: 1 × L2I Learn 500" in done.stdout
    assert "alone" not in done.stderr


def test_a_database_of_another_version_is_said_to_be_one(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with scratch(database_url) as url:
        monkeypatch.setenv("DATABASE_URL", url)
        migrate()
        connect(url).run("UPDATE schema_migrations SET checksum = 'other' WHERE name = '0012_credits'")
        done = run_demo(url)
        database.disconnect()

    assert (done.returncode, done.stderr.strip().count("\n")) == (1, 0)
    assert "made this database: 0012_credits.sql was changed after it had been applied" in done.stderr
    assert "`make demo-reset`" in done.stderr


def test_it_stops_where_another_seller_issues_invoices(world: World, database_url: str) -> None:
    put_seller()

    done = run_demo(database_url)

    assert done.returncode == 1
    assert done.stderr.startswith("Another seller issues invoices in this database")
    assert world.value("SELECT count(*) FROM companies") == 0


@pytest.mark.parametrize("start_date", ["2025-02-22", "2025-03-31"])
def test_it_stops_where_its_jobs_would_charge_anothers_seats(world: World, database_url: str, start_date: str) -> None:
    campaign = world.campaign(world.company(), current_volunteers=7, start_date=start_date, end_date=start_date)

    done = run_demo(database_url)

    assert done.returncode == 1
    assert campaign in done.stderr
    assert world.value("SELECT count(*) FROM companies") == 1
    assert world.ledger() == []


def test_it_stops_where_its_jobs_would_charge_anothers_activities(world: World, database_url: str) -> None:
    campaign = world.campaign(world.company(), "credits")
    activity = {"kind": "session", "quantity": "1", "occurred_at": "2025-01-01T00:00Z"}
    world.insert("campaign_activities", campaign_id=campaign, **activity)

    done = run_demo(database_url)

    assert done.returncode == 1
    assert campaign in done.stderr
    assert world.ledger() == []
