"""Everything that moves credits, at once and in different orders: nobody fails, and the books are right (design §4.5, §11)."""

import multiprocessing
import os
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

from pg8000.native import Connection, DatabaseError

from billing.database import session as database
from billing.database.session import violated_constraint
from local.aws_events import scheduled_event
from local.databases import connect
from tests.callers import track, usage_event
from tests.world import World, invoke, request

SECONDS = 6
TURNS_MIN = 4
"""Also where the machine is slow."""

CAMPAIGNS = [f"campaign-{n}" for n in range(10)]
START = datetime(2025, 3, 1, tzinfo=UTC)
Turn = Iterator[int]


def work(url: str, start: Barrier, kind: str, seed: int) -> list[int]:
    """The statuses of what one caller does until its time is up."""
    os.environ["DATABASE_URL"] = url
    caller: Callable[[random.Random, Connection], Turn] = globals()[kind]
    turns = caller(random.Random(seed), connect(url))  # noqa: S311
    start.wait()
    ends = time.monotonic() + SECONDS
    statuses: list[int] = []
    while time.monotonic() < ends or len(statuses) < TURNS_MIN:
        statuses.append(next(turns))
    return statuses


def used(dice: random.Random, campaign: str) -> dict[str, Any]:
    instant = (START + timedelta(minutes=dice.randrange(40_000))).isoformat()
    quantity = dice.choice(["0.5", "1", "3", "12.25"])
    return usage_event(campaign, eventType="credit_usage", quantity=quantity, timestamp=instant, id=f"{dice.random()}")


def batches(dice: random.Random, _: Connection) -> Turn:
    while True:
        yield track(*(used(dice, campaign) for campaign in dice.choices(CAMPAIGNS, k=40))).status


def corrections(dice: random.Random, _: Connection) -> Turn:
    """Each batch supersedes records of the last one, some of which are corrections themselves."""
    records: list[str] = []
    while True:
        recorded = track(*(used(dice, campaign) for campaign in dice.sample(CAMPAIGNS, 10)))
        yield recorded.status
        records += [result["usageRecordId"] for result in recorded.body.get("results", [])]
        dice.shuffle(records)
        body = [
            {"usageRecordId": record, "id": f"{dice.random()}", "reason": "Wrong.", "quantity": dice.choice(["0", "2", "20"])}
            for record in records[:10]
        ]
        corrected = request("correct_usage", "POST", "/v1/usage-corrections", {"corrections": body})
        yield corrected.status
        records = records[10:] + [result["usageRecordId"] for result in corrected.body.get("results", [])]


def top_ups(dice: random.Random, _: Connection) -> Turn:
    while True:
        body: dict[str, Any] = {"credits": dice.choice(["5", "17.5"]), "id": f"{dice.random()}", "amount": "100.00"}
        if dice.random() < 0.5:
            body["expiresAt"] = (START + timedelta(hours=dice.randrange(600))).isoformat()
        yield request("top_up_credits", "POST", f"/v1/campaigns/{dice.choice(CAMPAIGNS)}/credits", body).status


def jobs(dice: random.Random, platform: Connection) -> Turn:
    """The credit job, of any hour until after the last expiry."""
    while True:
        platform.run(
            "INSERT INTO campaign_activities (id, campaign_id, kind, quantity, occurred_at)"
            " SELECT gen_random_uuid()::text, 'campaign-' || n % 10, 'session', 1, '2025-03-05T10:00:00Z'"
            " FROM generate_series(1, 20) n"
        )
        answer = invoke("track_credit_usage", scheduled_event(START + timedelta(hours=dice.randrange(900))))
        yield 200 if answer["success"] else 500


def allocations(dice: random.Random, platform: Connection) -> Turn:
    while True:
        try:
            platform.run(
                "UPDATE campaigns SET credit_allocation = :credits, credits_remaining = 7777 WHERE id = :id",
                credits=dice.choice([0, 50, 200, 400]),
                id=dice.choice(CAMPAIGNS),
            )
        except DatabaseError as error:
            if violated_constraint(error) != "used_credits_stay":
                raise
        yield 200


def test_ten_callers_that_move_the_same_credits_at_once_neither_fail_nor_over_burn(world: World, database_url: str) -> None:
    company = world.company()
    for campaign in CAMPAIGNS:
        world.campaign(company, "credits", id=campaign, credit_allocation=100, credit_price="6.50", budget_allocated=None)
    database.disconnect()
    kinds = ["batches"] * 3 + ["corrections"] * 2 + ["top_ups", "jobs", "jobs", "allocations", "allocations"]

    spawn = multiprocessing.get_context("spawn")
    with spawn.Manager() as manager, spawn.Pool(len(kinds)) as pool:
        start = manager.Barrier(len(kinds))
        calls = [(database_url, start, kind, seed) for seed, kind in enumerate(kinds)]
        answers = pool.starmap(work, calls, chunksize=1)

    assert {status for statuses in answers for status in statuses} == {200}
    assert world.value("SELECT count(*) FROM campaign_activities WHERE usage_record_id IS NULL") == 0
    assert wrong_balances(world) == []
    assert wrong_grants(world) == []
    assert wrong_coverage(world) == []
    kinds_of_movements = {row["kind"] for row in world.rows("SELECT DISTINCT kind FROM credit_movements")}
    assert {"burned", "overage", "returned"} <= kinds_of_movements


def wrong_balances(world: World) -> list[dict[str, Any]]:
    return world.rows(
        "SELECT c.id, c.credits_remaining, sum(g.credits - coalesce(m.credits, 0)) FROM campaigns c"
        " JOIN credit_grants g ON g.campaign_id = c.id"
        " LEFT JOIN (SELECT grant_id, sum(credits) AS credits FROM credit_movements GROUP BY 1) m ON m.grant_id = g.id"
        " GROUP BY c.id HAVING c.credits_remaining IS DISTINCT FROM sum(g.credits - coalesce(m.credits, 0))"
    )


def wrong_grants(world: World) -> list[dict[str, Any]]:
    """Those that paid more than they hold, or took back more than they paid."""
    return world.rows(
        "SELECT g.id, g.credits, sum(m.credits) FROM credit_grants g JOIN credit_movements m ON m.grant_id = g.id"
        " GROUP BY g.id HAVING NOT sum(m.credits) BETWEEN 0 AND g.credits OR g.moved <> sum(m.credits)"
    )


def wrong_coverage(world: World) -> list[dict[str, Any]]:
    """Records whose movements do not add up to what they use, which is nothing where they are superseded."""
    return world.rows(
        "SELECT r.id, r.quantity, s.id AS superseded_by, sum(m.credits) FROM billing_usage_records r"
        " LEFT JOIN billing_usage_records s ON s.corrects = r.id LEFT JOIN credit_movements m ON m.record_id = r.id"
        " GROUP BY r.id, s.id"
        " HAVING coalesce(sum(m.credits), 0) <> CASE WHEN s.id IS NULL THEN r.quantity ELSE 0 END"
    )
