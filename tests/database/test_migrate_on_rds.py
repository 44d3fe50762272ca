"""The migrations on RDS: the master user there may make roles and databases, and is no superuser (design §8)."""

import json
import os
import subprocess
import sys
from urllib.parse import urlsplit, urlunsplit

from local.databases import connect
from tests.cluster import Cluster, leave, url

# What an instance of RDS has before anybody has logged in.
RDS = """
    CREATE ROLE rds_iam;
    CREATE ROLE master LOGIN CREATEROLE CREATEDB PASSWORD 'x';
    GRANT rds_iam, pg_monitor TO master WITH ADMIN OPTION;
    CREATE DATABASE billing_on_rds OWNER master
"""
MIGRATE = "import json; from billing.operations.migrate import migrate; print(json.dumps([migrate(), migrate()]))"


def test_the_master_user_of_rds_migrates_and_only_the_roles_log_in_with_a_token(cluster: Cluster) -> None:
    user = cluster.use()
    server = urlsplit(url(user))
    admin = connect(urlunsplit(server))
    for statement in RDS.split(";"):
        admin.run(statement)
    master = urlunsplit(server._replace(netloc=f"master:x@{server.hostname}:{server.port}", path="/billing_on_rds"))

    done = subprocess.run(
        [sys.executable, "-c", MIGRATE], env=os.environ | {"DATABASE_URL": master}, check=False, capture_output=True, text=True
    )

    assert done.stderr == ""
    first, again = json.loads(done.stdout)
    assert (first[0], again) == ("0001_reference_tables", [])
    roles = "SELECT rolname::text, rolcanlogin, pg_has_role(oid, 'rds_iam', 'MEMBER'), pg_has_role('master', oid, 'SET')"
    assert admin.run(f"{roles} FROM pg_roles WHERE rolname LIKE 'billing%' ORDER BY rolname") == [
        ["billing_app", True, True, False],
        ["billing_jobs", True, True, False],
        ["billing_owner", False, False, True],
        ["billing_reader", True, True, False],
    ]
    assert admin.run("SELECT pg_has_role('billing_owner', 'pg_monitor', 'MEMBER')") == [[True]]
    admin.close()
    leave(user)
