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
from local.template import functions

TRIALS, RUNS = 5, 21
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
        tried = _medians(functions(), folders, TRIALS)
        fastest, slowest = min(tried, key=tried.__getitem__), max(tried, key=tried.__getitem__)
        _report(_medians(("hello", slowest, fastest), folders, RUNS))
    print(f"  the layer: {_size(LAYER)}; a function: {_size(folders[slowest])}")


def _medians(names: Iterable[str], folders: dict[str, Path], runs: int) -> dict[str, tuple[float, float]]:
    """Seconds and MB of each import. The runs take turns, so that what else the machine does falls on all of them."""
    rounds = [{name: _import(folders[name]) for name in names} for _ in range(runs)]
    return {name: (median(each[name][0] for each in rounds), median(each[name][1] for each in rounds)) for name in names}


def _import(folder: Path) -> tuple[float, float]:
    environment = artefacts.environment(functions()["track_usage"]) | {"PYTHONPATH": f"{folder}:{LAYER}"}
    done = subprocess.run([PYTHON, "-c", PROBE], env=environment, check=True, capture_output=True, text=True)
    seconds, kilobytes = map(float, done.stdout.split())
    return seconds, kilobytes / 1024


def _report(imports: dict[str, tuple[float, float]]) -> None:
    print(f"cold start: import and peak memory, medians of {RUNS} fresh processes; the slowest and the fastest function")
    hello, _ = imports["hello"]
    for name, (seconds, memory) in imports.items():
        ratio = seconds / hello
        beside = "" if name == "hello" else f", {ratio:4.2f} × hello ({verdict(ratio, LIMIT)})"
        print(f"  {name:<28}{seconds * 1000:5.0f} ms, {memory:3.0f} MB{beside}")


def _size(folder: Path) -> str:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in paths:
                archive.write(path, path.relative_to(folder))
        zipped = file.tell()
    return f"{sum(path.stat().st_size for path in paths) / 1e6:.3f} MB, zipped {zipped / 1e6:.3f} MB"
