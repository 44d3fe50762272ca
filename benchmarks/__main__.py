"""`make bench`: each operation beside the least that can do the same, in one run, on one Postgres with durable commits.

`QUICK=1` takes under two minutes, `ONLY=jobs` runs a part, `STRICT=1` exits non-zero where a ratio misses its target. Each of
ROOMS yields rows; a row more is one more `yield` there.
"""

import contextlib
import os
import sys

from benchmarks import books, cold_start, jobs, reading, recording, report
from benchmarks.measure import Row, quietly
from billing.database import session as database
from local import postgres
from local.databases import connect, scratch
from tests.world import World, invoke

ROOMS = {"recording": recording.run, "reading": reading.run, "jobs": jobs.run, "books": books.run}


def main() -> None:
    quick, only = _set("QUICK"), os.environ.get("ONLY", "")
    # What template.yaml gives to the jobs.
    os.environ |= {"POWERTOOLS_LOG_LEVEL": "CRITICAL", "DATABASE_STATEMENT_TIMEOUT": "300"}
    # The embedded server is a throw-away; what is measured here waits for the disk, as in production.
    postgres.SETTINGS |= {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "max_wal_size": "4GB"}
    rows: list[Row] = []
    with postgres.running() as server_url:
        _refuse_forgetful(server_url)
        print(report.HEAD)
        for name, room in ROOMS.items():
            if only and name not in only.split(","):
                continue
            with scratch(server_url) as url, contextlib.closing(connect(url)) as connection:
                os.environ["DATABASE_URL"] = url
                quietly(lambda: invoke("migrate", {}))
                world = World(connection)
                world.company(id="bench")
                for row in room(world, quick):
                    rows.append(row)
                    print(report.line(row.as_json()), flush=True)
                database.disconnect()
        version = connect(server_url).run("SHOW server_version")[0][0]
    if not quick and not only:
        rows += cold_start.run()
    report.write(rows, version, quick)
    if _set("STRICT") and (missed := [row.name for row in rows if not row.met]):
        sys.exit(f"{len(missed)} rows miss their target: {'; '.join(missed)}")


def _set(name: str) -> bool:
    return os.environ.get(name, "") not in ("", "0")


def _refuse_forgetful(server_url: str) -> None:
    for setting in ("fsync", "synchronous_commit"):
        if connect(server_url).run(f"SHOW {setting}")[0][0] == "off":
            sys.exit(
                f"This server runs with {setting} off. End the other commands that use it, or name another by DATABASE_URL."
            )


if __name__ == "__main__":
    try:
        main()
    except postgres.ServerFailed as error:
        sys.exit(str(error))
