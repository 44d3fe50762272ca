"""What reaches the database's own log, as template.yaml sets it up: slow statements and errors, and no payload of either."""

import pytest
from pg8000.native import DatabaseError

from local.databases import connect
from tests.cluster import Cluster, leave, url
from tests.test_template import RESOURCES

SECRET = "s3cret-of-the-caller"  # noqa: S105 - what must not be found


def test_neither_a_slow_statement_nor_a_refused_row_leaves_its_payload_in_the_log(cluster: Cluster) -> None:
    user = cluster.use()
    admin = connect(url(user))
    parameters = RESOURCES["DatabaseParameters"]["Properties"]["Parameters"] | {"log_min_duration_statement": "0"}
    for name, value in parameters.items():
        if not name.startswith("rds."):
            admin.run(f"ALTER SYSTEM SET {name} = '{value}'")
    admin.run("SELECT pg_reload_conf()")
    admin.run("CREATE TABLE visits (place text CONSTRAINT short CHECK (length(place) < 30) UNIQUE)")
    admin.run("SELECT pg_sleep(0.2)")  # until the settings are in force

    admin.run("INSERT INTO visits VALUES (:place)", place=SECRET)
    for place in (SECRET, SECRET + " and more of it"):
        with pytest.raises(DatabaseError):
            admin.run("INSERT INTO visits VALUES (:place)", place=place)

    admin.close()
    leave(user)
    log = (cluster.folder / ".local" / "postgres" / "server.log").read_text()
    assert "duration: " in log and 'violates check constraint "short"' in log and "duplicate key" in log
    assert SECRET not in log
