"""32 callers at once: events, a tenth of them repeats, links, top-ups, corrections, changes of terms, invoices and jobs
(design §4.1, §4.4, §4.5). Nothing is lost, nothing doubled, and no response is a server error."""

import multiprocessing
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from billing.database import session as database
from billing.errors import BillingError
from local.aws_events import scheduled_event
from local.databases import connect
from tests.callers import track, usage_event
from tests.operations.invoicing import post_invoices, put_profile, put_seller
from tests.operations.test_reconciliation import reconciled
from tests.world import World, invoke, request

CALLERS = 32
COMPANIES = 12
COMMON = 2_000
"""Events that any caller may send."""

START = datetime(2025, 3, 1, tzinfo=UTC)
MODELS = ["seats", "credits", "iaas", "bundle", "bundle", "custom"]
KINDS = ["seat_usage", "credit_usage", "learner_served", "session_completed"]
PATHS = {
    "link": ("link_campaign", "PUT", "/v1/campaigns/{}/subscription"),
    "top_up": ("top_up_credits", "POST", "/v1/campaigns/{}/credits"),
    "terms": ("set_terms", "PUT", "/v1/campaigns/{}/terms"),
    "usage": ("get_campaign_usage", "GET", "/v1/campaigns/{}/usage"),
}


class Outcome(NamedTuple):
    """What a caller was told: statuses with the seconds that they took, and the record of each event that was acknowledged."""

    statuses: list[tuple[str, int, float]]
    records: dict[str, str]


def put_under_load(world: World, url: str, seconds: float) -> tuple[list[tuple[str, int, float]], int]:
    """What all were told, and how many events were acknowledged. Raises `AssertionError` where anything is lost or doubled."""
    world.empty()
    put_seller()
    campaigns = {f"load-{number}": _company(world, f"load-{number}") for number in range(COMPANIES)}
    database.disconnect()
    context = multiprocessing.get_context("fork")
    with context.Pool(CALLERS) as pool:
        outcome = pool.starmap(_call, [(url, campaigns, seed, seconds) for seed in range(CALLERS)], chunksize=1)
    statuses = [status for each in outcome for status in each.statuses]
    failed = Counter((action, status) for action, status, _ in statuses if status >= 500)
    assert not failed, failed
    acknowledged: dict[str, str] = {}
    for each in outcome:
        for name, record in each.records.items():
            assert acknowledged.setdefault(name, record) == record, f"{name} has two records"
    stored = {row["event_id"]: str(row["id"]) for row in world.ledger() if row["event_id"]}
    assert stored == acknowledged
    for company in campaigns:
        result = reconciled(company)
        wrong = [check for check in result["checks"] if check["differences"] and check["check"] != "outbox"]
        assert not wrong, wrong
    return statuses, len(acknowledged)


def percentiles(statuses: list[tuple[str, int, float]]) -> Iterator[str]:
    """A line for each kind of action: how many, and the seconds within which 50, 95 and 99 % were answered."""
    for action in sorted({action for action, _, _ in statuses}):
        took = sorted(seconds for each, _, seconds in statuses if each == action)
        at = [took[min(len(took) - 1, len(took) * percent // 100)] for percent in (50, 95, 99)]
        p50, p95, p99 = (f"{1000 * seconds:,.0f} ms" for seconds in at)
        yield f"{action}: {len(took):,}, p50 {p50}, p95 {p95}, p99 {p99}"


def _company(world: World, name: str) -> list[str]:
    world.company(id=name, time_zone="Europe/Oslo")
    put_profile(name)
    world.subscription(name, id=f"bought-{name}")
    return [
        world.campaign(
            name, model, id=f"{name}-{number}", current_volunteers=number, credit_price="6.50", credit_allocation=1000
        )
        for number, model in enumerate(MODELS)
    ]


def _call(url: str, campaigns: dict[str, list[str]], seed: int, seconds: float) -> Outcome:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.environ["DATABASE_URL"] = url
    dice, outcome = random.Random(seed), Outcome([], {})  # noqa: S311
    world = World(connect(url))
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        action = dice.choices(["track", "correct", "job", "act", "invoice", *PATHS], [60, 10, 1, 4, 1, 5, 5, 3, 11])[0]
        begun = time.monotonic()
        status = _do(action, dice, world, outcome, campaigns, seed)
        outcome.statuses.append((action, status, time.monotonic() - begun))
    world.connection.close()
    return outcome


def _do(action: str, dice: random.Random, world: World, outcome: Outcome, campaigns: dict[str, list[str]], seed: int) -> int:
    company = dice.choice(list(campaigns))
    campaign = dice.choice(campaigns[company])
    name = f"{dice.getrandbits(64):x}"
    instant = START + timedelta(minutes=dice.randrange(40_000))
    if action == "track":
        return _track(dice, outcome, campaigns, seed)
    if action == "correct" and outcome.records:
        return _correct(dice, outcome, name)
    if action == "act":
        values = {"campaign_id": campaign, "kind": "session", "quantity": 1, "occurred_at": instant, "id": name}
        world.insert("campaign_activities", **values)
    elif action == "job":
        job = dice.choice(["track_seat_usage", "track_credit_usage", "issue_invoices", "announce_signals"])
        try:
            invoke(job, scheduled_event(START + timedelta(days=31, hours=dice.randrange(6))))
        except BillingError as error:
            return int(error.status)
    elif action == "invoice":
        return post_invoices(company, f"2025-{dice.randrange(1, 5):02}").status
    elif action in PATHS:
        function, method, path = PATHS[action]
        bodies: dict[str, dict[str, Any]] = {
            "link": {"subscriptionId": f"bought-{company}", "allocationPercentage": dice.choice(["0.25", "0.5"])},
            "top_up": {"credits": "25", "id": name, "amount": "100.00"},
            "terms": {
                "id": name,
                "effectiveFrom": f"2025-03-{dice.randrange(1, 31):02}",
                "terms": {"creditPrice": dice.choice(["5", "7.5"])},
                "reason": "Agreed",
                "retroactive": True,
            },
        }
        query = {"start": "2025-03-01", "end": "2025-04-01"} if action == "usage" else None
        return request(function, method, path.format(campaign), bodies.get(action), query=query).status
    return 200


def _track(dice: random.Random, outcome: Outcome, campaigns: dict[str, list[str]], seed: int) -> int:
    """1 to 20 events, of which a tenth are among those that all callers send."""
    numbers = [dice.randrange(COMMON) if dice.random() < 0.1 else COMMON + seed + dice.getrandbits(64) for _ in range(20)]
    batch = [_event(number, campaigns) for number in numbers[: dice.randrange(1, 21)]]
    answer = track(*batch)
    for event, result in zip(batch, answer.body.get("results", []), strict=False):
        assert result["status"] in ("recorded", "duplicate"), result
        outcome.records[event["id"]] = result["usageRecordId"]
    return answer.status


def _event(number: int, campaigns: dict[str, list[str]]) -> dict[str, Any]:
    """The event of a number, whoever sends it."""
    dice = random.Random(number)  # noqa: S311
    return usage_event(
        dice.choice(dice.choice(list(campaigns.values()))),
        eventType=dice.choice(KINDS),
        quantity=dice.choice(["0.5", "1", "12.25"]),
        timestamp=(START + timedelta(minutes=dice.randrange(40_000))).isoformat(),
        id=f"event-{number}",
    )


def _correct(dice: random.Random, outcome: Outcome, name: str) -> int:
    """A record that may be superseded already, which is a conflict."""
    record = dice.choice(list(outcome.records.values()))
    body = {"usageRecordId": record, "id": name, "reason": "Wrong", "quantity": dice.choice(["0", "2"])}
    answer = request("correct_usage", "POST", "/v1/usage-corrections", {"corrections": [body]})
    for result in answer.body.get("results", []):
        if result["status"] == "recorded":
            outcome.records[name] = result["usageRecordId"]
    return answer.status
