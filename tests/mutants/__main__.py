"""Put one fault after another into a copy of the repository, and see that a test finds it: `make mutants`."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from local import postgres
from local.postgres import ROOT
from tests.mutants.table import ACCEPTED, MUTANTS, Mutant

SECONDS_MAX = 600


def copy_of_the_repository(folder: Path) -> None:
    """Every file that git has, as it is now."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for path in filter(None, listed.split("\0")):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, folder / path)


def passes(tests: list[str], folder: Path, database: str) -> bool:
    """Whether the tests of the copy pass."""
    environment = os.environ | {"DATABASE_URL": database, "PYTHONPATH": str(folder / "layers" / "billing")}
    command = [sys.executable, "-m", "pytest", "-x", "--no-cov", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(command, check=False, cwd=folder, env=environment, capture_output=True, timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def is_found(mutant: Mutant, folder: Path, database: str) -> bool:
    """Whether the tests fail. Raises `ValueError` where the text to change is not there."""
    path = folder / mutant.path
    original = path.read_text()
    if mutant.old not in original:
        raise ValueError(f"{mutant.path} has no {mutant.old!r}")
    path.write_text(original.replace(mutant.old, mutant.new))
    try:
        return not passes([mutant.tests], folder, database)
    finally:
        path.write_text(original)


def main(chosen: list[str]) -> int:
    """Those whose path contains one of the words, or all; how many survive that are not accepted."""
    mutants = [mutant for mutant in MUTANTS if not chosen or any(word in mutant.path for word in chosen)]
    survivors = []
    with postgres.running() as url, tempfile.TemporaryDirectory() as folder:
        copy_of_the_repository(Path(folder))
        for tests in sorted({mutant.tests for mutant in mutants}):
            if not passes([tests], Path(folder), url):
                print(f"{tests} fails without any fault")
                return 1
        for number, mutant in enumerate(mutants, 1):
            found = is_found(mutant, Path(folder), url)
            survivors += [] if found else [mutant]
            said = "found by" if found else "NOT found by"
            print(f"{number} of {len(mutants)}: {mutant.path}: {mutant.new[:60]!r} {said} {mutant.tests}", flush=True)
    wrong = [mutant for mutant in survivors if (mutant.path, mutant.new) not in ACCEPTED]
    print(f"{len(mutants)} mutants, {len(mutants) - len(survivors)} found, {len(survivors)} survive, {len(wrong)} not accepted")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
