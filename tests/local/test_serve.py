import json
import os
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection

import pytest

from local.postgres import ROOT


def serve(port: int | str, url: str) -> subprocess.Popen[str]:
    environment = os.environ | {"DATABASE_URL": url, "PORT": str(port)}
    command = [sys.executable, "-m", "local.serve"]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_it_serves_the_handlers_until_it_is_stopped(port: int, database_url: str) -> None:
    server = serve(port, database_url)
    try:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        while server.stdout and "Ctrl-C" not in (line := server.stdout.readline()):
            assert line, "it ended before it served"
        connection.request("GET", "/v1/campaigns/absent/bundle-capacity")
        answer = connection.getresponse()
        body = json.loads(answer.read())
        connection.close()
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)

    assert (answer.status, body["status"], server.returncode) == (404, 404, 0)


def test_a_port_that_is_taken_is_told_in_one_line(database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        output, _ = serve(port, database_url).communicate(timeout=30)

    assert output == f"Port {port} of 127.0.0.1 cannot be used (Address already in use); choose another: make serve PORT=8001\n"


@pytest.mark.parametrize("port", ["http", "80000"])
def test_what_is_no_port_is_told_in_one_line(port: str, database_url: str) -> None:
    output, _ = serve(port, database_url).communicate(timeout=30)

    assert output == f"PORT is {port}, which is no port\n"
