"""`make reconcile`: what is found of every company as a table, and the status."""

import os
import subprocess
import sys

from local.postgres import ROOT
from tests.operations.invoicing import plant
from tests.world import World


def reconciled(url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local.reconcile"]
    return subprocess.run(
        command, check=False, cwd=ROOT, env=os.environ | {"DATABASE_URL": url}, capture_output=True, text=True, timeout=60
    )


def test_every_company_is_checked_now_and_what_differs_has_its_ids_and_both_values(world: World, database_url: str) -> None:
    for company in ("ours", "theirs"):
        world.campaign(world.company(id=company), "credits", id=f"campaign-of-{company}", credit_allocation=100)
    clean = reconciled(database_url)
    plant(world, "UPDATE campaigns SET credits_remaining = 101 WHERE company_id = 'theirs'")

    damaged = reconciled(database_url)

    assert (clean.returncode, clean.stderr, damaged.returncode, damaged.stderr) == (0, "", 1, "")
    assert "{" not in clean.stdout + damaged.stdout
    assert "ours: no difference, 0 pending" in clean.stdout and "theirs: no difference, 0 pending" in clean.stdout
    assert "ours: no difference, 0 pending" in damaged.stdout and "theirs: differences, 0 pending" in damaged.stdout
    assert "    campaignId campaign-of-theirs: creditsRemaining is 101, expected 100" in damaged.stdout.splitlines()
