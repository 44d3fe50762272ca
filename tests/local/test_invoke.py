import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.postgres import ROOT

pytestmark = pytest.mark.slow


def run(function: str, event: Path, url: str = "postgresql://nobody@127.0.0.1:1/none") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local.invoke", function, str(event)]
    environment = os.environ | {"DATABASE_URL": url}
    return subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.fixture
def event(tmp_path: Path) -> Path:
    path = tmp_path / "event.json"
    path.write_text("{}")
    return path


def test_the_answer_alone_is_on_standard_output(event: Path, database_url: str) -> None:
    done = run("migrate", event, database_url)

    assert done.returncode == 0
    assert json.loads(done.stdout) == {"applied": []}
    assert '"message":"Migrated"' in done.stderr


def test_a_handler_that_raises_is_told_in_one_line(event: Path, database_url: str) -> None:
    done = run("track_seat_usage", event, database_url)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("track_seat_usage raised ")
    assert "Traceback" not in done.stderr.splitlines()[-1]


def test_a_database_that_is_away_is_told_in_one_line(event: Path) -> None:
    done = run("migrate", event)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "DATABASE_URL points to 127.0.0.1:1, and nothing listens there.\n"


def test_an_unknown_function_is_answered_with_the_known_ones(event: Path) -> None:
    done = run("no_such", event)

    assert done.returncode == 1
    assert done.stderr.startswith("There is no function no_such; there are: ")
    assert "track_usage" in done.stderr


def test_a_missing_event_is_named(tmp_path: Path) -> None:
    done = run("migrate", tmp_path / "absent.json")

    assert done.returncode == 1
    assert done.stderr == f"There is no event {tmp_path}/absent.json; sample events are in events/\n"


@pytest.mark.parametrize("text", ["{", "[]", "[[1, 2]]", "3"])
def test_an_event_that_is_no_json_object_is_named(event: Path, text: str) -> None:
    event.write_text(text)

    done = run("migrate", event)

    assert done.returncode == 1
    assert done.stderr.startswith(str(event))
    assert done.stderr.count("\n") == 1
