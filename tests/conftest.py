"""A scratch database for the run, emptied between tests; the handlers under test find it by DATABASE_URL."""

import os
import secrets
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest

from billing import database
from billing.operations.migrate import migrate
from local import postgres
from tests.cluster import Cluster, fresh_cluster
from tests.world import World, connect


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """The URL of a migrated database of this run's own, whatever server it is on."""
    with postgres.running() as server_url:
        name = f"billing_test_{secrets.token_hex(6)}"
        url = urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
        admin = connect(server_url)
        admin.run(f"CREATE DATABASE {name}")
        os.environ["DATABASE_URL"] = url
        migrate()
        yield url
        database.disconnect()
        admin.run(f"DROP DATABASE {name} WITH (FORCE)")
        admin.close()


@pytest.fixture
def world(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An empty database, and the hand of the platform's other services on it."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    world = World(connect(database_url))
    world.empty()
    yield world
    world.connection.close()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A Postgres cluster of the test's own."""
    with fresh_cluster() as cluster:
        yield cluster
