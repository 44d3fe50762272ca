"""`make psql`: an SQL prompt on the embedded Postgres, or on that of `DATABASE_URL`."""

import os
import signal
import subprocess
import sys
from urllib.parse import unquote, urlsplit

from local import postgres


def main() -> None:
    with postgres.running() as url:
        parts = urlsplit(url)
        # The environment keeps the password out of the list of processes.
        password = {"PGPASSWORD": unquote(parts.password)} if parts.password else {}
        address = parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", "@")).geturl()
        signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C cancels a query, and psql stays
        sys.exit(subprocess.run([_program(), address, *sys.argv[1:]], check=False, env=os.environ | password).returncode)


def _program() -> str:
    embedded = postgres.BINARIES / "psql"
    return str(embedded) if embedded.exists() else "psql"


if __name__ == "__main__":
    try:
        main()
    except postgres.ServerFailed as error:
        sys.exit(str(error))
    except FileNotFoundError:
        sys.exit("There is no psql on the PATH; make demo brings one along.")
