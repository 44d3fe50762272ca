"""Runs a built function as Lambda does, without a container: under AWS's runtime interface client and the emulator that
the SAM CLI brings, with the layer, the runtime's boto3, and nothing of this repository.
"""

import json
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from local.artefacts import BUILD, LAYER, MACHINE, PYTHON, TYPST_LAYER
from local.postgres import ROOT
from local.template import Function

START_SECONDS = 20

Call = Callable[[dict[str, Any]], Any]
"""Sends an event to a function; returns what its handler returned, or `errorType` and `errorMessage` where it raised."""


def environment(function: Function) -> dict[str, str]:
    """What a process of the function has in its environment on Lambda; nothing of this process's own."""
    task = BUILD / function.logical_id
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": ":".join(map(str, (task, LAYER, TYPST_LAYER))),
        "LAMBDA_TASK_ROOT": str(task),
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout),
        **function.environment,
    }


@contextmanager
def running(function: Function, database_url: str) -> Iterator[Call]:
    """A call of the built function, while the block runs. The emulator takes one event at a time."""
    port, runtime_port = free_port(), free_port()
    handler = f"{function.module.rpartition('.')[2]}.{function.handler}"
    command = [_emulator(), "--log-level", "error", "--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
    command += ["--runtime-api-address", f"127.0.0.1:{runtime_port}", str(PYTHON), "-m", "awslambdaric", handler]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command,
            cwd=BUILD / function.logical_id,
            env=environment(function) | {"_HANDLER": handler, "DATABASE_URL": database_url},
            stdout=log,
            stderr=log,
        )
        try:
            listens(port, START_SECONDS)
            yield lambda event: _post(f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations", event)
        finally:
            # The emulator ends the function's process with itself where it is asked to, and not where it is killed.
            process.send_signal(signal.SIGTERM)
            process.wait(START_SECONDS)


def _emulator() -> str:
    (found,) = ROOT.glob(f".venv-sam/lib/python3*/site-packages/samcli/local/rapid/aws-lambda-rie-{MACHINE}")
    return str(found)


def free_port() -> int:
    """A port of loopback that is free right now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def listens(port: int, seconds: float) -> None:
    """Wait until a program listens on a port of loopback. Raises `ConnectionRefusedError` after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def _post(url: str, event: dict[str, Any]) -> Any:
    try:
        with urlopen(url, json.dumps(event).encode()) as answer:
            return json.load(answer)
    except HTTPError as error:  # the function could not be loaded; the body says why
        return json.load(error)
