"""An operation takes the eight places that CONTRIBUTING names, and a place that is forgotten fails a test.

A sample operation is added to a copy of the repository, and the tests that are derived from the repository run there.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.slow

NAME = "count_campaigns"
OPERATION = '''"""How many campaigns a subscription has (design §8)."""

from billing.contract.shapes import Shape
from billing.database.bundles import load_subscription
from billing.database.session import transaction
from billing.sql import queries

_SQL = queries("count_campaigns")


class CampaignCount(Shape):
    """The campaigns of a subscription, active or not."""

    campaigns: int


def count_campaigns(company: str, subscription_id: str) -> CampaignCount:
    """The count. Raises `NotFound` for a subscription that is not there or another company's."""
    with transaction(company) as db:
        subscription = load_subscription(db, company, subscription_id)
        return CampaignCount(campaigns=db.value(_SQL["count"], subscription_id=subscription.id))
'''
SQL = """-- name: count
-- How many campaigns are linked to a subscription.
SELECT count(*) FROM campaigns WHERE l2i_subscription_id = :subscription_id;
"""
FUNCTION = '''"""GET /v1/subscriptions/{subscriptionId}/campaign-count: how many campaigns are linked to a subscription."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.api.parameters import SubscriptionId
from billing.api.resolver import Api
from billing.operations.count_campaigns import CampaignCount, count_campaigns

app = Api(scope="billing/read")


@app.get("/v1/subscriptions/<subscriptionId>/campaign-count", tags=["Bundles"])
def get(subscription_id: SubscriptionId) -> CampaignCount:
    """All of them, active or not."""
    return count_campaigns(app.company, subscription_id)


def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.handle(event, context)
'''
TEMPLATE = """  CountCampaigns:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/count_campaigns/
      Policies: [!Ref LoginAsReader]
      Environment: {Variables: {DATABASE_USER: billing_reader}}
      Events:
        Request:
          Type: HttpApi
          Properties: {ApiId: !Ref Api, Method: get, Path: "/v1/subscriptions/{subscriptionId}/campaign-count"}

"""
TEST = """from tests.callers import ROUTES
from tests.world import World


def test_the_campaigns_of_a_subscription_are_counted(world: World) -> None:
    world.sample()
    (route,) = [route for route in ROUTES if route.function == "count_campaigns"]

    assert route.send().body == {"campaigns": world.value("SELECT count(*) FROM campaigns WHERE l2i_subscription_id = :id",
        id=route.parameters["subscriptionId"])}
"""
ROW = "| `count_campaigns` | `GET /v1/subscriptions/{subscriptionId}/campaign-count` | §8 |\n"

PLACES = ("contract", "operation", "sql", "function", "template", "event", "test", "openapi")
"""In the order of CONTRIBUTING."""

DESIGN = "tests/test_design.py::test_every_function_is_an_operation_of_the_design"
FOLDERS = "tests/test_template.py::test_every_function_has_its_folder_and_every_folder_its_function"
DOCUMENT = "tests/local/test_openapi.py::test_the_document_is_what_the_handlers_say"
OF_THE_WHOLE = [
    DESIGN,
    FOLDERS,
    DOCUMENT,
    "tests/test_design.py::test_the_openapi_document_offers_the_routes_and_parameters_of_the_design",
    "tests/local/test_openapi.py::test_there_is_an_operation_for_each_route_of_the_template_by_its_functions_name",
]
OF_EACH = [
    "tests/test_architecture.py",
    "tests/test_template.py",
    "tests/local/test_openapi.py",
    "tests/test_events.py",
    "tests/api/test_routes.py",
    "tests/api/test_other_companies.py",
    f"tests/operations/test_{NAME}.py",
]
"""Tests that are made from the repository: of the whole, and, for each operation, those that have its name."""


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Path]:
    """The files of the repository that git knows or would add."""
    listed = subprocess.check_output(["git", "ls-files", "-zco", "--exclude-standard"], cwd=ROOT, text=True)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tmp_path / name)
    yield tmp_path
    shutil.rmtree(tmp_path)


def add(copy: Path, place: str) -> None:
    """The sample operation's part in one of the eight places."""
    layer = copy / "layers" / "billing" / "billing"
    match place:
        case "contract":
            insert(copy / "docs" / "design.md", ROW, before="| `list_subscription_campaigns` |")
        case "operation":
            (layer / "operations" / f"{NAME}.py").write_text(OPERATION)
        case "sql":
            (layer / "sql" / f"{NAME}.sql").write_text(SQL)
        case "function":
            (copy / "functions" / NAME).mkdir()
            (copy / "functions" / NAME / "app.py").write_text(FUNCTION)
        case "template":
            insert(copy / "template.yaml", TEMPLATE, before="  ListSubscriptionCampaigns:\n")
        case "event":
            (copy / "events" / f"{NAME}.json").write_text(sample_event())
        case "test":
            (copy / "tests" / "operations" / f"test_{NAME}.py").write_text(TEST)
        case "openapi":
            run(copy, "-m", "local.tools.openapi")


def insert(path: Path, text: str, before: str) -> None:
    whole = path.read_text()
    assert whole.count(before) == 1
    path.write_text(whole.replace(before, text + before))


def sample_event() -> str:
    """That of a neighbour, at the route of the sample operation."""
    event = json.loads((ROOT / "events" / "list_subscription_campaigns.json").read_text())
    return json.dumps(event).replace('/campaigns"', '/campaign-count"')


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in the copy, on the database of this run."""
    environment = os.environ | {"PYTHONPATH": str(copy / "layers" / "billing")}
    return subprocess.run([sys.executable, *arguments], cwd=copy, env=environment, text=True, capture_output=True, check=False)


def test_an_operation_in_its_eight_places_passes_the_tests_that_are_derived(database_url: str, copy: Path) -> None:
    for place in PLACES:
        add(copy, place)

    whole = run(copy, "-m", "pytest", "--no-header", *OF_THE_WHOLE)
    own = run(copy, "-m", "pytest", "--no-header", "-k", NAME, *OF_EACH)

    assert (whole.returncode, own.returncode) == (0, 0), whole.stdout + own.stdout


@pytest.mark.parametrize(
    ("forgotten", "failing", "said"),
    [
        ("contract", DESIGN, NAME),
        ("template", FOLDERS, NAME),
        ("event", DOCUMENT, f"events/{NAME}.json is missing"),
        ("openapi", DOCUMENT, "run make openapi"),
    ],
)
def test_a_place_that_is_forgotten_fails_a_test(copy: Path, forgotten: str, failing: str, said: str) -> None:
    for place in PLACES:
        if place != forgotten:
            add(copy, place)

    outcome = run(copy, "-m", "pytest", "--no-header", failing)

    assert outcome.returncode == 1
    assert said in outcome.stdout
