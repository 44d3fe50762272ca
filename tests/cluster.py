"""A Postgres cluster of a test's own, in a copy of the repository's folder that needs nothing fetched."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local import postgres

USER = "from local import postgres\nwith postgres.running() as url: print(url, flush=True); input()"


class Cluster:
    """A repository of its own with a cluster of its own, whose Postgres is already fetched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / ".local" / "postgres" / "data"
        self.users: list[subprocess.Popen[str]] = []

    def use(self) -> subprocess.Popen[str]:
        """A command that uses the server until it is told to leave."""
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        command = [sys.executable, "-c", USER]
        pipe = subprocess.PIPE
        user = subprocess.Popen(command, cwd=self.folder, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        self.users.append(user)
        return user

    def is_up(self) -> bool:
        return (self.data / "postmaster.pid").exists()


def url(user: subprocess.Popen[str]) -> str:
    assert user.stdout
    return user.stdout.readline().strip()


def leave(user: subprocess.Popen[str]) -> str:
    _, errors = user.communicate("\n", timeout=30)
    return errors


@contextmanager
def fresh_cluster() -> Iterator[Cluster]:
    """Skips the test where the embedded Postgres was not fetched."""
    if not postgres.BINARIES.exists():
        pytest.skip("the embedded Postgres was not fetched: the tests run on DATABASE_URL's")
    folder = Path(tempfile.mkdtemp(prefix="campaign-billing-test-", dir="/var/tmp"))
    (folder / "local").mkdir()
    (folder / "requirements").mkdir()
    shutil.copy(postgres.__file__, folder / "local")
    shutil.copy(postgres.REQUIREMENT, folder / "requirements")
    home = folder / ".local" / "postgres"
    home.mkdir(parents=True)
    for each in (folder, home.parent, home):  # whatever the umask: where root runs this, another user runs the server
        each.chmod(0o755)
    (home / postgres.WHEEL.name).symlink_to(postgres.WHEEL.resolve())
    cluster = Cluster(folder)
    yield cluster
    for user in cluster.users:
        user.kill()
        user.communicate()
    subprocess.run([sys.executable, "-c", "from local import postgres; postgres.remove()"], cwd=folder, check=True)
    shutil.rmtree(folder)
