"""`make schema`: docs/schema.sql, the tables as all migrations together make them, for people to read.

Dumped from a fresh database by the embedded Postgres' own pg_dump, without what differs from one server to another.
"""

import os
import re
import subprocess
import sys

from billing.database.session import disconnect
from billing.operations.migrate import migrate
from local import postgres
from local.databases import scratch

SCHEMA = postgres.ROOT / "docs" / "schema.sql"
PG_DUMP = postgres.BINARIES / "pg_dump"
HEAD = """-- The tables as the migrations make them, in one piece: to read, not to run. `make schema` writes it,
-- and a test holds it true.

"""
_NOISE = re.compile(r"^(--.*|SET .*|SELECT pg_catalog\.set_config.*|\\.*)\n", re.MULTILINE)


def main() -> None:
    with postgres.running() as server_url, scratch(server_url) as url:
        os.environ["DATABASE_URL"] = url
        SCHEMA.write_text(dump(url))
        disconnect()


def dump(url: str) -> str:
    """The schema of a database that is migrated to begin with."""
    migrate()
    command = [str(PG_DUMP), "--schema-only", "--schema=public", "--no-owner", url]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return HEAD + re.sub(r"\n{3,}", "\n\n", _NOISE.sub("", text)).strip() + "\n"


if __name__ == "__main__":
    try:
        main()
    except postgres.ServerFailed as error:
        sys.exit(str(error))
