"""`make db`: the database that env.json names, for `sam local`, until it is stopped.

It is on the embedded Postgres, holds the rows that the sample events speak of, and is made anew at each start.
"""

import contextlib
import io
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import SplitResult, urlsplit

from pg8000.native import identifier, literal

from local import postgres
from local.artefacts import compare
from local.artefacts.forward import forwarded, host_of_containers
from local.databases import connect
from local.postgres import ROOT

ENVIRONMENT = ROOT / "env.json"


@contextmanager
def running() -> Iterator[SplitResult]:
    """The URL in env.json, whose database containers reach while the block runs."""
    url = urlsplit(json.loads(ENVIRONMENT.read_text())["Parameters"]["DATABASE_URL"])
    with (
        postgres.running() as server_url,
        database(server_url, url),
        forwarded(server_url, host_of_containers(), url.port or 0),
    ):
        yield url


@contextmanager
def database(server_url: str, url: SplitResult) -> Iterator[None]:
    """The database and the user of a URL on a server, while the block runs."""
    name, user = identifier(url.path.lstrip("/")), identifier(str(url.username))
    remove = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"DROP ROLE IF EXISTS {user}"
    admin = connect(server_url)
    with compare.copies(server_url) as copies, copies("") as filled:
        for statement in remove:
            admin.run(statement)
        admin.run(f"CREATE DATABASE {name} TEMPLATE {urlsplit(filled).path.lstrip('/')}")
    admin.run(f"CREATE ROLE {user} SUPERUSER LOGIN PASSWORD {literal(str(url.password))}")
    try:
        yield
    finally:
        for statement in remove:
            admin.run(statement)
        admin.close()


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.ExitStack() as stack:
        with contextlib.redirect_stdout(io.StringIO()):  # the handlers' logs
            url = stack.enter_context(running())
        print(f"Containers reach {url.geturl()} until this is stopped.", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    try:
        main()
    except (postgres.ServerFailed, subprocess.CalledProcessError, FileNotFoundError) as error:
        sys.exit(f"{error}\nIt takes a container engine that runs, as sam local does.")
    except KeyboardInterrupt:
        sys.exit(0)
