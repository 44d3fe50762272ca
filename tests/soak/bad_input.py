"""Events that API Gateway, EventBridge and SQS would never send, and requests that nobody should (design §8).

No exception escapes a function of the API, no response is a 500, and what is not accepted stores nothing.
"""

import base64
import copy
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from tests.callers import ROUTES, Route
from tests.world import World, invoke

BATCH = 500
"""Inputs between two fillings of the database."""

JUNK: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 10**30, float("nan"), "", " ", "x" * 10_000, [], {}, [[]], {"": {}}, [None]),
    *("\0", "\ud800", "\U0001f600", "0", "-1", "1e400", "NaN", "Infinity", "9" * 400, "0x1", "null", "true"),
    *("2025-03-01", "2025-02-30", "0000-00-00", "9999-12-31T23:59:59Z", "2025-03-01T00:00:00", "2025-03-09T02:30:00-05:00"),
    *("../..", "%00", "' OR 1=1 --", "$(id)", "*", "demo-savanna", "demo-skills-evenings", "CB-2025-000001", "4711000"),
]
TEXTS = ["", "nonsense", "{", "[]", "null", '{"a": 1, "a": 2}', '{"events": ' + "[" * 5000 + "]" * 5000 + "}", "\ufeff{}", "\0"]
STORED = """
    SELECT (SELECT count(*) FROM billing_usage_records), (SELECT count(*) FROM credit_grants),
        (SELECT count(*) FROM credit_movements), (SELECT count(*) FROM campaign_terms), (SELECT count(*) FROM invoices),
        (SELECT count(*) FROM billing_months), (SELECT count(*) FROM adjustments), (SELECT count(*) FROM billing_events),
        (SELECT sum(revision) FROM billing_profiles), (SELECT sum(revision) FROM seller)
"""


def try_inputs(world: World, count: int, seed: int) -> Counter[int]:
    """So many inputs; how many got each status. Raises `AssertionError` for a 500, an exception or a row that was stored."""
    dice, statuses = random.Random(seed), Counter[int]()  # noqa: S311
    for number in range(count):
        if number % BATCH == 0:
            world.empty()
            world.sample()
            stored = world.rows(STORED)
        route = dice.choice(ROUTES)
        event = _changed(route, dice)
        try:
            status = int(invoke(route.function, event)["statusCode"])
        except Exception as error:
            raise AssertionError(f"{route}: {error!r} escapes\n{event!r}") from error
        assert status < 500, f"{route}: {status}\n{event!r}"
        statuses[status] += 1
        if route.method != "GET":
            before, stored = stored, world.rows(STORED)
            assert status < 400 or stored == before, f"{route}: {status}, and something is stored\n{event!r}"
    return statuses


def _changed(route: Route, dice: random.Random) -> dict[str, Any]:
    """The sample event of a route with one to three things changed, in the event or in its body."""
    event = copy.deepcopy(route.sample)
    for _ in range(dice.randrange(1, 4)):
        dice.choice([_change_event, _change_body, _change_body, _change_text])(event, dice)
    return event


def _change_event(event: dict[str, Any], dice: random.Random) -> None:
    _change_somewhere(event, dice)


def _change_body(event: dict[str, Any], dice: random.Random) -> None:
    try:
        body = json.loads(event["body"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return
    if isinstance(body, dict | list):
        _change_somewhere(body, dice)
        event["body"] = json.dumps(body)


def _change_text(event: dict[str, Any], dice: random.Random) -> None:
    text = event.get("body")
    kept = text[: dice.randrange(len(text) + 1)] if isinstance(text, str) else ""
    event["body"] = dice.choice([*TEXTS, kept, kept + dice.choice(TEXTS)])
    if dice.random() < 0.3:
        event["isBase64Encoded"] = True
        event["body"] = dice.choice([event["body"], base64.b64encode(dice.randbytes(dice.randrange(40))).decode()])


def _change_somewhere(tree: dict[str, Any] | list[Any], dice: random.Random) -> None:
    places = list(_places(tree))
    holder, key = dice.choice(places) if places else (tree, None)
    change: Callable[[], Any] = dice.choice([lambda: dice.choice(JUNK), lambda: dice.choice(JUNK), lambda: _GONE])
    new = change()
    if isinstance(holder, dict):
        if key is None or dice.random() < 0.1:
            holder[str(dice.choice(["more", "", "\0", "id", "quantity"]))] = dice.choice(JUNK)
        elif new is _GONE:
            del holder[key]
        else:
            holder[key] = new
    elif key is not None:
        holder[key] = None if new is _GONE else new


_GONE = object()


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every member of every object and list, with what holds it."""
    members = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in members:
        yield tree, key
        yield from _places(value)
