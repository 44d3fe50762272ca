"""A standby cannot see which transactions are in flight, so pages of records are never read from one (design §4.9)."""

import os

import pytest

from billing.database import session as database
from billing.operations.migrate import migrate
from local.databases import connect
from tests.callers import page
from tests.cluster import Cluster, leave, url
from tests.world import World, request


def test_a_standby_returns_statements_and_refuses_pages_of_records(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    user = cluster.use()
    primary = url(user)
    monkeypatch.setenv("DATABASE_URL", primary)
    migrate()
    world = World(connect(primary))
    campaign = world.campaign(world.company(id="harbour"))
    assert page("harbour").status == 200
    world.connection.close()
    database.disconnect()
    leave(user)
    # What a server finds that is to recover, and to go on with it: a standby, though of nobody.
    signal = cluster.data / "standby.signal"
    signal.touch()
    owner = cluster.data.stat()
    os.chown(signal, owner.st_uid, owner.st_gid)

    user = cluster.use()
    monkeypatch.setenv("DATABASE_URL", url(user))
    records = page("harbour")
    statement = request(
        "get_campaign_usage", "GET", f"/v1/campaigns/{campaign}/usage", query={"start": "2025-01-01", "end": "2025-02-01"}
    )

    assert (records.status, statement.status) == (503, 200)
    assert "Retry-After" in records.headers
    assert "standby" in records.body["detail"]
    database.disconnect()
    leave(user)
