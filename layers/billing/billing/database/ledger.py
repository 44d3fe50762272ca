"""The ledger as it is written to: a batch of events in one transaction, each recorded once (design §4)."""

from collections.abc import Sequence
from datetime import datetime

from pydantic_core import to_json

from billing.contract.results import Result, rejected
from billing.database.session import Row, rows_alone
from billing.sql import queries
from billing.usage.event import read_events

_SQL = queries("ledger")


def record_events(company: str, events: Sequence[object], now: datetime) -> list[Result]:
    """Record the events of a batch in one transaction; the results are in their order. A bad event is rejected with its
    reason and takes no other down. What was there before is read after the commit.

    Raises `DatabaseUnavailable`; the outcome is unknown then, and the same batch may be sent again.
    """
    good, bad = read_events(events, now)
    results = {number: rejected(error, "the event") for number, error in bad.items()}
    if good:
        rows = [{"number": number} | event.row() for number, event in good.items()]
        results |= _record(company, rows)
    return [results[number] for number in range(len(events))]


def _record(company: str, rows: list[Row]) -> dict[int, Result]:
    # May be sent twice: each event is recorded once.
    (answer,) = rows_alone(company, _SQL["record_usage"], events=to_json(rows).decode(), company=company)
    known, inserted = set(answer["known"] or ()), answer["inserted"] or {}
    results, repeated = {}, []
    for row in rows:
        number, key = row["number"], row["deduplication_key"]
        # Of two events with one key the first is the one that was inserted.
        if number in known and (record_id := inserted.pop(key, None)) is not None:
            results[number] = Result(status="recorded", usage_record_id=str(record_id), deduplication_key=key)
        elif number in known:
            repeated.append(row)
        else:
            results[number] = Result(status="rejected", reason="/campaignId: there is no such campaign")
    return results | _repeats(company, repeated) if repeated else results


def _repeats(company: str, rows: list[Row]) -> dict[int, Result]:
    """Statement of its own: it sees what others committed while the insert waited for them."""
    (answer,) = rows_alone(company, _SQL["recorded_before"], events=to_json(rows).decode())
    return {
        number: Result(
            status="conflict" if differing else "duplicate",
            usage_record_id=str(record_id),
            deduplication_key=key,
            reason=f"the id names a record with another {', '.join(differing)}" if differing else None,
            superseded_by=None if superseded_by is None else str(superseded_by),
        )
        for number, record_id, key, differing, superseded_by in answer["records"]
    }
