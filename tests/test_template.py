"""What template.yaml declares: the contract's routes, and jobs whose failures nobody misses (design §7, §8)."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from billing import settings
from billing.database.session import ANSWER_TIMEOUT, CONNECT_TIMEOUT
from local.template import TEMPLATE, functions

ROUTES = {
    "link_campaign": ("PUT", "/v1/campaigns/{campaignId}/subscription"),
    "track_usage": ("POST", "/v1/usage-events"),
    "get_campaign_usage": ("GET", "/v1/campaigns/{campaignId}/usage"),
    "split_bundle": ("GET", "/v1/subscriptions/{subscriptionId}/allocation"),
    "list_subscription_campaigns": ("GET", "/v1/subscriptions/{subscriptionId}/campaigns"),
    "list_usage_records": ("GET", "/v1/companies/{companyId}/usage-records"),
    "validate_bundle_capacity": ("GET", "/v1/campaigns/{campaignId}/bundle-capacity"),
    "unlink_campaign": ("DELETE", "/v1/campaigns/{campaignId}/subscription"),
    "top_up_credits": ("POST", "/v1/campaigns/{campaignId}/credits"),
}


class Loader(yaml.SafeLoader):
    """CloudFormation's short intrinsic functions as (name, value)."""


def intrinsic(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> Any:
    return (name, intrinsic_value(loader, node))


def intrinsic_value(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    return loader.construct_sequence(node, deep=True) if isinstance(node, yaml.SequenceNode) else node.value


Loader.add_multi_constructor("!", intrinsic)
DOCUMENT = yaml.load(TEMPLATE.read_text(), Loader=Loader)  # noqa: S506 - a SafeLoader with one more constructor
RESOURCES: dict[str, Any] = DOCUMENT["Resources"]
FUNCTIONS = {name: r["Properties"] for name, r in RESOURCES.items() if r["Type"] == "AWS::Serverless::Function"}
SHARED: dict[str, Any] = DOCUMENT["Globals"]["Function"]
OWN_ACTIONS = {
    "TrackCreditUsage": ["events:PutEvents"],
    "Migrate": ["secretsmanager:GetSecretValue"],
    "IngestUsage": ["sqs:SendMessage"],
}
JOBS = {"TrackSeatUsage": "SeatUsageSchedule", "TrackCreditUsage": "CreditUsageSchedule"}


def test_every_function_has_its_folder_and_every_folder_its_function() -> None:
    folders = {path.parent.name for path in Path(TEMPLATE.parent / "functions").glob("*/app.py")}

    assert set(functions()) == folders


def test_the_routes_are_those_of_the_contract() -> None:
    declared = {name: (route.method, route.path) for name, function in functions().items() for route in function.routes}

    assert declared == ROUTES


@pytest.mark.parametrize("job", JOBS)
def test_a_job_is_fired_hourly_by_a_parameter_retried_and_its_failures_are_kept(job: str) -> None:
    event = FUNCTIONS[job]["Events"]["Hourly"]

    assert event["Type"] == "Schedule"
    assert event["Properties"]["Schedule"] == ("Ref", JOBS[job])
    assert DOCUMENT["Parameters"][JOBS[job]]["Default"] == "cron(0 * * * ? *)"
    assert event["Properties"]["RetryPolicy"]["MaximumRetryAttempts"] > 0
    assert event["Properties"]["DeadLetterConfig"] == {"Arn": ("GetAtt", "DeadLetters.Arn")}
    assert FUNCTIONS[job]["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Type"] == "SQS"
    assert FUNCTIONS[job]["ReservedConcurrentExecutions"] == 1


ALARMS = {
    *(f"{job}{how}" for job in JOBS for how in ("Failed", "DidNotRun")),
    *("UsageDeadLettersWait", "UsageWaits"),
    *("DeadLettersWait", "AlertsUnpublished", "ApiFails", "FunctionsFail", "FunctionsThrottled"),
    *("DatabaseConnectionsHigh", "DatabaseConnectionsPinned", "DatabaseBusy", "DatabaseStorageLow"),
}


def of_type(kind: str) -> dict[str, Any]:
    return {name: resource for name, resource in RESOURCES.items() if resource["Type"] == kind}


def test_an_alarm_tells_people_of_each_way_in_which_something_goes_wrong() -> None:
    alarms = of_type("AWS::CloudWatch::Alarm")

    assert set(alarms) == ALARMS
    assert all(alarm["Properties"]["AlarmActions"] == [("Ref", "Alerts")] for alarm in alarms.values())


@pytest.mark.parametrize("alarm", ["FunctionsFail", "FunctionsThrottled"])
def test_an_alarm_of_the_api_looks_at_each_of_its_functions(alarm: str) -> None:
    metrics = [m["MetricStat"]["Metric"] for m in RESOURCES[alarm]["Properties"]["Metrics"] if "MetricStat" in m]

    watched = {metric["Dimensions"][0]["Value"][1] for metric in metrics}
    assert watched == FUNCTIONS.keys() - JOBS.keys() - {"Migrate", "IngestUsage"}


def test_the_operators_guide_says_what_to_do_about_each_alarm() -> None:
    guide = (TEMPLATE.parent / "docs" / "operating.md").read_text()

    assert {alarm for alarm in ALARMS if f"`{alarm}`" not in guide} == set()


def test_alerts_go_from_the_bus_to_people() -> None:
    rule = RESOURCES["AlertRule"]["Properties"]
    events, _ = RESOURCES["AlertsPolicy"]["Properties"]["PolicyDocument"]["Statement"]

    assert (rule["EventBusName"], rule["EventPattern"]) == (("Ref", "AlertBus"), {"source": ["campaign-billing"]})
    assert rule["Targets"][0]["Arn"] == ("Ref", "Alerts")
    # EventBridge cannot publish to a topic whose policy has a condition for it.
    assert (events["Principal"], "Condition" in events) == ({"Service": "events.amazonaws.com"}, False)


def environment(name: str) -> dict[str, Any]:
    both: dict[str, Any] = SHARED["Environment"]["Variables"] | FUNCTIONS[name].get("Environment", {}).get("Variables", {})
    return both


@pytest.mark.parametrize("name", FUNCTIONS.keys() - {"Migrate"})
def test_a_function_logs_in_to_the_proxy_as_the_role_that_its_policy_allows(name: str) -> None:
    user = environment(name)["DATABASE_USER"]

    assert environment(name)["DATABASE_HOST"] == ("GetAtt", "DatabaseProxy.Endpoint")
    policy = {"billing_app": "LoginAsApp", "billing_jobs": "LoginAsJobs"}[user]
    assert FUNCTIONS[name]["Policies"][0] == ("Ref", policy)
    (statement,) = RESOURCES[policy]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "rds-db:connect"
    assert statement["Resource"][1][0].endswith(f"/{user}")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_may_do_only_what_it_needs_on_what_it_needs(name: str) -> None:
    own = [policy for policy in FUNCTIONS[name]["Policies"] if isinstance(policy, dict)]
    statements = [statement for policy in own for statement in policy["Statement"]]

    assert all("*" not in str(statement["Resource"]) and "*" not in str(statement["Action"]) for statement in statements)
    assert [statement["Action"] for statement in statements] == OWN_ACTIONS.get(name, [])


def test_only_what_has_no_resource_to_name_is_allowed_on_all() -> None:
    statements = RESOURCES["FunctionBoundary"]["Properties"]["PolicyDocument"]["Statement"]

    on_all = [action for statement in statements if statement["Resource"] == "*" for action in statement["Action"]]
    assert SHARED["PermissionsBoundary"] == ("Ref", "FunctionBoundary")
    assert {action.partition(":")[0] for action in on_all} == {"xray", "ec2"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_environment_holds_a_password(name: str) -> None:
    assert not [variable for variable in environment(name) if "PASSWORD" in variable or variable == "DATABASE_URL"]


@pytest.mark.parametrize("name", FUNCTIONS.keys() - {"Migrate"})
def test_the_caller_is_answered_before_lambda_ends_the_function(name: str) -> None:
    timeout = FUNCTIONS[name].get("Timeout", SHARED["Timeout"])
    statement = int(environment(name).get("DATABASE_STATEMENT_TIMEOUT", settings.statement_timeout()))
    # A kept connection says nothing; then two addresses are tried, a login and a beginning. What that took is not there
    # for the work, which has a second at least.
    silent = ANSWER_TIMEOUT + 2 * CONNECT_TIMEOUT + 2 * ANSWER_TIMEOUT

    assert max(silent + 1, statement + ANSWER_TIMEOUT) < timeout


def test_a_proxy_that_has_no_connection_to_lend_says_so_before_it_is_given_up() -> None:
    pool = RESOURCES["DatabaseProxyTargets"]["Properties"]["ConnectionPoolConfigurationInfo"]

    assert pool["ConnectionBorrowTimeout"] < ANSWER_TIMEOUT


def test_no_function_takes_traffic_before_the_migrations() -> None:
    waiting = {name for name in FUNCTIONS if RESOURCES[name].get("DependsOn") == "Migration"}

    assert waiting == FUNCTIONS.keys() - {"Migrate"}
    assert RESOURCES["Migration"]["Properties"]["ServiceToken"] == ("GetAtt", "Migrate.Arn")
    # The migrations are in the layer: another layer is another deployment of them.
    assert RESOURCES["Migration"]["Properties"]["Layer"] == ("Ref", "BillingLayer")


def test_the_database_is_encrypted_private_backed_up_and_kept() -> None:
    database = RESOURCES["Database"]

    assert (database["DeletionPolicy"], database["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")
    assert database["Properties"]["StorageEncrypted"] is True
    assert database["Properties"]["PubliclyAccessible"] is False
    assert database["Properties"]["ManageMasterUserPassword"] is True
    assert database["Properties"]["EnableIAMDatabaseAuthentication"] is True
    assert {name: DOCUMENT["Parameters"][name]["Default"] for name in ("MultiAz", "DeletionProtection")} == {
        "MultiAz": "true",
        "DeletionProtection": "true",
    }


def test_the_proxy_takes_tokens_only() -> None:
    proxy = RESOURCES["DatabaseProxy"]["Properties"]

    assert (proxy["DefaultAuthScheme"], proxy["RequireTLS"]) == ("IAM_AUTH", True)
    # RDS Proxy sends none of the keys that a condition could ask for.
    assert "Condition" not in RESOURCES["ProxyRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]


def test_the_dashboard_is_json() -> None:
    body = RESOURCES["Dashboard"]["Properties"]["DashboardBody"][1]

    assert len(json.loads(body)["widgets"]) == 9


def test_every_log_has_an_end() -> None:
    assert all("RetentionInDays" in group["Properties"] for group in of_type("AWS::Logs::LogGroup").values())
    assert SHARED["LoggingConfig"]["LogGroup"] == ("Ref", "FunctionLogs")


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_a_stages_parameters_are_those_of_the_template(stage: str) -> None:
    config = tomllib.loads((TEMPLATE.parent / "samconfig.toml").read_text())

    overrides = config[stage]["deploy"]["parameters"]["parameter_overrides"].split()
    assert {override.partition("=")[0] for override in overrides} <= DOCUMENT["Parameters"].keys()
