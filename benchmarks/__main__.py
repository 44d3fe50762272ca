"""`make bench`: each operation beside the least that can do the same, in one run, on one Postgres; limits beside figures."""

import os
import resource

from benchmarks import cold_start, events, jobs, records
from benchmarks.measure import quietly
from local import postgres
from local.databases import connect, scratch
from local.runtime import invoke
from tests.world import World


def main() -> None:
    cold_start.run()
    os.environ["POWERTOOLS_LOG_LEVEL"] = "CRITICAL"
    with postgres.running() as server_url:
        for benchmark in (events.run, records.run, jobs.seats, jobs.credits):
            with scratch(server_url) as url:
                os.environ["DATABASE_URL"] = url
                quietly(lambda: invoke("migrate", {}))
                world = World(connect(url))
                world.company(id="bench")
                benchmark(world)
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
