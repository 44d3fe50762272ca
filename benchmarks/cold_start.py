"""The import of a built function in a fresh process of the template's Python, beside that of the least app there can be."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from benchmarks.measure import Row
from local import artefacts
from local.artefacts import BUILD, LAYER, PYTHON
from local.artefacts.emulator import environment
from local.template import functions

TRIALS, RUNS = 7, 41
"""Processes of each function to find the slowest and the fastest by, and of these two and the hello to measure."""

TARGET = 1.2

HELLO = Path(__file__).parent / "hello"
PROBE = """
import time
started = time.process_time()
import app
print(time.process_time() - started)
"""
"""Processor time: it is all that an import takes, and the machine's other work is not in it."""


def run() -> list[Row]:
    try:
        artefacts.make()
    except artefacts.NoInterpreter as reason:
        print(f"cold start: not measured. {reason}")
        return []
    folders = {name: BUILD / function.logical_id for name, function in functions().items()}
    with tempfile.TemporaryDirectory() as folder:
        folders["hello"] = Path(shutil.copytree(HELLO, folder, dirs_exist_ok=True))
        subprocess.run([PYTHON, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", folder], check=True)
        tried = _rounds(functions(), folders, TRIALS)
        slowest = max(functions(), key=lambda name: median(each[name] for each in tried))
        rounds = _rounds(("hello", slowest), folders, RUNS)
    ours, hello = [each[slowest] for each in rounds], [each["hello"] for each in rounds]
    return [Row(f"cold start, the slowest function ({slowest})", "a hello on the same layer", ours, hello, TARGET)]


def _rounds(names: Iterable[str], folders: dict[str, Path], runs: int) -> list[dict[str, float]]:
    """Seconds of each import, round by round, so that what else the machine does falls on all of them."""
    return [{name: _import(folders[name]) for name in names} for _ in range(runs)]


def _import(folder: Path) -> float:
    variables = environment(functions()["track_usage"]) | {"PYTHONPATH": f"{folder}:{LAYER}"}
    done = subprocess.run([PYTHON, "-c", PROBE], env=variables, check=True, capture_output=True, text=True)
    return float(done.stdout)
