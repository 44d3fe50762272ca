"""Records the usage events of a queue's messages, each exactly once however often its message is delivered (design §4, §8).

Whoever may send to the queue acts for all companies; the campaign of an event says whose it is.
"""

from collections.abc import Sequence
from datetime import datetime

from pg8000.native import DatabaseError

from billing.contract.parsing import parse_json
from billing.contract.results import Result
from billing.database.ledger import record_events
from billing.database.session import ALL_COMPANIES, server_message
from billing.errors import BillingError


def ingest_usage(bodies: Sequence[str], now: datetime) -> list[Result]:
    """What became of the event of each body, in their order; what is neither recorded nor a duplicate can never be recorded.

    Raises `DatabaseUnavailable`: the same messages have to come again, all of them.
    """
    results: dict[int, Result] = {}
    events: dict[int, object] = {}
    for number, body in enumerate(bodies):
        try:
            events[number] = parse_json(body)
        except BillingError as error:
            results[number] = Result(status="rejected", reason=error.detail)
    results |= zip(events, _record(list(events.values()), now), strict=True)
    return [results[number] for number in range(len(bodies))]


def _record(events: list[object], now: datetime) -> list[Result]:
    """One transaction where all is well. Where the database refuses it, its halves find the event that cannot be recorded."""
    try:
        return record_events(ALL_COMPANIES, events, now)
    except DatabaseError as error:
        if len(events) == 1:
            return [Result(status="rejected", reason=server_message(error))]
        half = len(events) // 2
        return _record(events[:half], now) + _record(events[half:], now)
