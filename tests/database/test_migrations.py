"""Migrations while requests are served: they hold up no usage, and bear being broken off (design §4.4)."""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import pytest
from pg8000.native import Connection

from billing.database.session import disconnect
from billing.errors import DatabaseUnavailable
from billing.operations import migrate as migrations
from local.databases import connect, scratch
from tests.world import World, request

BUILD_AN_INDEX = """-- outside a transaction
-- Why: nothing that is recorded meanwhile may wait for it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS of_quantity ON billing_usage_records (quantity);
CREATE INDEX CONCURRENTLY IF NOT EXISTS of_time ON billing_usage_records (event_timestamp);
"""
ADD_A_COLUMN = "ALTER TABLE billing_usage_records ADD COLUMN origin text;"
VALID = "SELECT relname::text, indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname LIKE 'of_%' ORDER BY 1"


@pytest.fixture
def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A migrated database of the test's own."""
    with scratch(database_url) as url:
        monkeypatch.setenv("DATABASE_URL", url)
        migrations.migrate()
        yield url
        disconnect()


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Adds a file to the migrations, in a folder of the test's own."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrations.MIGRATIONS, folder)
    monkeypatch.setattr(migrations, "MIGRATIONS", folder)

    def add(sql: str) -> Path:
        (folder / "9999_added.sql").write_text(sql)
        return folder

    return add


def migrate_in_a_process(url: str, folder: Path) -> list[str]:
    os.environ["DATABASE_URL"] = url
    migrations.MIGRATIONS = folder
    return migrations.migrate()


@contextmanager
def a_long_transaction(url: str) -> Iterator[Connection]:
    """Another's transaction that has written to the ledger's campaign, and has not ended."""
    other = connect(url)
    other.run("BEGIN")
    other.run("LOCK TABLE billing_usage_records IN ROW EXCLUSIVE MODE")
    other.run("SELECT pg_current_xact_id()")
    yield other
    other.run("COMMIT")
    other.close()


def record(campaign: str, number: int) -> int:
    event = {
        "campaignId": campaign,
        "eventType": "learner_served",
        "quantity": 1,
        "timestamp": "2025-01-01T00:00:00Z",
        "id": f"visit-{number}",
    }
    return request("track_usage", "POST", "/v1/usage-events", {"events": [event]}).status


@pytest.mark.parametrize("sql", [BUILD_AN_INDEX, ADD_A_COLUMN], ids=["an index", "a column"])
def test_usage_is_recorded_while_a_migration_runs_or_waits(database: str, add: Callable[[str], Path], sql: str) -> None:
    world = World(connect(database))
    campaign = world.campaign(world.company())
    folder = add(sql)

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        with a_long_transaction(database):
            migration = pool.submit(migrate_in_a_process, database, folder)
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            while not world.value(waiting):
                assert not migration.done()
            statuses = [record(campaign, number) for number in range(50)]
            assert not migration.done()
        statuses += [record(campaign, number) for number in range(50, 100)]
        applied = migration.result()

    assert applied == ["9999_added"]
    assert statuses == [200] * 100
    assert world.value("SELECT count(*) FROM billing_usage_records") == 100
    if sql == BUILD_AN_INDEX:
        assert world.connection.run(VALID) == [["of_quantity", True], ["of_time", True]]
    world.connection.close()


def test_an_index_that_was_not_finished_is_built_anew(database: str, add: Callable[[str], Path]) -> None:
    admin = connect(database)
    admin.run("INSERT INTO companies (id, name) VALUES ('a', 'Twice'), ('b', 'Twice')")
    add("-- outside a transaction\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS of_name ON companies (name);\n")

    with pytest.raises(Exception, match="duplicate"):
        migrations.migrate()
    left = admin.run(VALID)
    admin.run("UPDATE companies SET name = 'Once' WHERE id = 'b'")

    assert left == [["of_name", False]]
    assert migrations.migrate() == ["9999_added"]
    assert admin.run(VALID) == [["of_name", True]]
    assert migrations.migrate() == []
    admin.close()


def test_a_file_that_fails_leaves_nothing_of_its_own_and_names_the_error(database: str, add: Callable[[str], Path]) -> None:
    admin = connect(database)
    add("CREATE TABLE half (id text);\nSELECT no_such_column;")

    with pytest.raises(DatabaseUnavailable) as raised:
        migrations.migrate()

    assert "no_such_column" in str(raised.value.__cause__)
    assert admin.run("SELECT to_regclass('half')") == [[None]]
    assert admin.run("SELECT count(*) FROM schema_migrations WHERE name = '9999_added'") == [[0]]
    admin.close()
