"""Whether a function answers its sample events as its source does in this process, on databases that are equal at first."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from billing.database import session as database
from billing.instants import parse_instant
from local.databases import connect, scratch
from local.postgres import ROOT
from local.runtime import functions, invoke

EVENTS = ROOT / "events"
OF_ITS_RUN = {
    "jobId",
    "startTime",
    "endTime",
    "duration",
    "grantId",
    "changeId",
    "usageRecordId",
    "recordedAt",
    "checkedAt",
    "recordedBy",
    "at",
    "sha256",
}
"""Members of an answer that no two runs share."""

Copies = Callable[[str], AbstractContextManager[str]]
"""The URL of a database of its own for a function: what its sample events speak of is there, and nothing is for `migrate`."""


def events(function: str) -> list[Path]:
    """The sample events of a function: those whose names begin with its own."""
    return [path for path in sorted(EVENTS.glob("*.json")) if _function(path) == function]


def _function(path: Path) -> str:
    return max((name for name in functions() if path.stem.startswith(name)), key=len)


@contextmanager
def copies(server_url: str) -> Iterator[Copies]:
    """Equal databases, while the block runs."""
    with scratch(server_url) as filled:
        with _database(filled):
            invoke("migrate", {})
        connection = connect(filled)
        connection.run((EVENTS / "rows.sql").read_text())
        connection.close()
        yield lambda function: scratch(server_url, "" if function == "migrate" else filled)


def of_source(function: str, events: list[dict[str, Any]], database_url: str) -> list[Any]:
    """The comparable answers of the handler in this process."""
    with _database(database_url):
        return [comparable(invoke(function, event)) for event in events]


@contextmanager
def _database(url: str) -> Iterator[None]:
    before = os.environ.get("DATABASE_URL")
    os.environ["DATABASE_URL"] = url
    try:
        yield
    finally:
        database.disconnect()
        os.environ.pop("DATABASE_URL")
        os.environ |= {} if before is None else {"DATABASE_URL": before}


def comparable(value: Any) -> Any:
    """An answer with its body read, and without what is its run's own."""
    match value:
        case dict():
            return {name: _member(name, member) for name, member in value.items()}
        case str() if _is_of_now(value):
            return "now"
        case list():
            return [comparable(item) for item in value]
    return value


def _is_of_now(text: str) -> bool:
    """Whether a text is an instant of the last minutes, which no two runs share."""
    try:
        return abs(datetime.now(UTC) - parse_instant(text)) < timedelta(minutes=10)
    except ValueError:
        return False


def _member(name: str, value: Any) -> Any:
    if name in OF_ITS_RUN:
        return type(value).__name__
    return comparable(_content(value) if name == "body" and value else value)


def _content(body: str) -> Any:
    """A body read, where it is JSON; CSV, HTML, XML and PDF are compared as they are."""
    try:
        return json.loads(body)
    except ValueError:
        return body
