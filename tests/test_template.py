"""What template.yaml declares: the contract's routes, and jobs whose failures nobody misses (design §7, §8)."""

from pathlib import Path
from typing import Any

import pytest
import yaml

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
    return (name, node.value if isinstance(node, yaml.ScalarNode) else None)


Loader.add_multi_constructor("!", intrinsic)
DOCUMENT = yaml.load(TEMPLATE.read_text(), Loader=Loader)  # noqa: S506 - a SafeLoader with one more constructor
RESOURCES: dict[str, Any] = DOCUMENT["Resources"]
FUNCTIONS = {name: r["Properties"] for name, r in RESOURCES.items() if r["Type"] == "AWS::Serverless::Function"}
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


def test_an_alarm_tells_of_each_way_in_which_a_job_goes_wrong() -> None:
    alarms = {name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::CloudWatch::Alarm"}

    assert {f"{job}{how}" for job in JOBS for how in ("Failed", "DidNotRun")} | {
        "DeadLettersWait",
        "AlertsUnpublished",
    } <= alarms
    assert all(RESOURCES[alarm]["Properties"]["AlarmActions"] == [("Ref", "Alerts")] for alarm in alarms)


def test_alerts_go_from_the_bus_to_people() -> None:
    rule = RESOURCES["AlertRule"]["Properties"]

    assert (rule["EventBusName"], rule["EventPattern"]) == (("Ref", "AlertBus"), {"source": ["campaign-billing"]})
    assert rule["Targets"][0]["Arn"] == ("Ref", "Alerts")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_may_do_only_what_it_needs_on_what_it_needs(name: str) -> None:
    statements = [s for policy in FUNCTIONS[name]["Policies"] for s in policy["Statement"]]

    assert all("*" not in str(statement["Resource"]) and "*" not in str(statement["Action"]) for statement in statements)
    user = FUNCTIONS[name]["Environment"]["Variables"].get("DATABASE_USER")
    connects = [s["Resource"][1] for s in statements if s["Action"] == "rds-db:connect"]
    assert [arn.rpartition("/")[2] for arn in connects] == ([user] if user else [])
