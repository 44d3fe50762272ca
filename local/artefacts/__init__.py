"""What `make build` makes, and what runs it: as Lambda does (`emulator`), in containers (`sam_local`), beside its source
(`compare`). Owns how the artefacts are built; what is in them is the functions' and the layer's.
"""

import fcntl
import os
import subprocess

from local.postgres import LOCAL, ROOT

BUILD = ROOT / ".aws-sam" / "build"
LAYER = BUILD / "BillingLayer" / "python"
TYPST_LAYER = BUILD / "TypstLayer" / "python"
"""Of the function that makes PDFs; the others import nothing of it."""

PYTHON = ROOT / ".venv-lambda" / "bin" / "python"
MACHINE = "x86_64"
"""The architecture of template.yaml."""


class NoInterpreter(Exception):
    """There is no Python here that runs the artefacts; the message says in one sentence why, or how to get one."""


class BuildFailed(Exception):
    """The artefacts could not be made; the message is what was printed."""


def make() -> None:
    """Build the artefacts and the environment that runs them. Raises `NoInterpreter`, `BuildFailed`."""
    if os.uname().machine != MACHINE:
        raise NoInterpreter(f"The artefacts are for {MACHINE}, and this machine is {os.uname().machine}.")
    found = _run("bash", "local/artefacts/python.sh")
    if found.returncode != 0:
        raise NoInterpreter(found.stdout.strip())
    make_target("artefacts")


def make_target(target: str) -> None:
    """Have make make something, one process at a time: two would set up one environment at once. Raises `BuildFailed`."""
    LOCAL.mkdir(exist_ok=True)
    with (LOCAL / "make.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = _run("make", "--silent", target)
    if made.returncode != 0:
        raise BuildFailed(made.stdout)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    output = subprocess.STDOUT
    return subprocess.run(command, check=False, cwd=ROOT, stdout=subprocess.PIPE, stderr=output, text=True)
