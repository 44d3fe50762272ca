"""`make demo`: the same statements however often it runs, nothing recorded twice, nobody else's campaigns charged."""

import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from local import demo_files
from tests.world import World, connect

ONLY_THE_RUN = "Sent by callers"
"""The heading after the statements, under which each run says what it did itself."""


@dataclass
class Runs:
    """What two runs in one empty database printed, and what is there after each."""

    first: str
    second: str
    ledger: list[dict[str, Any]]
    ledger_after_second: list[dict[str, Any]]
    balances: list[dict[str, Any]]


def run_demo(url: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV_")} | {"DATABASE_URL": url}
    command = [sys.executable, "-m", "local.demo"]
    return subprocess.run(command, env=environment, cwd=demo_files.FOLDER.parent, capture_output=True, text=True, check=False)


def printed(url: str) -> str:
    done = run_demo(url)
    assert done.returncode == 0, done.stderr
    return re.sub(r"\nTook .*\n", "", done.stdout)


@pytest.fixture(scope="module")
def runs(database_url: str) -> Runs:
    world = World(connect(database_url))
    world.empty()
    first, ledger = printed(database_url), world.ledger()
    second, ledger_after_second = printed(database_url), world.ledger()
    balances = world.rows(
        "SELECT c.id, credit_allocation, credits_remaining, (SELECT sum(quantity) FROM billing_usage_records r"
        " WHERE r.campaign_id = c.id AND event_type = 'credit_usage') AS used FROM campaigns c WHERE pricing_model = 'credits'"
    )
    world.connection.close()
    return Runs(first, second, ledger, ledger_after_second, balances)


def test_the_output_is_the_one_checked_in(runs: Runs) -> None:
    assert runs.first == (demo_files.FOLDER / "output.txt").read_text()


def test_a_second_run_prints_the_same_statements(runs: Runs) -> None:
    first, second = (output.split(ONLY_THE_RUN)[0] for output in (runs.first, runs.second))

    assert first == second


def test_a_second_run_records_nothing(runs: Runs) -> None:
    assert runs.ledger_after_second == runs.ledger
    assert "which recorded nothing again" in runs.second


def test_every_balance_is_the_allocation_less_what_was_used(runs: Runs) -> None:
    assert len(runs.balances) >= 2
    assert all(row["credits_remaining"] == row["credit_allocation"] - row["used"] for row in runs.balances)


def test_a_run_shows_an_alert_and_a_top_up(runs: Runs) -> None:
    assert "credits run low" in runs.first
    assert "top-up" in runs.first


def test_each_line_fits_a_screen(runs: Runs) -> None:
    assert max(map(len, runs.first.splitlines())) <= 100


def test_each_pricing_model_has_two_campaigns() -> None:
    campaigns = demo_files.read().portfolio["campaigns"]

    count = Counter(campaign["pricing_model"] for campaign in campaigns)

    assert set(count) == {"seats", "credits", "bundle", "iaas", "custom"}
    assert min(count.values()) >= 2


@pytest.mark.parametrize("start_date", ["2025-02-22", "2025-03-31"])
def test_it_stops_where_its_jobs_would_charge_another_companys_seats(world: World, database_url: str, start_date: str) -> None:
    campaign = world.campaign(world.company(), current_volunteers=7, start_date=start_date, end_date=start_date)

    done = run_demo(database_url)

    assert done.returncode == 1
    assert campaign in done.stderr
    assert world.value("SELECT count(*) FROM companies") == 1
    assert world.ledger() == []


def test_it_stops_where_its_jobs_would_charge_another_companys_activities(world: World, database_url: str) -> None:
    campaign = world.campaign(world.company(), "credits")
    world.insert("campaign_activities", campaign_id=campaign, kind="session", quantity="1", occurred_at="2025-01-01T00:00Z")

    done = run_demo(database_url)

    assert done.returncode == 1
    assert campaign in done.stderr
    assert world.ledger() == []
