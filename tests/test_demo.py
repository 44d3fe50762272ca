"""`make demo`: the same statements however often it runs, nothing recorded twice, nobody else's campaigns charged."""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from demo import files
from local.databases import connect, scratch
from tests.world import World

pytestmark = pytest.mark.xdist_group("demo")

ONLY_THE_RUN = "Sent by callers"
"""The heading after the statements, under which each run says what it did itself."""

RENAMED = "Savanna Weavers"
"""What a company is called between the runs."""


@dataclass
class Runs:
    """What two runs in one empty database printed, the ledger after the first, and the database after the second."""

    first: str
    second: str
    ledger: list[dict[str, Any]]
    world: World


def run_demo(url: str) -> subprocess.CompletedProcess[str]:
    command, folder = [sys.executable, "-m", "demo"], files.FOLDER.parent
    environment = os.environ | {"DATABASE_URL": url}
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)


def printed(url: str) -> str:
    done = run_demo(url)
    assert done.returncode == 0, done.stderr
    return re.sub(r"\nTook .*\n", "", done.stdout)


@pytest.fixture(scope="module")
def url(database_url: str) -> Iterator[str]:
    """A database of the demo's own, in which it finds nothing, not even tables."""
    with scratch(database_url) as url:
        yield url


@pytest.fixture(scope="module")
def runs(url: str) -> Iterator[Runs]:
    first = printed(url)
    world = World(connect(url))
    ledger = world.ledger()
    world.connection.run("UPDATE companies SET name = :name WHERE id = 'demo-savanna'", name=RENAMED)
    yield Runs(first, printed(url), ledger, world)
    world.connection.close()


def test_the_output_is_the_one_checked_in(runs: Runs) -> None:
    assert runs.first == (files.FOLDER / "output.txt").read_text()


def test_a_second_run_prints_the_same_statements(runs: Runs) -> None:
    first, second = (output.split(ONLY_THE_RUN)[0] for output in (runs.first, runs.second))

    assert first == second


def test_the_callers_mistakes_are_seen(runs: Runs) -> None:
    sent = [line.split() for line in runs.first.splitlines() if re.match(r"  \S+\.csv ", line)]

    recorded, duplicates, conflicts, rejected = (sum(int(line[column]) for line in sent) for column in range(2, 6))

    by_callers = "SELECT count(*) FROM billing_usage_records WHERE metadata ->> 'source' IS NULL"
    assert recorded == runs.world.value(by_callers)
    assert (duplicates, conflicts, rejected) == (24, 1, 2)


def test_a_second_run_records_nothing(runs: Runs) -> None:
    assert runs.world.ledger() == runs.ledger
    assert "which recorded nothing again" in runs.second


def test_every_balance_is_the_allocation_less_what_was_used(runs: Runs) -> None:
    rows = runs.world.rows(
        "SELECT credit_allocation, credits_remaining, sum(quantity) AS used FROM campaigns c"
        " JOIN billing_usage_records r ON r.campaign_id = c.id AND event_type = 'credit_usage' GROUP BY c.id"
    )

    assert len(rows) >= 2
    assert all(row["credits_remaining"] == row["credit_allocation"] - row["used"] for row in rows)


def test_a_balance_runs_low_then_out_and_is_topped_up(runs: Runs) -> None:
    events = ("credits run low", "credits are used up", "top-up .* before, .* after")

    assert re.search(r".*\n.*".join(events), runs.first)


def test_a_row_that_is_there_already_is_left_alone(runs: Runs) -> None:
    assert runs.world.value("SELECT name FROM companies WHERE id = 'demo-savanna'") == RENAMED


def test_each_line_fits_a_screen(runs: Runs) -> None:
    assert max(map(len, runs.first.splitlines())) <= 100


def test_each_pricing_model_has_two_campaigns() -> None:
    campaigns = files.read().portfolio["campaigns"]

    count = Counter(campaign["pricing_model"] for campaign in campaigns)

    assert set(count) == {"seats", "credits", "bundle", "iaas", "custom"}
    assert min(count.values()) >= 2


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
