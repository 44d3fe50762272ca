"""The road to scale of docs/operating.md, on one machine: two cells, each a whole API with a Postgres server of its own,
behind one gateway that knows which company is in which."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from typing import Any, NamedTuple

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from local.artefacts.emulator import free_port, listens
from local.databases import connect, scratch
from local.postgres import ROOT
from tests.cluster import Cluster, url
from tests.world import World

START_SECONDS = 30


class Cell(NamedTuple):
    """A cell: the port of its API, its database, and a company with a campaign in it."""

    port: int
    world: World
    company: str
    campaign: str


@contextmanager
def a_cell(database_url: str, company: str) -> Iterator[Cell]:
    port = free_port()
    environment = os.environ | {"PORT": str(port), "DATABASE_URL": database_url}
    quiet = subprocess.DEVNULL
    serving = subprocess.Popen([sys.executable, "-m", "local.serve"], cwd=ROOT, env=environment, stdout=quiet, stderr=quiet)
    try:
        listens(port, START_SECONDS)
        send(port, "GET", "/", company)  # answered once the migrations are applied
        world = World(connect(database_url))
        world.company(id=company)
        yield Cell(port, world, company, world.campaign(company, id=f"{company}-campaign"))
        world.connection.close()
    finally:
        serving.terminate()
        serving.wait()


@pytest.fixture
def cells(database_url: str, cluster: Cluster) -> Iterator[tuple[Cell, Cell]]:
    """`oslo` on one server of Postgres, and `lima` on another."""
    server = cluster.use()
    with ExitStack() as stack:
        here = stack.enter_context(scratch(database_url))
        yield stack.enter_context(a_cell(here, "oslo")), stack.enter_context(a_cell(url(server), "lima"))


@pytest.fixture
def gateway(cells: tuple[Cell, Cell]) -> Iterator[int]:
    """The port of what callers know. On AWS the issuer names the cell in the token's audience; here it is the company."""
    places = {cell.company: cell.port for cell in cells}

    @Request.application
    def route(request: Request) -> Response:
        company = request.headers["X-Company-Id"]
        status, body = send(places[company], request.method, request.full_path, company, request.get_data())
        return Response(body, status, content_type="application/json")

    server = make_server("127.0.0.1", 0, route, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def send(port: int, method: str, path: str, company: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, {"X-Company-Id": company, "Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, answer.read()


def record(port: int, company: str, campaign: str) -> tuple[int, Any]:
    event = {"campaignId": campaign, "eventType": "seat_usage", "quantity": 5, "timestamp": "2025-03-01T10:00:00Z"}
    status, body = send(port, "POST", "/v1/usage-events", company, json.dumps({"events": [event]}).encode())
    return status, json.loads(body)


def test_each_companys_usage_is_recorded_and_charged_in_its_own_cell(cells: tuple[Cell, Cell], gateway: int) -> None:
    for cell in cells:
        assert record(gateway, cell.company, cell.campaign)[0] == 200
        assert record(gateway, cell.company, cell.campaign)[1]["duplicates"] == 1
        period = "start=2025-03-01&end=2025-04-01"
        status, body = send(gateway, "GET", f"/v1/campaigns/{cell.campaign}/usage?{period}", cell.company)
        assert (status, json.loads(body)["usage"]["seatsUsed"]) == (200, "5.000000")

    assert [[row["company_id"] for row in cell.world.ledger()] for cell in cells] == [["oslo"], ["lima"]]


def test_a_company_in_the_cell_of_another_finds_nothing_of_its_own(cells: tuple[Cell, Cell]) -> None:
    oslo, lima = cells

    status, answer = record(lima.port, oslo.company, oslo.campaign)

    assert (status, answer["recorded"], lima.world.ledger()) == (207, 0, [])


def test_a_cell_whose_database_is_away_takes_no_other_down(cells: tuple[Cell, Cell], gateway: int, cluster: Cluster) -> None:
    oslo, lima = cells
    cluster.users[0].communicate("\n", timeout=30)

    assert record(gateway, lima.company, lima.campaign)[0] == 503
    assert record(gateway, oslo.company, oslo.campaign)[0] == 200
