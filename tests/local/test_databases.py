"""Why the database of `DATABASE_URL` cannot be used is said in one line, without its password."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from local import databases
from local.postgres import ROOT

PASSWORD = "s3cret"  # noqa: S105 - nobody's
FORM = "postgresql://user:password@host:port/database"


@pytest.fixture
def free_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    yield port


def fault(monkeypatch: pytest.MonkeyPatch, url: str) -> str | None:
    monkeypatch.setenv("DATABASE_URL", url)
    return databases.fault()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"mysql://u:{PASSWORD}@127.0.0.1/x", f"DATABASE_URL begins with mysql:; it must be {FORM}."),
        ("sqlite:///x.db", f"DATABASE_URL begins with sqlite:; it must be {FORM}."),
        ("billing", f"DATABASE_URL has no scheme; it must be {FORM}."),
        (" ", f"DATABASE_URL has no scheme; it must be {FORM}."),
        (
            f"postgresql://u:{PASSWORD}@127.0.0.1:99999/x",
            f"DATABASE_URL cannot be read as {FORM}; the port must be a number from 1 to 65535.",
        ),
        (
            f"postgresql://u:{PASSWORD}@absent.invalid/x",
            "DATABASE_URL points to absent.invalid:5432, and no host has that name.",
        ),
    ],
    ids=["another scheme", "a file", "no scheme", "a blank", "no port", "no host"],
)
def test_an_address_that_cannot_be_used_is_told(monkeypatch: pytest.MonkeyPatch, url: str, told: str) -> None:
    assert fault(monkeypatch, url) == told


def test_a_port_at_which_nothing_listens_is_told(monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    told = fault(monkeypatch, f"postgresql://u:{PASSWORD}@127.0.0.1:{free_port}/x")

    assert told == f"DATABASE_URL points to 127.0.0.1:{free_port}, and nothing listens there."


def test_a_password_and_a_database_that_the_server_refuses_are_told(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    parts = urlsplit(database_url)
    where = f"DATABASE_URL points to {parts.hostname}:{parts.port}, and the server there refuses"

    assert fault(monkeypatch, database_url) is None
    assert fault(monkeypatch, parts._replace(path="/absent").geturl()) == f'{where}: database "absent" does not exist.'
    wrong = parts._replace(netloc=f"postgres:{PASSWORD}@{parts.hostname}:{parts.port}").geturl()
    assert fault(monkeypatch, wrong) == f'{where}: password authentication failed for user "postgres".'


PICTURES = pytest.param(
    "local.tools.pictures", marks=pytest.mark.skipif(shutil.which("chromium") is None, reason="takes pictures with Chromium")
)


@pytest.mark.parametrize("module", ["demo", "local.serve", "local.invoke", "local.tools.schema", "benchmarks", PICTURES])
def test_each_command_ends_with_that_line_alone(module: str, free_port: int) -> None:
    url = f"postgresql://u:{PASSWORD}@127.0.0.1:{free_port}/x"
    command = [sys.executable, "-m", module, "track_usage", "events/track_usage.json"]
    environment = os.environ | {"DATABASE_URL": url, "PORT": "0"}

    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == f"DATABASE_URL points to 127.0.0.1:{free_port}, and nothing listens there."


def test_a_run_of_the_tests_ends_with_that_line_alone(free_port: int) -> None:
    command = [sys.executable, "-m", "pytest", "--no-cov", "-n", "2", "tests/local/test_databases.py"]
    environment = os.environ | {"DATABASE_URL": f"postgresql://u:{PASSWORD}@127.0.0.1:{free_port}/x"}

    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (pytest.ExitCode.USAGE_ERROR, "")
    assert done.stderr.strip() == f"ERROR: DATABASE_URL points to 127.0.0.1:{free_port}, and nothing listens there."
