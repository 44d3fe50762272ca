"""`make sam-local`: each built function and each route in a container, by the SAM CLI, beside its source in this process.

The SAM CLI has no JWT authorizer, so a request through its API has no claims: there the refusal has to be the source's.
"""

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from local import artefacts, postgres
from local.artefacts import compare
from local.artefacts.emulator import free_port, listens
from local.artefacts.forward import forwarded, host_of_containers
from local.postgres import ROOT
from local.template import Function, functions

API_SECONDS = 60


def main() -> None:
    if not shutil.which("docker") or subprocess.run(["docker", "info"], check=False, capture_output=True).returncode != 0:
        print("make sam-local needs a container engine, and `docker info` finds none that runs: skipped.")
        return
    artefacts.make()
    subprocess.run(["bash", "local/artefacts/lambda_image.sh"], check=True, cwd=ROOT)
    # The table is all that is printed; the handlers' logs are not.
    with (
        contextlib.redirect_stdout(io.StringIO()),
        postgres.running() as server_url,
        forwarded(server_url, host_of_containers()) as address,
        compare.copies(server_url) as copies,
    ):
        same = [_compare_function(function, copies, address) for function in functions().values()]
        same += _compare_routes(copies, address)
    print(f"{sum(same)} of {len(same)} answers are those of the source.")
    sys.exit(not all(same))


@contextmanager
def _sam(command: str, *arguments: str, database_url: str) -> Iterator[subprocess.Popen[str]]:
    """A `sam local` command that runs."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as variables, tempfile.TemporaryFile("w+") as log:
        json.dump({"Parameters": {"DATABASE_URL": database_url}}, variables)
        variables.flush()
        options = ["--env-vars", variables.name, "--skip-pull-image"]
        process = subprocess.Popen(
            [str(ROOT / ".venv-sam" / "bin" / "sam"), "local", command, *arguments, *options],
            cwd=ROOT,
            env=os.environ | {"SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-west-1"},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(API_SECONDS)
            if process.returncode != 0:
                log.seek(0)
                print(log.read()[-3000:])


def _compare_function(function: Function, copies: compare.Copies, address: str) -> bool:
    event = compare.EVENTS / f"{function.name}.json"
    with copies(function.name) as url:
        (expected,) = compare.of_source(function.name, [json.loads(event.read_text())], url)
    started = time.monotonic()
    with copies(function.name) as url:
        reachable = urlsplit(url)._replace(netloc=address).geturl()
        with _sam("invoke", function.logical_id, "--event", str(event), database_url=reachable) as process:
            output, _ = process.communicate()
    answer = compare.comparable(json.loads(output.strip().splitlines()[-1]))
    return _report(f"invoke {function.name}", answer, expected, started)


def _compare_routes(copies: compare.Copies, address: str) -> list[bool]:
    port = free_port()
    with copies("") as url:
        reachable = urlsplit(url)._replace(netloc=address).geturl()
        with _sam("start-api", "--port", str(port), "--warm-containers", "LAZY", database_url=reachable):
            listens(port, API_SECONDS)
            return [_compare_route(function.name, port, url) for function in functions().values() if function.routes]


def _compare_route(name: str, port: int, database_url: str) -> bool:
    event = json.loads((compare.EVENTS / f"{name}.json").read_text())
    del event["requestContext"]["authorizer"]
    (expected,) = compare.of_source(name, [event], database_url)
    started = time.monotonic()
    answer = _request(event, port)
    expected["headers"] = {"Content-Type": expected["headers"]["Content-Type"]}
    return _report(event["routeKey"], compare.comparable(answer), expected, started)


def _request(event: dict[str, Any], port: int) -> dict[str, Any]:
    """The answer of the API, as a handler would have given it."""
    connection = HTTPConnection("127.0.0.1", port, timeout=API_SECONDS)
    target = f"{event['rawPath']}?{event['rawQueryString']}"
    connection.request(event["requestContext"]["http"]["method"], target, event.get("body"), event["headers"])
    answer = connection.getresponse()
    return {
        "statusCode": answer.status,
        "headers": {"Content-Type": answer.headers["Content-Type"]},
        "body": answer.read().decode(),
    }


def _report(what: str, answer: Any, expected: Any, started: float) -> bool:
    same = bool(answer == expected)
    status, verdict = answer.get("statusCode") or answer.get("errorType", ""), "same" if same else "DIFFERS"
    line = f"{what:<50}{status!s:<5}{time.monotonic() - started:5.1f} s  {verdict}"
    differences = "" if same else f"\n  answered {json.dumps(answer)}\n  expected {json.dumps(expected)}"
    print(line + differences, file=sys.__stdout__, flush=True)
    return same


if __name__ == "__main__":
    try:
        main()
    except (artefacts.NoInterpreter, artefacts.BuildFailed, postgres.ServerFailed) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped.")
