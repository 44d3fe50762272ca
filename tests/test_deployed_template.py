"""What SAM makes of template.yaml: the roles, the routes and the wiring that CloudFormation really deploys (design §8)."""

import importlib
import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from local import artefacts
from local.postgres import ROOT
from local.template import Function, functions

pytestmark = pytest.mark.slow

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
FOR_A_QUEUE = "AWSLambdaSQSQueueExecutionRole"
METRICS_OF_AN_ALARM = 10
"""The most that CloudWatch takes in metric math."""

ROUTES = {f.logical_id: f.name for f in functions().values() if f.routes}
Resources = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """What CloudFormation gets. The translator is the SAM CLI's own, and so is its environment."""
    artefacts.make_target(".venv-sam/sam")
    command = [str(ROOT / ".venv-sam" / "bin" / "python"), "-c", TRANSLATE]
    made = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return dict(json.loads(made.stdout))


@pytest.fixture(scope="module")
def resources(document: dict[str, Any]) -> Resources:
    """The deployed resources by their logical ids."""
    return dict(document["Resources"])


def of_type(resources: Resources, kind: str) -> Resources:
    """The properties of the resources of a type."""
    return {name: resource["Properties"] for name, resource in resources.items() if resource["Type"] == kind}


def references(value: Any) -> Iterator[str]:
    """The logical ids that a value refers to, so that CloudFormation makes them first."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref":
                yield item
            elif key == "Fn::GetAtt":
                yield item[0] if isinstance(item, list) else item.split(".")[0]
            elif key == "Fn::Sub":
                yield from re.findall(r"\$\{(\w+)", item if isinstance(item, str) else item[0])
                yield from references(item)
            else:
                yield from references(item)


def variables(function: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = function["Environment"]["Variables"]
    return found


def scope(function: Function) -> str:
    """The scope that the handler of a route checks."""
    return str(importlib.import_module(function.module).app.scope)


def policies_of(resources: Resources, function: dict[str, Any]) -> tuple[set[str], list[dict[str, Any]]]:
    """The managed policies of ours in a function's role, and the statements that are its own."""
    role = resources[function["Role"]["Fn::GetAtt"][0]]["Properties"]
    ours = {policy["Ref"] for policy in role["ManagedPolicyArns"] if isinstance(policy, dict)}
    return ours, [s for policy in role.get("Policies", ()) for s in policy["PolicyDocument"]["Statement"]]


def test_every_function_has_a_role_of_its_own_within_the_boundary(resources: Resources) -> None:
    deployed = of_type(resources, "AWS::Lambda::Function")

    roles = [function["Role"]["Fn::GetAtt"][0] for function in deployed.values()]
    assert len(set(roles)) == len(deployed) == len(functions())
    assert all(resources[role]["Properties"]["PermissionsBoundary"] == {"Ref": "FunctionBoundary"} for role in roles)


def test_the_policies_of_aws_in_a_role_are_those_that_the_boundary_cuts_down(resources: Resources) -> None:
    for role in of_type(resources, "AWS::IAM::Role").values():
        if "PermissionsBoundary" in role:
            by_aws = {str(policy).rpartition("/")[2] for policy in role["ManagedPolicyArns"] if isinstance(policy, str)}
            assert by_aws - {FOR_A_QUEUE} == MANAGED_BY_AWS


def test_a_function_logs_in_to_the_proxy_as_the_role_that_its_policy_allows_and_as_no_other(resources: Resources) -> None:
    for name, function in of_type(resources, "AWS::Lambda::Function").items():
        ours, own = policies_of(resources, function)
        logins = {policy for policy in ours if policy.startswith("LoginAs")}
        if name == "Migrate":
            assert not logins
        else:
            (policy,) = logins
            (statement,) = resources[policy]["Properties"]["PolicyDocument"]["Statement"]
            assert variables(function)["DATABASE_HOST"]["Fn::If"][:2] == [
                "UseProxy",
                {"Fn::GetAtt": ["DatabaseProxy", "Endpoint"]},
            ]
            assert statement["Action"] == "rds-db:connect"
            assert statement["Resource"]["Fn::Sub"][0].endswith(f"/{variables(function)['DATABASE_USER']}")
            assert not [statement for statement in own if statement["Action"] == "rds-db:connect"]


def test_a_function_whose_scope_is_to_read_may_only_read(resources: Resources) -> None:
    readers = {f.name for f in functions().values() if f.environment.get("DATABASE_USER") == "billing_reader"}

    to_read = {f.name for f in functions().values() if f.routes and scope(f) == "billing/read"}
    # The preview of a large company is left to the next run of a job, so it writes that down.
    assert readers == to_read - {"preview_invoice"}


def test_only_what_makes_a_pdf_has_the_layer_that_does(resources: Resources) -> None:
    for name, function in of_type(resources, "AWS::Lambda::Function").items():
        billing, *others = [layer["Ref"] for layer in function["Layers"]]
        assert billing.startswith("BillingLayer")
        assert [layer[:10] for layer in others] == (["TypstLayer"] if name == "GetInvoicePdf" else [])


def test_what_is_in_front_of_the_api_keeps_nothing_and_takes_no_old_tls(resources: Resources) -> None:
    front = resources["Front"]["Properties"]["DistributionConfig"]
    behaviour = front["DefaultCacheBehavior"]

    assert front["WebACLId"] == {"Ref": "WebAclArn"}
    assert (front["ViewerCertificate"]["MinimumProtocolVersion"], behaviour["ViewerProtocolPolicy"]) == (
        "TLSv1.2_2021",
        "https-only",
    )
    # CachingDisabled, one of AWS's own.
    assert behaviour["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


def test_there_is_no_console_until_its_client_is_named(document: dict[str, Any]) -> None:
    named = {"Fn::Not": [{"Fn::Equals": [{"Ref": "ConsoleClientId"}, ""]}]}
    parts = {name for name in document["Resources"] if name.startswith("Console")}
    in_front = [name for name, r in document["Resources"].items() if r["Type"].startswith(("AWS::CloudFront", "AWS::S3"))]

    assert (document["Parameters"]["ConsoleClientId"]["Default"], document["Conditions"]["HasConsole"]) == ("", named)
    assert parts == {"Console", "ConsoleAccess", "ConsoleFiles", "ConsoleFilesPolicy", "ConsoleHeaders"}
    assert {*in_front} == parts | {"Front"}
    assert {document["Resources"][name]["Condition"] for name in parts} == {"HasConsole"}
    outputs = {name: output["Condition"] for name, output in document["Outputs"].items() if name.startswith("Console")}
    assert outputs == {
        "ConsoleUrl": "HasConsole",
        "ConsoleDomainTarget": "DomainOfConsole",
        "ConsoleBucket": "HasConsole",
        "ConsoleDistribution": "HasConsole",
        "ConsoleConfig": "HasConsole",
    }


def test_nobody_but_the_consoles_cloudfront_reads_its_files_and_nobody_without_tls(resources: Resources) -> None:
    files = resources["ConsoleFiles"]["Properties"]
    allow, deny = resources["ConsoleFilesPolicy"]["Properties"]["PolicyDocument"]["Statement"]

    assert files["PublicAccessBlockConfiguration"] == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    assert "WebsiteConfiguration" not in files
    assert files["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert (allow["Effect"], allow["Principal"], allow["Action"]) == (
        "Allow",
        {"Service": "cloudfront.amazonaws.com"},
        "s3:GetObject",
    )
    (arn,) = allow["Condition"]["StringEquals"].values()
    assert allow["Condition"]["StringEquals"].keys() == {"aws:SourceArn"}
    assert arn["Fn::Sub"].endswith(":distribution/${Console}")
    assert (deny["Effect"], deny["Principal"], deny["Condition"]) == (
        "Deny",
        "*",
        {"Bool": {"aws:SecureTransport": "false"}},
    )
    access = resources["ConsoleAccess"]["Properties"]["OriginAccessControlConfig"]
    assert (access["SigningBehavior"], access["SigningProtocol"]) == ("always", "sigv4")


def test_the_consoles_page_may_do_nothing_but_show_itself_and_ask_the_api_and_the_issuer(resources: Resources) -> None:
    config = resources["ConsoleHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    security = config["SecurityHeadersConfig"]
    text, values = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"]
    # https://issuer.example/realm is cut at its slashes.
    assert values == {"IssuerHost": {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "JwtIssuer"}]}]}}

    policy = text.replace("${IssuerHost}", "issuer.example").replace("${ConsoleTokenOrigin}", "https://login.example")

    assert dict(directive.strip().split(" ", 1) for directive in policy.split(";")) == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self' https://issuer.example https://login.example",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    assert not re.search(r"unsafe|\*|http:|\$", policy)
    assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 365 * 86_400
    assert security["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer"
    assert {part["Override"] for part in (*security.values(), *config["CustomHeadersConfig"]["Items"])} == {True}
    assert security.keys() == {"ContentSecurityPolicy", "StrictTransportSecurity", "ContentTypeOptions", "ReferrerPolicy"}
    assert [header["Header"] for header in config["CustomHeadersConfig"]["Items"]] == [
        "Permissions-Policy",
        "Cross-Origin-Opener-Policy",
    ]


def test_the_console_and_the_api_are_one_origin_and_the_apis_answers_are_not_kept(resources: Resources) -> None:
    front = resources["Console"]["Properties"]["DistributionConfig"]
    origins = {origin["Id"]: origin for origin in front["Origins"]}
    (api,) = front["CacheBehaviors"]
    files = front["DefaultCacheBehavior"]

    assert {route.path[:4] for f in functions().values() for route in f.routes} == {"/v1/"}
    assert (api["PathPattern"], api["TargetOriginId"], files["TargetOriginId"]) == ("/v1/*", "api", "files")
    # CachingDisabled and AllViewerExceptHostHeader, the only way for Authorization to get through.
    assert (api["CachePolicyId"], api["OriginRequestPolicyId"]) == (
        "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        "b689b0a8-53d0-40ab-baf2-68738e2966ac",
    )
    assert {"GET", "PUT", "POST", "DELETE"} <= {*api["AllowedMethods"]}
    assert origins["api"]["DomainName"] == {"Fn::Sub": "${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"}
    assert origins["api"]["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert origins["files"]["DomainName"] == {"Fn::GetAtt": ["ConsoleFiles", "RegionalDomainName"]}
    assert origins["files"]["OriginAccessControlId"] == {"Ref": "ConsoleAccess"}
    assert (files["AllowedMethods"], front["DefaultRootObject"]) == (["GET", "HEAD"], "index.html")
    assert files["ResponseHeadersPolicyId"] == api["ResponseHeadersPolicyId"] == {"Ref": "ConsoleHeaders"}
    # An error page would stand in for the API's own 403 and 404 too.
    assert "CustomErrorResponses" not in front
    assert front["ViewerCertificate"]["Fn::If"][1]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert front["WebACLId"] == {"Fn::If": ["Firewall", {"Ref": "WebAclArn"}, {"Ref": "AWS::NoValue"}]}


def test_the_consoles_configuration_is_json_and_asks_for_what_its_screens_need(document: dict[str, Any]) -> None:
    text, values = document["Outputs"]["ConsoleConfig"]["Value"]["Fn::Sub"]
    separator, scopes = values["Scopes"]["Fn::Join"]
    default = document["Parameters"]["ConsoleScopes"]["Default"].split(",")
    filled = text.replace("${JwtIssuer}", "https://issuer.example/realm").replace("${ConsoleClientId}", "console")

    config = json.loads(filled.replace("${Scopes}", separator.join(default)))

    assert scopes == {"Ref": "ConsoleScopes"}
    assert config == {"issuer": "https://issuer.example/realm", "clientId": "console", "scopes": default}
    # Usage comes from the platform's services; who acts for all companies is for the operator to say.
    of_routes = {scope(function) for function in functions().values() if function.routes}
    assert {*default} == of_routes - {"billing/usage.write"} | {"openid"}


def test_a_function_of_the_api_may_log_in_to_the_database_and_nothing_else(resources: Resources) -> None:
    for name in ROUTES:
        ours, own = policies_of(resources, resources[name]["Properties"])
        assert (len(ours), own) == (1, [])


def test_no_policy_of_ours_is_for_all_resources_but_where_none_can_be_named(resources: Resources) -> None:
    documents = [
        (name, policy["PolicyDocument"])
        for name, resource in resources.items()
        for properties in [resource.get("Properties", {})]
        for policy in (properties, *properties.get("Policies", ()))
        if isinstance(policy, dict) and "PolicyDocument" in policy
    ]

    wide = {
        (name, action.partition(":")[0])
        for name, document in documents
        for statement in document["Statement"]
        if statement["Resource"] == "*"
        for action in statement["Action"]
    }
    assert wide == {("FunctionBoundary", "xray"), ("FunctionBoundary", "ec2")}


def test_no_environment_holds_a_password(resources: Resources) -> None:
    for function in of_type(resources, "AWS::Lambda::Function").values():
        assert not [name for name in variables(function) if "PASSWORD" in name]
        assert variables(function)["DATABASE_URL"] == ""


def test_a_function_of_the_api_has_no_way_out_but_to_the_database(resources: Resources) -> None:
    (egress,) = resources["FunctionSecurityGroup"]["Properties"]["SecurityGroupEgress"]

    assert (egress["FromPort"], egress["ToPort"]) == (5432, 5432)
    assert "CidrIp" not in egress
    for name in ROUTES:
        assert resources[name]["Properties"]["VpcConfig"]["SecurityGroupIds"] == [{"Ref": "FunctionSecurityGroup"}]


def test_an_endpoint_lets_through_one_action_on_one_thing(resources: Resources) -> None:
    for endpoint in of_type(resources, "AWS::EC2::VPCEndpoint").values():
        (statement,) = endpoint["PolicyDocument"]["Statement"]
        assert isinstance(statement["Action"], str)
        assert statement["Resource"] != "*"


def test_every_route_asks_for_a_token_with_the_scope_that_its_function_checks(resources: Resources) -> None:
    api = resources["Api"]["Properties"]["Body"]

    jwt = api["components"]["securitySchemes"]["Jwt"]["x-amazon-apigateway-authorizer"]
    assert jwt["type"] == "jwt"
    audience, console = jwt["jwtConfiguration"]["audience"]
    assert (jwt["jwtConfiguration"]["issuer"], audience) == ({"Ref": "JwtIssuer"}, {"Ref": "JwtAudience"})
    assert console == {"Fn::If": ["HasConsole", {"Ref": "ConsoleClientId"}, {"Ref": "AWS::NoValue"}]}
    for function in functions().values():
        for route in function.routes:
            (security,) = api["paths"][route.path][route.method.lower()]["security"]
            assert security == {"Jwt": [scope(function)]}, function.name
    assert sum(map(len, api["paths"].values())) == len(ROUTES)


def test_an_api_that_cannot_be_made_as_written_fails_the_deployment(resources: Resources) -> None:
    assert resources["Api"]["Properties"]["FailOnWarnings"] is True


def test_every_function_but_the_migrations_waits_for_them(resources: Resources) -> None:
    deployed = of_type(resources, "AWS::Lambda::Function")

    assert {name for name, f in deployed.items() if "Migration" in references(f)} == deployed.keys() - {"Migrate"}
    assert resources["Migration"]["Properties"]["ServiceToken"] == {"Fn::GetAtt": ["Migrate", "Arn"]}
    # The layer's id changes with its content, and the custom resource with it.
    assert resources["Migration"]["Properties"]["Layer"]["Ref"].startswith("BillingLayer")


def test_a_job_is_fired_by_a_schedule_its_failures_are_kept_and_its_silence_is_heard(resources: Resources) -> None:
    scheduled = {name: rule for name, rule in of_type(resources, "AWS::Events::Rule").items() if "ScheduleExpression" in rule}

    for rule in scheduled.values():
        (target,) = rule["Targets"]
        job = target["Arn"]["Fn::GetAtt"][0]
        assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}
        assert target["RetryPolicy"]["MaximumRetryAttempts"] > 0
        failed = resources[f"{job}EventInvokeConfig"]["Properties"]["DestinationConfig"]["OnFailure"]
        assert failed["Destination"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}
        silence = resources[f"{job}DidNotRun"]["Properties"]
        assert silence["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": job}}]
        assert silence["TreatMissingData"] == "breaching"
    fed_by_a_queue = of_type(resources, "AWS::Lambda::EventSourceMapping")
    jobs = {rule["Targets"][0]["Arn"]["Fn::GetAtt"][0] for rule in scheduled.values()}
    assert len(jobs) + len(fed_by_a_queue) == len(functions()) - len(ROUTES) - len({"Migrate"})


def test_every_alarm_tells_people_and_is_within_the_limits_of_cloudwatch(resources: Resources) -> None:
    for alarm in of_type(resources, "AWS::CloudWatch::Alarm").values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "Alerts"}]
        assert len([metric for metric in alarm.get("Metrics", ()) if "MetricStat" in metric]) <= METRICS_OF_AN_ALARM


def test_the_failure_of_any_function_is_counted_in_the_log_that_all_of_them_write(resources: Resources) -> None:
    deployed = of_type(resources, "AWS::Lambda::Function")
    filters = of_type(resources, "AWS::Logs::MetricFilter").values()
    watched = [
        (alarm.get("Namespace"), alarm.get("MetricName")) for alarm in of_type(resources, "AWS::CloudWatch::Alarm").values()
    ]

    assert all(f["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": {"Ref": "FunctionLogs"}} for f in deployed.values())
    for counted in filters:
        assert counted["LogGroupName"] == {"Ref": "FunctionLogs"}
        (metric,) = counted["MetricTransformations"]
        assert (metric["MetricNamespace"], metric["MetricName"]) in watched


def test_what_can_never_be_recorded_has_a_queue_of_its_own_and_an_outage_costs_no_message(resources: Resources) -> None:
    (mapping,) = of_type(resources, "AWS::Lambda::EventSourceMapping").values()
    queue, function = resources["UsageQueue"]["Properties"], resources["IngestUsage"]["Properties"]

    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "IngestConcurrency"}}
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["UsageDeadLetters", "Arn"]}
    assert variables(function)["USAGE_DEAD_LETTERS_URL"] == {"Ref": "UsageDeadLetters"}
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    # The database may be away for days.
    assert queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"] > 3 * 86_400
    for name in ("UsageQueue", "UsageDeadLetters"):
        assert resources[name]["Properties"]["MessageRetentionPeriod"] == 14 * 86_400


def test_alerts_go_from_the_bus_to_people(resources: Resources) -> None:
    rule = resources["AlertRule"]["Properties"]
    events, *_ = resources["AlertsPolicy"]["Properties"]["PolicyDocument"]["Statement"]

    assert (rule["EventBusName"], rule["EventPattern"]["source"]) == ({"Ref": "AlertBus"}, ["campaign-billing"])
    assert {"credits.low", "credits.depleted"} <= set(rule["EventPattern"]["detail-type"])
    assert rule["Targets"][0]["Arn"] == {"Ref": "Alerts"}
    # EventBridge cannot publish to a topic whose policy has a condition for it.
    assert (events["Principal"], "Condition" in events) == ({"Service": "events.amazonaws.com"}, False)


def test_the_database_is_encrypted_private_backed_up_and_kept(resources: Resources) -> None:
    database = resources["Database"]

    assert (database["DeletionPolicy"], database["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")
    assert database["Properties"]["StorageEncrypted"] is True
    assert database["Properties"]["PubliclyAccessible"] is False
    assert database["Properties"]["ManageMasterUserPassword"] is True
    assert database["Properties"]["EnableIAMDatabaseAuthentication"] is True
    # A restore puts another database in its place: what went wrong before it stays readable.
    assert database["Properties"]["DeleteAutomatedBackups"] is False


def test_the_proxy_takes_tokens_only(resources: Resources) -> None:
    proxy = resources["DatabaseProxy"]["Properties"]

    assert (proxy["DefaultAuthScheme"], proxy["RequireTLS"]) == ("IAM_AUTH", True)
    # RDS Proxy sends none of the keys that a condition could ask for.
    assert "Condition" not in resources["ProxyRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]


def test_every_log_has_an_end_also_those_that_rds_and_its_proxy_write(resources: Resources) -> None:
    groups = of_type(resources, "AWS::Logs::LogGroup")
    by_name = {group["LogGroupName"]["Fn::Sub"]: name for name, group in groups.items() if "LogGroupName" in group}
    database, proxy = resources["Database"], resources["DatabaseProxy"]
    exports = database["Properties"]["EnableCloudwatchLogsExports"]
    instance = database["Properties"]["DBInstanceIdentifier"]["Fn::Sub"]

    assert all("RetentionInDays" in group for group in groups.values())
    # Whoever finds no group makes one, without an end.
    assert {by_name[f"/aws/rds/instance/{instance}/{export}"] for export in exports} == set(database["DependsOn"])
    assert by_name[f"/aws/rds/proxy/{proxy['Properties']['DBProxyName']['Fn::Sub']}"] == proxy["DependsOn"]
