import os
import subprocess
import sys
from urllib.parse import urlsplit

from local.postgres import ROOT


def psql(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local.psql", *arguments]
    return subprocess.run(
        command, check=False, cwd=ROOT, env=os.environ | {"DATABASE_URL": url}, capture_output=True, text=True, timeout=30
    )


def test_it_opens_the_database_of_the_url_and_ends_with_the_status_of_psql(database_url: str) -> None:
    right = psql(database_url, "-At", "-c", "SELECT count(*) > 0 FROM schema_migrations")
    wrong = psql(database_url, "-c", "SELECT nothing")

    assert (right.stdout, right.stderr, right.returncode) == ("t\n", "", 0)
    assert (wrong.stdout, wrong.returncode) == ("", 1)


def test_the_password_is_not_in_the_list_of_processes(database_url: str) -> None:
    password = urlsplit(database_url).password

    shown = psql(database_url, "-At", "-c", r"\! tr '\0' ' ' < /proc/$PPID/cmdline").stdout

    assert "psql" in shown
    assert password and password not in shown
