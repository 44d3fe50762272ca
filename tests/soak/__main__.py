"""Try the promises of the design at length: `python -m tests.soak [MINUTES [PARTS]]`. Prints a table of what was tried, and
how often.

Five minutes reach the numbers that the design's promises are to be tried by; fewer try a part of each.
"""

import os
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from billing.database import session as database
from billing.operations.migrate import migrate
from local import gateway, postgres
from local.databases import connect, scratch
from tests.faults import Fault
from tests.soak import bad_input, faults, load, outages
from tests.soak.machine import Billing
from tests.world import World

MINUTES = 5
"""Of the model and of the load."""

STEPS, STEPS_OF_A_HISTORY, HISTORIES_OF_A_SEED = 10_000, 50, 5
KILLS = 10
INPUTS, INPUTS_OF_A_SEED = 100_000, 5_000
EXAMPLES_OF_A_ROUTE = 60
WORKERS, WAITING_WORKERS = 2, 6
"""Processes that compute, and that mostly wait for a time-out."""


class Extent(NamedTuple):
    """How much is tried, and from which seed."""

    minutes: float
    seed: int

    def of(self, number: int) -> int:
        """What such a number is where there is less time."""
        return max(1, round(number * min(1.0, self.minutes / MINUTES)))


def say(text: str) -> None:
    """Print how far it is; the functions log to the standard output, which is closed to them."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def model(extent: Extent) -> str:
    """Histories against the model of the design; a difference is printed with the shortest that shows it."""
    with ProcessPoolExecutor(WORKERS) as workers:
        steps = sum(workers.map(partial(_histories, extent), range(WORKERS)), Counter[str]())
    kinds = ", ".join(f"{name} {count:,}" for name, count in steps.most_common())
    say(f"model: {kinds}")
    return f"{steps.total():,} steps of histories of {STEPS_OF_A_HISTORY}, seeds from {extent.seed}"


def _histories(extent: Extent, worker: int) -> Counter[str]:
    """Every WORKERS-th seed, until the minutes are over and the steps are done."""
    ends, number = time.monotonic() + 60 * extent.minutes, extent.seed + worker
    with _database() as (world, _):
        Billing.world = world
        while time.monotonic() < ends or Billing.steps.total() < extent.of(STEPS) / WORKERS:
            run_state_machine_as_test(
                seed(number)(Billing),
                settings=settings(
                    max_examples=HISTORIES_OF_A_SEED,
                    stateful_step_count=STEPS_OF_A_HISTORY,
                    database=None,
                    deadline=None,
                    phases=[Phase.generate, Phase.shrink],
                    suppress_health_check=list(HealthCheck),
                ),
            )
            say(f"model: seed {number}, {Billing.steps.total():,} steps by this worker")
            number += WORKERS
    return Billing.steps


def strike(extent: Extent) -> str:
    """Every operation and job that writes, struck at every message."""
    step = 2 * round(MINUTES / min(extent.minutes, MINUTES))
    # Those that wait longest first; each in two halves.
    tasks = [
        (fault, slice((2 * extent.seed + half) % step, None, step)) for fault in reversed(faults.FAULTS) for half in (0, 1)
    ]
    with ProcessPoolExecutor(WAITING_WORKERS) as workers:
        struck = sum(workers.map(_strike, *zip(*tasks, strict=True)), Counter[Fault]())
    kinds = ", ".join(f"{fault} {count}" for fault, count in struck.items())
    return f"{struck.total():,} faults: {kinds}"


def _strike(fault: Fault, some: slice) -> Counter[Fault]:
    struck = Counter[Fault]()
    with _database() as (world, _):
        for name, count in faults.strike(world, fault, some=some):
            struck[fault] += count
            say(f"faults: {fault} {struck[fault]}, {name} done")
    return struck


def kill_postgres(extent: Extent) -> str:
    """Postgres killed under load."""
    kills = extent.of(KILLS)
    acknowledged, failed = outages.kill_postgres(kills)
    return f"{kills} times SIGKILL to Postgres: {acknowledged:,} events acknowledged, {failed:,} requests told 503"


def put_under_load(extent: Extent) -> str:
    """32 callers at once."""
    with _database() as (world, url):
        statuses, events = load.put_under_load(world, url, 60 * extent.minutes)
    for line in load.percentiles(statuses):
        say(f"load: {line}")
    by_status = ", ".join(f"{status} {count:,}" for status, count in sorted(Counter(s for _, s, _ in statuses).items()))
    recorded = next(line for line in load.percentiles(statuses) if line.startswith("track"))
    return (
        f"{load.CALLERS} callers for {extent.minutes:g} minutes: {len(statuses):,} requests ({by_status}), "
        f"{events:,} records; {recorded}"
    )


def send_bad_input(extent: Extent) -> str:
    """Malformed events and requests."""
    seeds = range(extent.seed, extent.seed + extent.of(INPUTS // INPUTS_OF_A_SEED))
    with ProcessPoolExecutor(WORKERS) as workers:
        statuses = sum(workers.map(partial(_inputs, extent), seeds), Counter[int]())
    return f"{statuses.total():,} inputs: " + ", ".join(f"{status} {count:,}" for status, count in sorted(statuses.items()))


def _inputs(extent: Extent, number: int) -> Counter[int]:
    with _database() as (world, _):
        statuses = bad_input.try_inputs(world, INPUTS_OF_A_SEED, number)
    say(f"input: seed {number}, {statuses.total():,}")
    return statuses


def contract(extent: Extent) -> str:
    """Schemathesis with more examples and another seed."""
    os.environ |= {"SCHEMATHESIS_SEED": str(extent.seed), "SCHEMATHESIS_EXAMPLES": str(extent.of(EXAMPLES_OF_A_ROUTE))}
    sent, original = Counter[str](), gateway.application

    def counted(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        sent["requests"] += 1
        return original(environ, start_response)

    gateway.application = counted
    # What this module imports, pytest would have liked to import itself.
    options = ["--no-cov", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    try:
        assert pytest.main([*options, "tests/test_contract.py"]) == 0
    finally:
        gateway.application = original
    return f"{sent['requests']:,} requests of Schemathesis"


PARTS: dict[str, Callable[[Extent], str]] = {
    "model": model,
    "faults": strike,
    "outages": kill_postgres,
    "load": put_under_load,
    "input": send_bad_input,
    "contract": contract,
}


@contextmanager
def _database() -> Iterator[tuple[World, str]]:
    with _environment(), postgres.running() as server, scratch(server) as url:
        os.environ["DATABASE_URL"] = url
        migrate()
        world = World(connect(url))
        with closing(world.connection):
            yield world, url


@contextmanager
def _environment() -> Iterator[None]:
    """What is set meanwhile is gone afterwards, and so is the connection."""
    before = dict(os.environ)
    try:
        yield
    finally:
        database.disconnect()
        os.environ.clear()
        os.environ.update(before)


def main(minutes: float, parts: list[str]) -> int:
    screen = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    extent = Extent(minutes, int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6)))
    failed, table = 0, ["| part | tried | found | minutes |", "|---|---|---|---|"]
    for part in parts or PARTS:
        begun = time.monotonic()
        say(f"{part}, seed {extent.seed}")
        try:
            with _environment():
                tried, found = PARTS[part](extent), "nothing"
        except Exception as error:  # whatever a part finds, the others are tried
            failed += 1
            say("".join(traceback.format_exception(error)))
            tried, found = f"seed {extent.seed}", f"{type(error).__name__}, see above"
        table.append(f"| {part} | {tried} | {found} | {(time.monotonic() - begun) / 60:.1f} |")
        say(f"{part}: {tried}")
    print("", *table, sep="\n", file=screen, flush=True)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if sys.argv[1:] else MINUTES, sys.argv[2:]))
