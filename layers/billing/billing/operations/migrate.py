"""Brings the database to the version that this code needs (design §9): numbered files, each applied once, in order.

Each file is a transaction, while requests are served. A statement of it waits two seconds for a lock, since whoever comes
after has to wait behind it; then the file is begun anew. A file that begins with `-- outside a transaction` is sent
statement by statement: `CREATE INDEX CONCURRENTLY IF NOT EXISTS …`, which lets others write. Its statements end with the
line, and bear being repeated: a run that breaks off in its middle leaves what it has done.
"""

import hashlib
import re
import time
from pathlib import Path

from pg8000.native import DatabaseError

from billing import settings
from billing.database.session import Session, own_connection, sqlstate
from billing.errors import DatabaseUnavailable
from billing.sql import queries
from billing.telemetry import logger

LOCK_SECONDS = 2
"""How long a statement waits for a lock: much less than the 15 seconds that a request has."""

PAUSES_SECONDS = (1, 2, 5, 10, 30, 30, 60, 60, 60)
"""Between one attempt to apply a file and the next: together more than a chunk of a job takes."""

MIGRATIONS = Path(__file__).parent.parent / "migrations"
_SQL = queries("migrate")
_OUTSIDE = "-- outside a transaction\n"
_TRY_AGAIN = ("55P03", "40P01")
"""The lock was not to be had in time; a deadlock."""


class MigrationChanged(Exception):
    """A file that was applied has been edited since. Put it back and add a new file instead."""


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
        db.script("SET ROLE billing_owner")
        db.script(_SQL["own"])
        applied = {row["name"]: row["checksum"] for row in db.rows(_SQL["applied"])}
        return [path.stem for path in sorted(MIGRATIONS.glob("*.sql")) if _apply(db, path, applied.get(path.stem))]


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
    for index in db.rows(_SQL["invalid_indexes"]):
        db.script(f"DROP INDEX CONCURRENTLY {index['name']}")
    for statement in re.split(r";\s*$", sql.strip(), flags=re.MULTILINE)[:-1]:
        db.script(statement)
    db.rows(_SQL["record"], **record)


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
        db.script(sql)
        db.rows(_SQL["record"], **record)
    except DatabaseError:
        db.script("ROLLBACK")
        raise
    db.script("COMMIT")
