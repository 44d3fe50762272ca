"""The connection: what happens to it, and to the caller, when something goes wrong (design §4.7)."""

import json
import multiprocessing
import os
import re
import secrets
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pg8000.native import DatabaseError

from billing import sql
from billing.database import session as database
from billing.database.session import ALL_COMPANIES, rows_alone, timed_out, transaction
from billing.errors import DatabaseUnavailable, MigrationChanged
from billing.operations.migrate import MIGRATIONS, migrate
from billing.sql import queries
from tests.world import World, request


def usage(campaign: str) -> Any:
    query = {"start": "2025-01-01", "end": "2025-02-01"}
    return request("get_campaign_usage", "GET", f"/v1/campaigns/{campaign}/usage", query=query)


def record(campaign: str) -> Any:
    event = {"campaignId": campaign, "eventType": "learner_served", "quantity": 1, "timestamp": "2025-01-05T00:00:00Z"}
    return request("track_usage", "POST", "/v1/usage-events", {"events": [event]})


either = pytest.mark.parametrize("ask", [usage, record], ids=["several statements", "one statement"])
"""A transaction of several statements, and one of a single statement, which goes in one round trip."""


def cut_connections(world: World) -> None:
    world.connection.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'campaign-billing' AND datname = current_database()"
    )


@either
def test_a_connection_that_died_unnoticed_is_replaced_without_failing_the_request(
    world: World, ask: Callable[[str], Any]
) -> None:
    campaign = world.campaign(world.company())
    ask(campaign)
    cut_connections(world)

    assert ask(campaign).status == 200


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

    with transaction(ALL_COMPANIES) as db:
        connection = db.value("SELECT pg_backend_pid()")

    with pytest.raises(DatabaseUnavailable) as ended, transaction(ALL_COMPANIES) as db:
        db.rows("SELECT pg_sleep(5)")

    assert timed_out(ended.value)
    with transaction(ALL_COMPANIES) as db:
        assert db.value("SELECT pg_backend_pid()") == connection


def test_a_transaction_of_many_statements_is_ended_in_the_same_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    if int(world.value("SHOW server_version_num")) < 170000:
        pytest.skip("Postgres limits whole transactions since version 17")
    monkeypatch.setenv("DATABASE_STATEMENT_TIMEOUT", "1")
    started = time.monotonic()

    with pytest.raises(DatabaseUnavailable), transaction(ALL_COMPANIES) as db:
        for _ in range(10):
            db.rows("SELECT pg_sleep(0.4)")

    assert time.monotonic() - started < 2
    with transaction(ALL_COMPANIES) as db:
        assert db.value("SELECT 1") == 1


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second instead of five, so that the tests need not wait."""
    monkeypatch.setattr(database, "BEGIN_TIMEOUT_SECONDS", 1)


def test_a_server_that_takes_a_connection_and_says_nothing_is_away_soon(
    world: World, monkeypatch: pytest.MonkeyPatch, soon: None
) -> None:
    campaign = world.campaign(world.company())
    started = time.monotonic()

    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("DATABASE_URL", f"postgresql://postgres:x@127.0.0.1:{silent.getsockname()[1]}/billing")
        answer = usage(campaign)

    assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
    assert time.monotonic() - started < 2


@either
def test_a_kept_connection_that_says_nothing_is_replaced_soon(world: World, soon: None, ask: Callable[[str], Any]) -> None:
    campaign = world.campaign(world.company())
    ask(campaign)
    sql = "SELECT pid FROM pg_stat_activity WHERE application_name = 'campaign-billing' AND datname = current_database()"
    backends = [int(row["pid"]) for row in world.rows(sql)]
    try:
        for backend in backends:
            os.kill(backend, signal.SIGSTOP)
    except (ProcessLookupError, PermissionError):
        pytest.skip("the server's processes are not this machine's, or another user's")
    started = time.monotonic()

    answer = ask(campaign)

    for backend in backends:
        os.kill(backend, signal.SIGCONT)
    assert answer.status == 200
    assert time.monotonic() - started < 2


PINNING = (
    *("set_config", r"SET\s+(LOCAL|SESSION|\w+\s*(=|TO))", "PREPARE", "DISCARD", "DEALLOCATE", "EXECUTE", "TEMP", "TEMPORARY"),
    *("DECLARE", "LISTEN", "nextval", "setval", r"pg_(try_)?advisory_lock\w*"),
)
"""What makes RDS Proxy keep a connection for one client (its user guide, "Avoiding pinning an RDS Proxy"). Advisory locks that
end with their transaction do not."""

SUBJECTS = sorted({path.stem for path in Path(sql.__file__).parent.glob("*.sql")} - {"migrate"})
"""The queries of the API and the jobs; the migrations connect to the database itself."""


@pytest.mark.parametrize("subject", SUBJECTS)
def test_nothing_that_goes_through_the_proxy_makes_it_keep_the_connection(subject: str) -> None:
    sent = [*queries(subject).values(), database._begin_sql("company", database.APP, 15), database._ENTER]

    statements = [re.sub(r"--.*|\bUPDATE\s+\w+\s+SET\b|\bDO UPDATE SET\b", "", text) for text in sent]
    assert not [text for text in statements if re.search(rf"\b({'|'.join(PINNING)})\b", text, re.IGNORECASE)]


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


INSERT_COUNTED = """
    INSERT INTO billing_usage_records
        (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp)
    SELECT company_id, id, 'seat_usage', 1 / :divisor::integer, 'key', now() FROM campaigns RETURNING id
"""


def test_a_query_alone_is_committed_when_it_returns_and_sees_its_company_as_the_apis_role(world: World) -> None:
    mine, other = world.company(), world.company()
    world.campaign(mine)
    world.campaign(other)

    (recorded,) = rows_alone(mine, INSERT_COUNTED, divisor=1)
    (who,) = rows_alone(
        mine, "SELECT current_user::text AS role, current_setting('timezone') AS zone, :none::text AS none", none=None
    )

    assert [(row["id"], row["company_id"]) for row in world.ledger()] == [(recorded["id"], mine)]
    assert who == {"role": database.APP, "zone": "UTC", "none": None}
    with transaction(ALL_COMPANIES, role=None) as db:
        assert db.value(
            "SELECT current_user <> :app AND coalesce(current_setting('billing.company_id', true), '') = ''", app=database.APP
        )


def test_a_query_alone_that_fails_leaves_nothing_and_the_connection_in_step(world: World) -> None:
    campaign = world.campaign(world.company())
    rows_alone(ALL_COMPANIES, "SELECT 1 AS one")
    kept = database._session

    with pytest.raises(DatabaseError, match="division by zero"):
        rows_alone(ALL_COMPANIES, INSERT_COUNTED, divisor=0)

    assert world.ledger() == []
    assert record(campaign).body["recorded"] == 1
    assert database._session is kept


def test_a_query_alone_that_takes_too_long_is_ended_and_not_sent_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_STATEMENT_TIMEOUT", "1")
    started = time.monotonic()

    with pytest.raises(DatabaseUnavailable) as ended:
        rows_alone(ALL_COMPANIES, "SELECT pg_sleep(5)")

    assert timed_out(ended.value)
    assert time.monotonic() - started < 1.5


@pytest.mark.parametrize(("seconds", "status"), [(0, 200), (2.1, 503)], ids=["at once", "with no time left"])
def test_a_batch_whose_connection_is_lost_after_the_commit_is_sent_again_in_time_and_recorded_once(
    world: World, monkeypatch: pytest.MonkeyPatch, soon: None, seconds: float, status: int
) -> None:
    campaign = world.campaign(world.company())
    rows_alone(ALL_COMPANIES, "SELECT 1 AS one")
    kept = database._session
    assert kept is not None
    answered = kept.connection.handle_messages

    def lose_the_answer(context: Any) -> None:
        answered(context)
        if "billing_usage_records" in str(context.statement):
            time.sleep(seconds)
            raise ConnectionResetError

    monkeypatch.setattr(kept.connection, "handle_messages", lose_the_answer)

    answer = record(campaign)
    again = record(campaign)

    assert (answer.status, again.body["duplicates"]) == (status, 1)
    assert [str(row["id"]) for row in world.ledger()] == [again.body["results"][0]["usageRecordId"]]


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
