"""Try the promises of the design at length: `python -m tests.soak MINUTES`. Prints what was tried, and how often."""

import os
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from billing.database import session as database
from billing.operations.migrate import migrate
from local import gateway, postgres
from local.databases import connect, scratch
from tests.soak import bad_input, faults, load, outages
from tests.soak.machine import Billing
from tests.world import World

HISTORIES, STEPS = 20, 50
KILLS = 10
INPUTS, INPUTS_OF_A_SEED = 100_000, 5_000
EXAMPLES_OF_A_ROUTE = 200
PARTS = ("model", "faults", "outages", "load", "input", "contract")


def model(minutes: float, first_seed: int) -> str:
    """Histories against the model of the design, each seed some; a difference is printed with the shortest that shows it."""
    ends, number = time.monotonic() + 60 * minutes, first_seed
    with _database() as (world, _):
        Billing.world = world
        while time.monotonic() < ends:
            run_state_machine_as_test(
                seed(number)(Billing),
                settings=settings(
                    max_examples=HISTORIES,
                    stateful_step_count=STEPS,
                    database=None,
                    deadline=None,
                    phases=[Phase.generate, Phase.shrink],
                    suppress_health_check=list(HealthCheck),
                ),
            )
            number += 1
    kinds = ", ".join(f"{name} {count:,}" for name, count in Billing.steps.most_common())
    return f"{Billing.steps.total():,} steps, seeds {first_seed} to {number - 1}: {kinds}"


def strike(_minutes: float, _seed: int) -> str:
    """Every operation and job that writes, struck at every message."""
    with _database() as (world, _):
        struck = faults.strike(world)
    return f"{struck.total():,} faults: " + ", ".join(f"{name} {count}" for name, count in struck.most_common())


def kill_postgres(_minutes: float, _seed: int) -> str:
    """Postgres killed under load."""
    acknowledged, failed = outages.kill_postgres(KILLS)
    return f"{KILLS} times SIGKILL to Postgres: {acknowledged:,} events acknowledged and there, {failed:,} requests told 503"


def put_under_load(minutes: float, _seed: int) -> str:
    """32 callers at once."""
    with _database() as (world, url):
        statuses, events = load.put_under_load(world, url, 60 * minutes)
    by_status = ", ".join(f"{status} {count:,}" for status, count in sorted(Counter(s for _, s, _ in statuses).items()))
    return "\n  ".join(
        [f"{load.CALLERS} callers, {len(statuses):,} requests ({by_status}), {events:,} records", *load.percentiles(statuses)]
    )


def send_bad_input(_minutes: float, first_seed: int) -> str:
    """Malformed events and requests."""
    statuses = Counter[int]()
    with _database() as (world, _):
        for number in range(first_seed, first_seed + INPUTS // INPUTS_OF_A_SEED):
            statuses += bad_input.try_inputs(world, INPUTS_OF_A_SEED, number)
    return f"{statuses.total():,} inputs: " + ", ".join(f"{status} {count:,}" for status, count in sorted(statuses.items()))


def contract(_minutes: float, first_seed: int) -> str:
    """Schemathesis with more examples and another seed."""
    os.environ |= {"SCHEMATHESIS_SEED": str(first_seed), "SCHEMATHESIS_EXAMPLES": str(EXAMPLES_OF_A_ROUTE)}
    sent, original = Counter[str](), gateway.application

    def counted(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        sent["requests"] += 1
        return original(environ, start_response)

    gateway.application = counted
    try:
        assert pytest.main(["--no-cov", "-p", "no:cacheprovider", "tests/test_contract.py"]) == 0
    finally:
        gateway.application = original
    return f"{sent['requests']:,} requests of Schemathesis"


RUN: dict[str, Callable[[float, int], str]] = dict(
    zip(PARTS, (model, strike, kill_postgres, put_under_load, send_bad_input, contract), strict=True)
)


@contextmanager
def _database() -> Iterator[tuple[World, str]]:
    with postgres.running() as server, scratch(server) as url:
        os.environ["DATABASE_URL"] = url
        migrate()
        world = World(connect(url))
        with closing(world.connection):
            yield world, url


def main(minutes: float, parts: list[str]) -> int:
    # The functions log to the standard output.
    screen = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    first_seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
    failed = 0
    for part in parts or PARTS:
        begun, environment = time.monotonic(), dict(os.environ)
        try:
            told = RUN[part](minutes, first_seed)
        except AssertionError as error:
            failed += 1
            told = f"FAILED, seed {first_seed}\n" + "".join(traceback.format_exception(error))
        finally:
            database.disconnect()
            os.environ.clear()
            os.environ.update(environment)
        print(f"{part} ({time.monotonic() - begun:,.0f} s): {told}", file=screen, flush=True)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
