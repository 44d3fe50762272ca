"""The import of a built function in a fresh process of the template's Python, beside that of the least app there can be."""

import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from benchmarks.measure import verdict
from local import artefacts
from local.artefacts import BUILD, LAYER, PYTHON
from local.artefacts.emulator import environment
from local.template import functions

TRIALS, RUNS = 7, 41
"""Processes of each function to find the slowest and the fastest by, and of these two and the hello to measure."""

LIMIT = 1.25
"""An import takes at most so many times the hello's."""

HELLO = Path(__file__).parent / "hello"
PROBE = """
import time, resource
started = time.process_time()
import app
print(time.process_time() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
"""Processor time: it is all that an import takes, and the machine's other work is not in it."""


def run() -> None:
    try:
        artefacts.make()
    except artefacts.NoInterpreter as reason:
        print(f"cold start: not measured. {reason}")
        return
    folders = {name: BUILD / function.logical_id for name, function in functions().items()}
    with tempfile.TemporaryDirectory() as folder:
        folders["hello"] = Path(shutil.copytree(HELLO, folder, dirs_exist_ok=True))
        subprocess.run([PYTHON, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", folder], check=True)
        tried = _rounds(functions(), folders, TRIALS)
        seconds = {name: median(each[name][0] for each in tried) for name in functions()}
        fastest, slowest = min(seconds, key=seconds.__getitem__), max(seconds, key=seconds.__getitem__)
        _report(_rounds(("hello", slowest, fastest), folders, RUNS))
    print(f"  the layer: {_size(LAYER)}; a function: {_size(folders[slowest])}")


def _rounds(names: Iterable[str], folders: dict[str, Path], runs: int) -> list[dict[str, tuple[float, float]]]:
    """Seconds and MB of each import, round by round, so that what else the machine does falls on all of them."""
    return [{name: _import(folders[name]) for name in names} for _ in range(runs)]


def _import(folder: Path) -> tuple[float, float]:
    variables = environment(functions()["track_usage"]) | {"PYTHONPATH": f"{folder}:{LAYER}"}
    done = subprocess.run([PYTHON, "-c", PROBE], env=variables, check=True, capture_output=True, text=True)
    seconds, kilobytes = map(float, done.stdout.split())
    return seconds, kilobytes / 1024


def _report(rounds: list[dict[str, tuple[float, float]]]) -> None:
    print(f"cold start: import and peak memory, medians of {RUNS} fresh processes; the slowest and the fastest function")
    for name in rounds[0]:
        milliseconds = median(each[name][0] for each in rounds) * 1000
        memory = median(each[name][1] for each in rounds)
        # Of each round by itself: the machine's speed changes between them.
        ratio = median(each[name][0] / each["hello"][0] for each in rounds)
        beside = "" if name == "hello" else f", {ratio:4.2f} × hello ({verdict(ratio, LIMIT)})"
        print(f"  {name:<28}{milliseconds:5.0f} ms, {memory:3.0f} MB{beside}")


def _size(folder: Path) -> str:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in paths:
                archive.write(path, path.relative_to(folder))
        zipped = file.tell()
    return f"{sum(path.stat().st_size for path in paths) / 1e6:.3f} MB, zipped {zipped / 1e6:.3f} MB"
