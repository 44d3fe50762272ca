"""How much memory issuing takes: that of the documents' lines, however much was used (design §13)."""

import multiprocessing
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.operations.invoicing import age, invoiced_company, post_invoices
from tests.world import World

STATUS = Path("/proc/self/status")
FEW, MANY = 10_000, 100_000
MEGABYTES_MAX = 5
"""By which the peaks may differ."""

LOAD = """
    INSERT INTO billing_usage_records (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp)
    SELECT :company, campaign, type, 1, concat_ws('-', campaign, month, n), month + n * interval '26 days' / :size
    FROM unnest(:campaigns::text[], ARRAY['learner_served', 'seat_usage']) AS used (campaign, type),
        unnest('{2025-01-02, 2025-02-02}'::timestamptz[]) AS month, generate_series(1, :size::int) AS n
"""
"""So many records of learners and of seats, in each of two months."""


def closed_company(world: World) -> tuple[str, list[str]]:
    """A company whose January is closed, and its campaigns."""
    company = invoiced_company(world)
    campaigns = [world.campaign(company, "iaas"), world.campaign(company, "seats", start_date="2025-01-01")]
    assert post_invoices(company, "2025-01").status == 200
    return company, campaigns


def measured(call: Callable[[], Any]) -> tuple[Any, float]:
    """What a call returns in a new process, and how many megabytes that held at most."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_with_peak, (call,))


def _with_peak(call: Callable[[], Any]) -> tuple[Any, float]:
    result = call()
    # Not ru_maxrss, which in a new process begins with what its parent held.
    peak = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return result, int(peak.split()[1]) / 1024


def records_as_read(count: int) -> int:
    return len([[n, str(n)] for n in range(count)])


@pytest.mark.skipif(not STATUS.exists(), reason="the peak of a process is read as Linux tells it")
def test_a_month_and_late_usage_of_100000_records_take_the_memory_of_10000(world: World) -> None:
    companies = [closed_company(world), closed_company(world)]
    age(world)
    for (company, campaigns), records in zip(companies, (FEW, MANY), strict=True):
        world.connection.run(LOAD, company=company, campaigns=campaigns, size=records // 4)

    (of_few, low), (of_many, high) = (measured(partial(post_invoices, company, "2025-02")) for company, _ in companies)
    _, of_records = measured(partial(records_as_read, MANY))

    for answer, learners in ((of_few, FEW // 4), (of_many, MANY // 4)):
        (document,) = answer.body["invoices"]
        assert [(line["month"], line["amount"]) for line in document["lines"] if line["key"] == "iaas.learners"] == [
            ("2025-02", f"{learners * 12.5:.2f}"),
            ("2025-01", f"{learners * 12.5:.2f}"),
        ]
    assert high - low < MEGABYTES_MAX
    assert of_records - low > MEGABYTES_MAX, "the measure would not notice that all records were read"
