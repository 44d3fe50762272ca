"""docs/schema.sql, which shows the tables in one piece, is what the migrations make."""

import os

import pytest

from billing.database import session as database
from local.databases import connect, scratch
from local.tools import schema

MAJOR = 18
"""Of the embedded Postgres, which wrote the file: another spells some of it in another way."""


def test_the_schema_in_the_docs_is_that_of_the_migrations(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    server = connect(database_url)
    ((version,),) = server.run("SELECT current_setting('server_version_num')::integer / 10000")
    server.close()
    if not schema.PG_DUMP.exists() or version != MAJOR:
        assert "CI" not in os.environ
        pytest.skip(f"the tests run on a Postgres {version} of DATABASE_URL")

    with scratch(database_url) as url:
        monkeypatch.setenv("DATABASE_URL", url)
        dumped = schema.dump(url)
        database.disconnect()

    assert schema.SCHEMA.read_text() == dumped, "make schema"
