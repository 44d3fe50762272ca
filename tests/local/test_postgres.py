"""The embedded Postgres is shared while it is in use, and outlives whatever happens to the commands that use it."""

import os
import signal

from local.databases import connect
from tests.cluster import Cluster, leave, url


def test_commands_that_start_at_once_share_one_server_and_the_last_one_stops_it(cluster: Cluster) -> None:
    users = [cluster.use() for _ in range(3)]

    urls = {url(user) for user in users}

    assert len(urls) == 1
    connection = connect(urls.pop())
    assert connection.run("SELECT current_database()::text, current_setting('TimeZone')") == [["billing", "UTC"]]
    connection.close()
    leave(users[0])
    leave(users[1])
    assert cluster.is_up()
    leave(users[2])
    assert not cluster.is_up()


def test_the_next_start_has_the_same_url(cluster: Cluster) -> None:
    first = cluster.use()
    before = url(first)
    leave(first)

    second = cluster.use()

    assert url(second) == before


def test_a_killed_command_leaves_the_server_to_the_next_one(cluster: Cluster) -> None:
    killed = cluster.use()
    before = url(killed)
    killed.kill()
    killed.wait()

    following = cluster.use()

    assert url(following) == before
    leave(following)
    assert not cluster.is_up()


def test_a_killed_server_is_started_again(cluster: Cluster) -> None:
    user = cluster.use()
    before = url(user)
    os.kill(int((cluster.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    errors = leave(user)
    following = cluster.use()

    assert "ServerFailed" in errors
    assert "server.log ends:" in errors
    assert url(following) == before


def test_another_program_with_the_servers_process_id_is_not_taken_for_the_server(cluster: Cluster) -> None:
    first = cluster.use()
    before = url(first)
    pid_file = (cluster.data / "postmaster.pid").read_text()
    leave(first)
    (cluster.data / "postmaster.pid").write_text(pid_file.replace(pid_file.split()[0], str(os.getpid()), 1))

    second = cluster.use()

    assert url(second) == before


def test_an_interrupted_set_up_is_done_again(cluster: Cluster) -> None:
    new = cluster.data.with_name("new-data")
    new.mkdir()
    (new / "half").touch()

    user = cluster.use()

    assert url(user).startswith("postgresql://")
    assert not (cluster.data / "half").exists()
