"""What SAM makes of template.yaml: the roles, the routes and the wiring that CloudFormation really deploys (design §8)."""

import json
import subprocess
from typing import Any

import pytest

from local.artefacts import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sam")]

TRANSLATE = """
import boto3, json, sys
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

template = yaml_parse(open("template.yaml").read())
for resource in template["Resources"].values():
    for code in {"CodeUri", "ContentUri"} & resource.get("Properties", {}).keys():
        resource["Properties"][code] = "s3://bucket/key"
translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="eu-west-1"))
json.dump(translator.translate(template, {}), sys.stdout)
"""
MANAGED_BY_AWS = {"AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole", "AWSXrayWriteOnlyAccess"}


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    """The deployed resources by their logical ids. The translator is the SAM CLI's own, and so is its environment."""
    subprocess.run(["make", "--silent", ".venv-sam/sam"], cwd=ROOT, check=True)
    command = [str(ROOT / ".venv-sam" / "bin" / "python"), "-c", TRANSLATE]
    made = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(made.stdout)["Resources"]
    return found


def of_type(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: resource for name, resource in resources.items() if resource["Type"] == kind}


def test_every_function_has_a_role_of_its_own_within_the_boundary(resources: dict[str, Any]) -> None:
    functions = of_type(resources, "AWS::Lambda::Function")

    roles = [function["Properties"]["Role"]["Fn::GetAtt"][0] for function in functions.values()]
    assert len(set(roles)) == len(functions) == 12
    assert all(resources[role]["Properties"]["PermissionsBoundary"] == {"Ref": "FunctionBoundary"} for role in roles)


def test_a_role_has_aws_policies_that_the_boundary_cuts_down_and_else_only_ours(resources: dict[str, Any]) -> None:
    for role in of_type(resources, "AWS::IAM::Role").values():
        if "PermissionsBoundary" in role["Properties"]:
            policies = role["Properties"]["ManagedPolicyArns"]
            by_aws = {str(policy).rpartition("/")[2] for policy in policies if isinstance(policy, str)}
            ours = {policy["Ref"] for policy in policies if isinstance(policy, dict)}
            assert by_aws == MANAGED_BY_AWS
            assert ours <= {"LoginAsApp", "LoginAsJobs"}


def test_no_policy_of_ours_is_for_all_resources_but_where_none_can_be_named(resources: dict[str, Any]) -> None:
    documents = [
        (name, policy["PolicyDocument"])
        for name, resource in resources.items()
        for properties in [resource.get("Properties", {})]
        for policy in (properties, *properties.get("Policies", ()))
        if isinstance(policy, dict) and "PolicyDocument" in policy
    ]

    wide = {
        (name, action)
        for name, document in documents
        for statement in document["Statement"]
        if statement["Resource"] == "*"
        for action in statement["Action"]
    }
    assert len(documents) == 10
    assert {name for name, _ in wide} == {"FunctionBoundary"}


def test_every_route_asks_for_a_token_and_a_scope(resources: dict[str, Any]) -> None:
    api = resources["Api"]["Properties"]["Body"]

    operations = [operation for path in api["paths"].values() for operation in path.values()]
    assert len(operations) == 9
    assert all(len(scopes) == 1 for operation in operations for scopes in operation["security"][0].values())
    assert {name for operation in operations for name in operation["security"][0]} == {"Jwt"}
    jwt = api["components"]["securitySchemes"]["Jwt"]["x-amazon-apigateway-authorizer"]
    assert jwt["type"] == "jwt"
    assert jwt["jwtConfiguration"] == {"issuer": {"Ref": "JwtIssuer"}, "audience": [{"Ref": "JwtAudience"}]}


def test_every_function_but_the_migrations_waits_for_them(resources: dict[str, Any]) -> None:
    waiting = {name for name, f in of_type(resources, "AWS::Lambda::Function").items() if f.get("DependsOn") == "Migration"}

    assert len(waiting) == 11
    # The layer's id changes with its content, and the custom resource with it.
    assert resources["Migration"]["Properties"]["Layer"]["Ref"].startswith("BillingLayer")


def test_a_job_is_fired_by_eventbridge_and_its_failures_are_kept(resources: dict[str, Any]) -> None:
    for job in ("TrackSeatUsage", "TrackCreditUsage"):
        (target,) = resources[f"{job}Hourly"]["Properties"]["Targets"]
        assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}
        assert target["RetryPolicy"]["MaximumRetryAttempts"] == 10
        assert resources[f"{job}EventInvokeConfig"]["Properties"]["MaximumRetryAttempts"] == 2
