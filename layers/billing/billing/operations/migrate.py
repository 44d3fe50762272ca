"""Brings the database to the version that this code needs (design §8): numbered files, each applied once, in order."""

import hashlib
from pathlib import Path

from billing.database.session import ALL_COMPANIES, Session, transaction
from billing.sql import queries

MIGRATIONS = Path(__file__).parent.parent / "migrations"
_SQL = queries("migrate")


class MigrationChanged(Exception):
    """A file that was applied has been edited since. Put it back and add a new file instead."""


def migrate() -> list[str]:
    """Apply what is missing and return the names applied, `["0001_reference_tables", …]`; empty where nothing was.

    All of it is one transaction under a lock: a failure leaves the database as it was, and of two migrations at once the
    second waits, then finds nothing to do.
    """
    with transaction(ALL_COMPANIES, role=None) as db:
        db.script(_SQL["lock"])
        db.script(_SQL["roles"])
        db.script(_SQL["own"])
        applied = {row["name"]: row["checksum"] for row in db.rows(_SQL["applied"])}
        return [path.stem for path in sorted(MIGRATIONS.glob("*.sql")) if _apply(db, path, applied.get(path.stem))]


def _apply(db: Session, path: Path, known_checksum: str | None) -> bool:
    sql = path.read_text()
    checksum = hashlib.sha256(sql.encode()).hexdigest()
    if known_checksum is None:
        db.script(sql)
        db.rows(_SQL["record"], name=path.stem, checksum=checksum)
    elif known_checksum != checksum:
        raise MigrationChanged(f"{path.name} was changed after it had been applied; add a new file instead")
    return known_checksum is None
