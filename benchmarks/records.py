"""A walk through a million records of one company, through the handler, and its pages beside the same ones as bare SQL."""

import json
import resource
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from benchmarks.measure import seconds, verdict
from local.runtime import invoke
from tests.world import World, api_event

RECORDS = 1_000_000
PAGE = 1_000
PAGES = RECORDS // PAGE
TENTHS = {"first": 0, "middle": PAGES // 2, "last": PAGES - PAGES // 10}
"""The page that each begins with."""

STEADY_LIMIT = 1.25
"""A page of any tenth takes at most so many times one of the first."""

BARE_LIMIT = 5
"""A page takes at most so many times the bare statement, whose rows are neither grouped nor checked nor written as JSON."""

LAST_LIMIT = 3
"""The last page takes at most so many times the others, though all records have just arrived."""

MEMORY_LIMIT = 8
"""Megabytes by which the peak may grow after the first tenth."""

PATH = "/v1/companies/invoiced/usage-records"
START = datetime(2025, 1, 1, tzinfo=UTC)
LOAD = """
    INSERT INTO billing_usage_records
        (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp, metadata)
    SELECT 'invoiced', 'invoiced-' || n % 100, 'seat_usage', 30, 'invoiced-' || n,
        :start::timestamptz + n / 1000 * interval '1 minute', '{"source": "track_seat_usage"}'
    FROM generate_series(0, :records::int - 1) n
"""
BARE_PAGE = """
    SELECT id, campaign_id, event_type, quantity::text, event_timestamp::text AS at, deduplication_key, metadata::text
    FROM billing_usage_records
    WHERE company_id = 'invoiced' AND (event_timestamp, id) > (:after::timestamptz, 0) AND event_timestamp < '2026-01-01'
    ORDER BY event_timestamp, id LIMIT 1000
"""


def run(world: World) -> None:
    """Load the records, walk, and compare pages, printing each figure beside its limit."""
    world.company(id="invoiced")
    for number in range(100):
        world.campaign("invoiced", id=f"invoiced-{number}")
    world.connection.run(LOAD, records=RECORDS, start=START)
    world.connection.run("VACUUM ANALYZE billing_usage_records")
    print(f"a walk through {RECORDS:,} records, {PAGE:,} a page, through the handler")
    _compare(world, _walk())


def _walk() -> list[str | None]:
    """The cursors of all pages, the first page's null."""
    cursors: list[str | None] = [None]
    taken, memory = [], []

    def follow() -> None:
        cursors.append(_page(cursors[-1])["nextCursor"])

    for page in range(PAGES):
        taken.append(seconds(follow))
        if (page + 1) % (PAGES // 10) == 0:
            memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    if cursors.pop() is not None:
        raise AssertionError("the walk goes on after the last record")
    for tenth, first in TENTHS.items():
        rate = RECORDS / 10 / sum(taken[first : first + PAGES // 10])
        print(f"  {tenth + ' tenth':<16}{rate:>10,.0f} records/s")
    _print("memory's growth", memory[-1] - memory[0], "MB after the first tenth", MEMORY_LIMIT)
    _print("the last page", taken[-1] / median(taken), "× the others: it looks for what has arrived meanwhile", LAST_LIMIT)
    return cursors


def _compare(world: World, cursors: list[str | None]) -> None:
    """Pages of each tenth in turn, so that whatever else the machine does falls on all of them alike."""
    statement = world.connection.prepare(BARE_PAGE)
    ours: dict[str, list[float]] = {tenth: [] for tenth in TENTHS}
    bare: dict[str, list[float]] = {tenth: [] for tenth in TENTHS}
    for number in range(PAGES // 10 - 1):
        for tenth, first in TENTHS.items():
            page = first + number
            after = START + timedelta(minutes=page)
            ours[tenth].append(seconds(lambda: _page(cursors[page])))  # noqa: B023
            bare[tenth].append(seconds(lambda: statement.run(after=after)))  # noqa: B023
    pages = {tenth: median(times) for tenth, times in ours.items()}
    _print("slowest page", max(pages.values()) / pages["first"], "× those of the first tenth", STEADY_LIMIT)
    ratio = max(pages[tenth] / median(bare[tenth]) for tenth in TENTHS)
    _print("a page", ratio, f"× the bare statement's {median(bare['first']) * 1000:.1f} ms", BARE_LIMIT)


def _page(cursor: str | None) -> dict[str, Any]:
    query = {"start": "2025-01-01", "end": "2026-01-01", "limit": str(PAGE)} | ({"cursor": cursor} if cursor else {})
    body: dict[str, Any] = json.loads(invoke("list_usage_records", api_event("GET", PATH, query=query))["body"])
    return body


def _print(what: str, figure: float, unit: str, limit: float) -> None:
    print(f"  {what:<16}{figure:>10,.2f} {unit} ({verdict(figure, limit)})")
