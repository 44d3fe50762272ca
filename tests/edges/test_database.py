"""The connection: what happens to it, and to the caller, when something goes wrong (design §4.7)."""

import json
import multiprocessing
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from billing import database
from billing.database import ALL_COMPANIES, transaction
from billing.errors import DatabaseUnavailable
from billing.operations.migrate import MigrationChanged, migrate
from tests.world import World, request

MIGRATIONS = Path(database.__file__).parent / "migrations"


def usage(campaign: str) -> Any:
    query = {"start": "2025-01-01", "end": "2025-02-01"}
    return request("get_campaign_usage", "GET", f"/v1/campaigns/{campaign}/usage", query=query)


def cut_connections(world: World) -> None:
    world.connection.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'campaign-billing' AND datname = current_database()"
    )


def test_a_connection_that_died_unnoticed_is_replaced_without_failing_the_request(world: World) -> None:
    campaign = world.campaign(world.company())
    usage(campaign)
    cut_connections(world)

    assert usage(campaign).status == 200


@pytest.mark.parametrize(
    "url", ["postgresql://postgres:x@127.0.0.1:9/billing", "postgresql://nobody:wrong@{server}/postgres"], ids=["away", "login"]
)
def test_a_database_that_is_away_is_a_503_that_says_when_to_come_back(
    world: World, monkeypatch: pytest.MonkeyPatch, database_url: str, url: str
) -> None:
    campaign = world.campaign(world.company())
    monkeypatch.setenv("DATABASE_URL", url.format(server=urlsplit(database_url).netloc.rpartition("@")[2]))

    answer = usage(campaign)

    assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
    assert "postgres" not in json.dumps(answer.body)
    assert all(word not in json.dumps(answer.body) for word in ("127.0.0.1", "wrong", "password"))


def test_a_statement_that_takes_too_long_is_ended_and_the_connection_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_STATEMENT_TIMEOUT", "1")

    with pytest.raises(DatabaseUnavailable), transaction(ALL_COMPANIES) as db:
        db.rows("SELECT pg_sleep(5)")

    with transaction(ALL_COMPANIES) as db:
        assert db.value("SELECT 1") == 1


def test_a_connection_that_may_be_out_of_step_is_never_used_again(world: World) -> None:
    with pytest.raises(UnicodeEncodeError), transaction(ALL_COMPANIES) as db:
        db.rows("SELECT :text::text", text="\ud800")

    with transaction(ALL_COMPANIES) as after:
        assert after is not db
        assert after.value("SELECT 'right'") == "right"


def test_what_raises_in_a_transaction_is_rolled_back_and_the_connection_kept(world: World) -> None:
    with pytest.raises(LookupError), transaction(ALL_COMPANIES, role=None) as db:
        db.rows("INSERT INTO companies (id, name) VALUES ('x', 'X')")
        raise LookupError

    with transaction(ALL_COMPANIES) as after:
        assert after is db
        assert after.value("SELECT count(*) FROM companies") == 0


def migrate_in_a_process(url: str) -> list[str]:
    os.environ["DATABASE_URL"] = url
    return migrate()


def test_migrations_from_two_places_at_once_are_applied_once(world: World, database_url: str) -> None:
    name = f"billing_test_{secrets.token_hex(6)}"
    world.connection.run(f"CREATE DATABASE {name}")

    with multiprocessing.get_context("spawn").Pool(3) as pool:
        applied = pool.map(migrate_in_a_process, [database_url.rpartition("/")[0] + f"/{name}"] * 3)

    world.connection.run(f"DROP DATABASE {name} WITH (FORCE)")
    assert sorted(map(len, applied)) == [0, 0, len(list(MIGRATIONS.glob("*.sql")))]


def test_migrations_run_once_and_a_changed_file_is_refused(world: World) -> None:
    assert migrate() == []
    checksum = world.value("SELECT checksum FROM schema_migrations WHERE name = '0002_ledger'")
    change = "UPDATE schema_migrations SET checksum = :checksum WHERE name = '0002_ledger'"
    world.connection.run(change, checksum="another")

    with pytest.raises(MigrationChanged, match="0002_ledger"):
        migrate()

    world.connection.run(change, checksum=checksum)
