"""What `make` says of a target that there is not, and of folders that it cannot use: one line, and a failure."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.postgres import ROOT


def make(target: str, folder: Path = ROOT, user: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", target], cwd=folder, user=user, capture_output=True, text=True, check=False)


@pytest.fixture
def roots_clone() -> Iterator[Path]:
    """A folder with the Makefile that everybody can read and nobody but root can write."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copy(ROOT / "Makefile", folder)
        yield folder


@pytest.mark.parametrize("target", ["tests", "docs", "no-such"])
def test_a_target_that_there_is_not_is_told_also_where_a_folder_has_its_name(target: str) -> None:
    done = make(target)

    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == f"There is no target {target}; make help lists them."


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_that_another_user_made_is_told_before_anything_is_done(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / ".venv").mkdir()
    shutil.chown(tmp_path / ".venv", "nobody")

    done = make(".venv/made", tmp_path)

    assert done.returncode == 2
    told = ".venv was made by nobody, not by root; remove what was made once: sudo make clean"
    assert done.stderr.splitlines()[0] == told
    assert list((tmp_path / ".venv").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_a_clone_that_cannot_be_written_is_told(roots_clone: Path) -> None:
    done = make(".venv/made", roots_clone, "nobody")

    assert done.returncode == 2
    told = f"The folder {roots_clone} cannot be written by nobody; clone it to one that can."
    assert done.stderr.splitlines()[0] == told


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_what_another_user_made_is_not_removed_and_told(roots_clone: Path) -> None:
    (roots_clone / ".venv").mkdir()

    done = make("clean", roots_clone, "nobody")

    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "Another user made a part of it: sudo make clean"
    assert (roots_clone / ".venv").exists()
