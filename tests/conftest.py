"""A scratch database for the run, emptied between tests; the handlers under test find it by DATABASE_URL."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from billing.database import session as database
from billing.operations.migrate import migrate
from local import databases, postgres
from local.databases import connect, scratch
from tests.cluster import Cluster, fresh_cluster
from tests.world import World

settings.register_profile("all", max_examples=60, deadline=None)
settings.register_profile("fast", max_examples=8, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "all"))


def pytest_configure(config: pytest.Config) -> None:
    """Ends a run that wants a database where `DATABASE_URL` names none, in one line; each of xdist's workers would say it."""
    wanted = os.environ.get("DATABASE_URL") and "not database" not in config.option.markexpr
    if wanted and not hasattr(config, "workerinput") and (fault := databases.fault()):
        raise pytest.UsageError(fault)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what needs a database, so that `make test-fast` can leave it out."""
    for item in items:
        if {"database_url", "cluster"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("database")


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """The URL of a migrated database of this run's own, whatever server it is on."""
    with postgres.running() as server_url, scratch(server_url) as url:
        os.environ["DATABASE_URL"] = url
        migrate()
        yield url
        database.disconnect()


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
