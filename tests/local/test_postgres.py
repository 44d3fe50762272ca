"""The embedded Postgres is shared while it is in use, and outlives whatever happens to the commands that use it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import postgres
from tests.world import connect

USER = "from local import postgres\nwith postgres.running() as url: print(url, flush=True); input()"


class Copy:
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


@pytest.fixture
def copy() -> Iterator[Copy]:
    if not postgres.BINARIES.exists():
        pytest.skip("the embedded Postgres was not fetched: the tests run on DATABASE_URL's")
    folder = Path(tempfile.mkdtemp(prefix="campaign-billing-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    (folder / "local").mkdir()
    (folder / "requirements").mkdir()
    shutil.copy(postgres.__file__, folder / "local")
    shutil.copy(postgres.REQUIREMENT, folder / "requirements")
    home = folder / ".local" / "postgres"
    home.mkdir(parents=True)
    (home / postgres.WHEEL.name).symlink_to(postgres.WHEEL.resolve())
    copy = Copy(folder)
    yield copy
    for user in copy.users:
        user.kill()
        user.communicate()
    subprocess.run([sys.executable, "-c", "from local import postgres; postgres.remove()"], cwd=folder, check=True)
    shutil.rmtree(folder)


def test_commands_that_start_at_once_share_one_server_and_the_last_one_stops_it(copy: Copy) -> None:
    users = [copy.use() for _ in range(3)]

    urls = {url(user) for user in users}

    assert len(urls) == 1
    connection = connect(urls.pop())
    assert connection.run("SELECT current_database()::text, current_setting('TimeZone')") == [["billing", "UTC"]]
    connection.close()
    leave(users[0])
    leave(users[1])
    assert copy.is_up()
    leave(users[2])
    assert not copy.is_up()


def test_the_next_start_has_the_same_url(copy: Copy) -> None:
    first = copy.use()
    before = url(first)
    leave(first)

    second = copy.use()

    assert url(second) == before


def test_a_killed_command_leaves_the_server_to_the_next_one(copy: Copy) -> None:
    killed = copy.use()
    before = url(killed)
    killed.kill()
    killed.wait()

    following = copy.use()

    assert url(following) == before
    leave(following)
    assert not copy.is_up()


def test_a_killed_server_is_started_again(copy: Copy) -> None:
    user = copy.use()
    before = url(user)
    os.kill(int((copy.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    errors = leave(user)
    following = copy.use()

    assert "ServerFailed" in errors
    assert "server.log ends:" in errors
    assert url(following) == before


def test_another_program_with_the_servers_process_id_is_not_taken_for_the_server(copy: Copy) -> None:
    first = copy.use()
    before = url(first)
    pid_file = (copy.data / "postmaster.pid").read_text()
    leave(first)
    (copy.data / "postmaster.pid").write_text(pid_file.replace(pid_file.split()[0], str(os.getpid()), 1))

    second = copy.use()

    assert url(second) == before


def test_an_interrupted_set_up_is_done_again(copy: Copy) -> None:
    new = copy.data.with_name("new-data")
    new.mkdir()
    (new / "half").touch()

    user = copy.use()

    assert url(user).startswith("postgresql://")
    assert not (copy.data / "half").exists()
