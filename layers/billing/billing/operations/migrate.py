"""Brings the database to the version that this code needs (design §8): numbered files, each applied once, in order.

Each file is a transaction, while requests are served. A statement of it waits two seconds for a lock, since whoever comes
after has to wait behind it; then the file is begun anew. A file that begins with `-- outside a transaction` is sent
statement by statement: `CREATE INDEX CONCURRENTLY IF NOT EXISTS …`, which lets others write. Its statements end with the
line, and bear being repeated: a run that breaks off in its middle leaves what it has done.
"""

import hashlib
import json
import re
import time
from pathlib import Path
from typing import Any, NamedTuple

from pg8000.native import DatabaseError, identifier

from billing import settings
from billing.database.session import ALL_COMPANIES, OWNER, Session, own_connection, sqlstate, transaction
from billing.errors import DatabaseUnavailable, Forbidden, MigrationChanged
from billing.instants import format_instant
from billing.sql import queries
from billing.telemetry import logger

LOCK_SECONDS = 2
"""How long a statement waits for a lock: much less than the 15 seconds that a request has."""

PAUSES_SECONDS = (1, 2, 5, 10, 30, 30, 60, 60, 60)
"""Between one attempt to apply a file and the next: together more than a chunk of a job takes."""

REFERENCE_TABLES = ("companies", "l2i_bundles", "l2i_subscriptions", "campaigns", "campaign_activities")
"""What the platform's other services write, in the order in which rows refer to each other."""

DEMO_PREFIX = "demo-"

MIGRATIONS = Path(__file__).parent.parent / "migrations"
_SQL = queries("migrate")
_PROTECTION = queries("protection")
_OUTSIDE = "-- outside a transaction\n"
_TRY_AGAIN = ("55P03", "40P01")
"""The lock was not to be had in time; a deadlock."""


class _Applied(NamedTuple):
    name: str
    checksum: str


def migrate() -> list[str]:
    """Apply what is missing and return the names applied, `["0001_reference_tables", …]`; empty where nothing was.

    A failure leaves the files before it applied, and nothing of its own but what is outside a transaction. Of two migrations
    at once the second waits, then finds nothing to do.

    Raises `MigrationChanged`, and `DatabaseUnavailable` where another migration does not end.
    """
    with own_connection() as db:
        _wait_for_others(db)
        db.script(_SQL["roles"])
        # From here on everything made belongs to the owner's role, not to whoever logged in.
        db.script(f"SET ROLE {OWNER}")
        db.script(_SQL["own"])
        db.rows(_SQL["adopt"], in_force=json.dumps(_in_force(db)))
        applied = {row.name: row.checksum for row in db.all(_Applied, _SQL["applied"])}
        return [path.stem for path in sorted(MIGRATIONS.glob("*.sql")) if _apply(db, path, applied.get(path.stem))]


def status() -> dict[str, Any]:
    """`{"migrations": ["0001_reference_tables", …], "runs": [{"job", "hour", "status"}]}`: what has been applied, and of each
    job the last run. For `make verify`."""
    with transaction(ALL_COMPANIES, role=OWNER) as db:
        applied = [row.name for row in db.all(_Applied, _SQL["applied"])]
        runs = [row | {"hour": format_instant(row["hour"])} for row in db.rows(_SQL["last_runs"])]
    return {"migrations": applied, "runs": runs}


def load_demo(rows: dict[str, list[dict[str, Any]]]) -> dict[str, int]:
    """Write rows of the platform's reference tables, by table, that are not there yet; returns how many of each.

    Raises `Forbidden` where the stage takes none (`DEMO_DATA`), or a row is not the demo's own by its id.
    """
    if not settings.takes_demo_data():
        raise Forbidden("This stage takes no demo data. Deploy it with DemoData=true, if it is not the one for production.")
    if foreign := [row["id"] for table in rows.values() for row in table if not row["id"].startswith(DEMO_PREFIX)]:
        raise Forbidden(f"An id of the demo begins with {DEMO_PREFIX}; {foreign[0]} does not.")
    with transaction(ALL_COMPANIES, role=OWNER) as db:
        return {table: _insert(db, table, rows.get(table, [])) for table in REFERENCE_TABLES}


def _insert(db: Session, table: str, rows: list[dict[str, Any]]) -> int:
    return sum(len(db.rows(_insert_sql(table, row), row=json.dumps(row))) for row in rows)


def _insert_sql(table: str, row: dict[str, Any]) -> str:
    columns = ", ".join(map(identifier, row))
    return (
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM jsonb_populate_record(NULL::{table}, :row::jsonb)"
        " ON CONFLICT (id) DO NOTHING RETURNING id"
    )


def _wait_for_others(db: Session) -> None:
    end = time.monotonic() + settings.statement_timeout()
    while not db.value(_SQL["try_lock"]):
        if time.monotonic() > end:
            raise DatabaseUnavailable("Another migration of this database has not ended. Try again when it has.")
        time.sleep(0.5)


def _apply(db: Session, path: Path, known_checksum: str | None) -> bool:
    sql = path.read_text()
    checksum = hashlib.sha256(sql.encode()).hexdigest()
    if known_checksum not in (None, checksum):
        raise MigrationChanged(f"{path.name} was changed after it had been applied; add a new file instead")
    if known_checksum is None:
        run = _run_outside if sql.startswith(_OUTSIDE) else _run_patiently
        run(db, sql, {"name": path.stem, "checksum": checksum})
    return known_checksum is None


def _run_outside(db: Session, sql: str, record: dict[str, str]) -> None:
    before = _in_force(db)
    for index in db.rows(_SQL["invalid_indexes"]):
        db.script(f"DROP INDEX CONCURRENTLY {index['name']}")
    for statement in re.split(r";\s*$", sql.strip(), flags=re.MULTILINE)[:-1]:
        db.script(statement)
    _record(db, record, before)


def _run_patiently(db: Session, sql: str, record: dict[str, str]) -> None:
    for pause in PAUSES_SECONDS:
        try:
            _run_in_a_transaction(db, sql, record)
        except DatabaseError as error:
            if sqlstate(error) not in _TRY_AGAIN:
                raise
            logger.info("A lock was not free; the migration is tried again", migration=record["name"], pause=pause)
            time.sleep(pause)
        else:
            return
    _run_in_a_transaction(db, sql, record)


def _run_in_a_transaction(db: Session, sql: str, record: dict[str, str]) -> None:
    db.script(f"BEGIN; SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    try:
        before = _in_force(db)
        db.script(sql)
        _record(db, record, before)
    except DatabaseError:
        db.script("ROLLBACK")
        raise
    db.script("COMMIT")


def _record(db: Session, record: dict[str, str], before: dict[str, str]) -> None:
    """Remember a file, and what it altered of what protects the books: what others altered stays a difference."""
    after = _in_force(db)
    altered = {name: after.get(name) for name in {*before, *after} if before.get(name) != after.get(name)}
    db.rows(_SQL["record"], altered=json.dumps(altered), **record)


def _in_force(db: Session) -> dict[str, str]:
    return dict(json.loads(db.value(_PROTECTION["in_force"])))
