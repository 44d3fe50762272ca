"""Postgres is killed under load, and comes back: what was acknowledged is there, and nothing is twice (design §4.1, §4.4)."""

import multiprocessing
import os
import random
import signal
import time
from contextlib import closing, suppress
from multiprocessing.managers import ListProxy
from pathlib import Path
from typing import Any

from billing.database import session as database
from billing.operations.migrate import migrate
from local.databases import connect
from tests.callers import track, usage_event
from tests.cluster import Cluster, fresh_cluster, url
from tests.operations.test_reconciliation import reconciled
from tests.world import World

CALLERS = 4
SECONDS_BETWEEN, SECONDS_DOWN = 3, 0.5
CAMPAIGNS = ["outage-seats", "outage-credits"]


def kill_postgres(times: int) -> tuple[int, int]:
    """Kill a server of its own so many times; how many events were acknowledged, and how many requests failed truthfully."""
    with fresh_cluster() as cluster:
        os.environ["DATABASE_URL"] = url(cluster.use())
        migrate()
        with closing(connect(os.environ["DATABASE_URL"])) as connection:
            # The embedded server is set to lose a moment's commits where it crashes.
            connection.run("ALTER DATABASE billing SET synchronous_commit = on")
        database.disconnect()
        world = World(connect(os.environ["DATABASE_URL"]))
        company = world.company(id="outage")
        world.campaign(company, id=CAMPAIGNS[0])
        world.campaign(company, "credits", id=CAMPAIGNS[1], credit_allocation=500)
        world.connection.close()
        context = multiprocessing.get_context("fork")
        with context.Manager() as manager:
            told: ListProxy[Any] = manager.list()
            callers = [context.Process(target=_call, args=(seed, told)) for seed in range(CALLERS)]
            for caller in callers:
                caller.start()
            for _ in range(times):
                time.sleep(SECONDS_BETWEEN)
                _kill(cluster)
                assert url(cluster.use()) == os.environ["DATABASE_URL"]
            time.sleep(SECONDS_BETWEEN)
            for caller in callers:
                caller.terminate()
                caller.join()
            return _check(list(told))


def _kill(cluster: Cluster) -> None:
    """The server and all of its processes, at one stroke."""
    leader = (cluster.data / "postmaster.pid").read_text().split()[0]
    processes = [int(leader)]
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):
            if f"PPid:\t{leader}\n" in status.read_text():
                processes.append(int(status.parent.name))
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    time.sleep(SECONDS_DOWN)
    if Path("/proc", leader).exists():
        # A container without an init keeps its dead, and pg_ctl takes them for the living.
        (cluster.data / "postmaster.pid").unlink()


def _call(seed: int, told: "ListProxy[Any]") -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    dice, number = random.Random(seed), 0  # noqa: S311
    while True:
        number += 1
        batch = [_event(f"{seed}-{number}-{place}", dice) for place in range(10)]
        answer = track(*batch)
        ids = [result["usageRecordId"] for result in answer.body.get("results", [])]
        told.append((answer.status, batch, ids))


def _event(name: str, dice: random.Random) -> dict[str, Any]:
    kind = dice.choice(["seat_usage", "credit_usage"])
    instant = f"2025-03-{dice.randrange(1, 32):02}T{dice.randrange(24):02}:00:00Z"
    return usage_event(dice.choice(CAMPAIGNS), id=name, eventType=kind, quantity=1, timestamp=instant)


def _check(told: list[tuple[int, list[dict[str, Any]], list[str]]]) -> tuple[int, int]:
    """Every batch again: what was acknowledged has its record, what was not has one now."""
    failed, acknowledged = 0, 0
    for status, batch, ids in told:
        assert status in (200, 503), status
        again = track(*batch).body
        assert again["rejected"] == 0, again
        failed += status == 503
        acknowledged += len(ids)
        if status == 200:
            assert [result["usageRecordId"] for result in again["results"]] == ids
            assert again["duplicates"] == len(batch)
    database.disconnect()
    with closing(connect(os.environ["DATABASE_URL"])) as connection:
        # The callers were stopped in the middle of a batch each, which may be there and was told to nobody.
        stored = World(connection).value("SELECT count(DISTINCT event_id) FROM billing_usage_records")
        assert 0 <= stored - sum(len(batch) for _, batch, _ in told) <= 10 * CALLERS
    wrong = [check for check in reconciled("outage")["checks"] if check["differences"]]
    assert not wrong, wrong
    return acknowledged, failed
