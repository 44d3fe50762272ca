"""`make demo-reset` empties the embedded database, and no other."""

import os
import shutil
import subprocess
import sys

from local.databases import connect
from local.postgres import ROOT
from tests.cluster import Cluster, leave, url


def reset(cluster: Cluster) -> subprocess.CompletedProcess[str]:
    for folder in ("local", "demo"):
        shutil.copytree(ROOT / folder, cluster.folder / folder, dirs_exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [sys.executable, "-m", "demo.reset"]
    return subprocess.run(command, cwd=cluster.folder, env=environment, capture_output=True, text=True, check=False)


def test_the_embedded_database_is_empty_afterwards(cluster: Cluster) -> None:
    user = cluster.use()
    address = url(user)
    connection = connect(address)
    connection.run("CREATE TABLE of_a_demo ()")

    refused = reset(cluster)
    connection.close()
    done = reset(cluster)

    assert refused.returncode == 1
    assert "is being accessed by other users" in refused.stderr
    assert done.returncode == 0, done.stderr
    connection = connect(address)
    assert connection.run("SELECT to_regclass('of_a_demo')") == [[None]]
    connection.close()
    leave(user)


def test_a_database_of_ones_own_is_left_alone(database_url: str) -> None:
    environment = os.environ | {"DATABASE_URL": database_url}
    command = [sys.executable, "-m", "demo.reset"]

    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith("make demo-reset empties the embedded database only.")
