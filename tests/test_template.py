"""What template.yaml says beside what SAM makes of it (test_deployed_template.py): folders, times, stages, the guide."""

import json
import re
import tomllib
from typing import Any

import pytest
import yaml

from billing import settings
from billing.database.session import BEGIN_TIMEOUT_SECONDS, CONNECT_TIMEOUT_SECONDS
from local.template import TEMPLATE, Function, functions


class Loader(yaml.SafeLoader):
    """CloudFormation's short intrinsic functions as (name, value)."""


def intrinsic(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> Any:
    return (name, intrinsic_value(loader, node))


def intrinsic_value(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    return loader.construct_sequence(node, deep=True) if isinstance(node, yaml.SequenceNode) else node.value


Loader.add_multi_constructor("!", intrinsic)
DOCUMENT = yaml.load(TEMPLATE.read_text(), Loader=Loader)  # noqa: S506 - a SafeLoader with one more constructor
RESOURCES: dict[str, Any] = DOCUMENT["Resources"]
ROOT = TEMPLATE.parent
GUIDE = (ROOT / "docs" / "operating.md").read_text()


def test_every_function_has_its_folder_and_every_folder_its_function() -> None:
    assert set(functions()) == {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}


@pytest.mark.parametrize("function", functions().values(), ids=lambda function: function.name)
def test_a_function_is_named_for_its_folder(function: Function) -> None:
    assert function.logical_id == function.name.title().replace("_", "")


def test_the_operators_guide_says_what_to_do_about_each_alarm() -> None:
    alarms = {name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::CloudWatch::Alarm"}

    assert {alarm for alarm in alarms if f"`{alarm}`" not in GUIDE} == set()


@pytest.mark.parametrize("function", functions().values(), ids=lambda function: function.name)
def test_the_caller_hears_from_the_function_before_lambda_ends_it(function: Function) -> None:
    statement = int(function.environment.get("DATABASE_STATEMENT_TIMEOUT", settings.statement_timeout()))
    # A kept connection says nothing; then two addresses are tried, a login and a beginning. What that took is not there
    # for the work, which has a second at least.
    silent = BEGIN_TIMEOUT_SECONDS + 2 * CONNECT_TIMEOUT_SECONDS + 2 * BEGIN_TIMEOUT_SECONDS

    assert max(silent + 1, statement + BEGIN_TIMEOUT_SECONDS) < function.timeout


def test_a_proxy_that_has_no_connection_to_lend_says_so_before_it_is_given_up() -> None:
    pool = RESOURCES["DatabaseProxyTargets"]["Properties"]["ConnectionPoolConfigurationInfo"]

    assert pool["ConnectionBorrowTimeout"] < BEGIN_TIMEOUT_SECONDS


def test_only_the_issuer_and_the_audience_have_to_be_named() -> None:
    assert {name for name, parameter in DOCUMENT["Parameters"].items() if "Default" not in parameter} == {
        "JwtIssuer",
        "JwtAudience",
    }


def test_the_variables_of_a_laptop_are_declared_since_sam_local_sets_no_other() -> None:
    given = json.loads((ROOT / "env.json").read_text())["Parameters"]

    assert given.keys() <= DOCUMENT["Globals"]["Function"]["Environment"]["Variables"].keys()


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_stages_parameters_are_those_of_the_template(stage: str) -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())

    overrides = config[stage]["deploy"]["parameters"]["parameter_overrides"].split()
    assert {override.partition("=")[0] for override in overrides} <= DOCUMENT["Parameters"].keys()


def test_the_dashboard_is_json() -> None:
    assert json.loads(RESOURCES["Dashboard"]["Properties"]["DashboardBody"][1])["widgets"]


def test_a_line_of_the_access_log_is_json_whatever_the_error_says() -> None:
    line = RESOURCES["Api"]["Properties"]["AccessLogSettings"]["Format"]

    # API Gateway puts quotes around the one variable that may hold some.
    values = re.sub(r"\$context\.error\.messageString", '"Not \\\\"Found\\\\""', line)
    assert json.loads(values)["error"] == 'Not "Found"'
