"""The commands on a stage: preflight, verify and seed, against AWS's own protocols and the real handlers."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from moto import mock_aws
from werkzeug.exceptions import NotFound
from werkzeug.serving import make_server

from billing.operations import migrate as migrations
from demo import files as demo_files
from local import gateway
from local.runtime import invoke
from local.stage import preflight, seed, verify
from local.stage import stage as stages
from local.stage.preflight import Unfit
from local.stage.stage import CallFailed, NoStage, Stage
from tests.world import World

STACK = """<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks>
<member><StackName>campaign-billing-dev</StackName><CreationTime>2025-03-01T00:00:00Z</CreationTime><StackStatus>{status}</StackStatus>
<Outputs>{outputs}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"""
OUTPUT = "<member><OutputKey>{}</OutputKey><OutputValue>{}</OutputValue></member>"
INSTANCES = """<DescribeOrderableDBInstanceOptionsResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">
<DescribeOrderableDBInstanceOptionsResult><OrderableDBInstanceOptions><OrderableDBInstanceOption><Engine>postgres</Engine>
<EngineVersion>17.4</EngineVersion><AvailabilityZones>{zones}</AvailabilityZones></OrderableDBInstanceOption>
</OrderableDBInstanceOptions></DescribeOrderableDBInstanceOptionsResult></DescribeOrderableDBInstanceOptionsResponse>"""
RUN = "INSERT INTO job_executions VALUES (gen_random_uuid(), 'track_seat_usage', '2025-03-01T10:00Z', now(), now(), :status)"
ZONE = "<AvailabilityZone><Name>{}</Name></AvailabilityZone>"


class Aws(ThreadingHTTPServer):
    """CloudFormation, RDS and Lambda by their protocols, as far as the commands ask them, and an issuer of tokens. Lambda
    runs the handlers of this checkout."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.status = "CREATE_COMPLETE"
        self.outputs = {"MigrateFunction": "migrate", "TrackUsageFunction": "track_usage"}
        self.issuer = f"{self.url}/realm"
        self.quota = 10
        self.zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]

    def answer(self, path: str, body: bytes) -> tuple[dict[str, str], str]:
        action = parse_qs(body.decode()).get("Action", [""])[0]
        if action == "DescribeStacks":
            outputs = "".join(OUTPUT.format(*output) for output in self.outputs.items())
            return {}, STACK.format(status=self.status, outputs=outputs)
        if action == "DescribeOrderableDBInstanceOptions":
            return {}, INSTANCES.format(zones="".join(map(ZONE.format, self.zones)))
        if path.startswith("/realm"):
            return {}, json.dumps({"issuer": self.issuer, "jwks_uri": f"{self.url}/keys"})
        if "/account-settings" in path:
            return {}, json.dumps({"AccountLimit": {"ConcurrentExecutions": self.quota}})
        function = path.split("/")[3]
        try:
            return {}, json.dumps(invoke(function, json.loads(body)))
        except Exception as error:
            return {"X-Amz-Function-Error": "Unhandled"}, json.dumps(
                {"errorType": type(error).__name__, "errorMessage": str(error)}
            )


class Answer(BaseHTTPRequestHandler):
    server: Aws

    def do_POST(self) -> None:
        headers, text = self.server.answer(self.path, self.rfile.read(int(self.headers.get("Content-Length", 0))))
        self.send_response(200)
        for name, value in (headers | {"Content-Length": str(len(text))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST  # noqa: N815

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    with Aws() as aws:
        threading.Thread(target=aws.serve_forever, daemon=True).start()
        for service in ("CLOUDFORMATION", "RDS", "LAMBDA"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", aws.url)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "testing")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        monkeypatch.setenv("JwtIssuer", aws.issuer)
        monkeypatch.setenv("JwtAudience", "billing")
        with mock_aws(config={"core": {"passthrough": {"urls": [rf"{aws.url}/.*"]}}}):
            yield aws
        aws.shutdown()


def overrides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **changes: str) -> Stage:
    """The stage dev with other parameters."""
    config = tmp_path / "samconfig.toml"
    given = " ".join(f'{name}="{value}"' for name, value in changes.items())
    config.write_text(f"[dev.deploy.parameters]\nstack_name = 'campaign-billing-dev'\nparameter_overrides = '{given}'\n")
    monkeypatch.setattr(stages, "CONFIG", config)
    return Stage("dev")


def test_an_account_and_an_issuer_that_will_do_pass_the_preflight(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    fit = preflight.check(Stage("dev"))

    printed = capsys.readouterr().out
    assert fit and "NOT" not in printed
    assert "account 123456789012, region eu-west-1" in printed
    assert "Postgres 17 on db.t4g.small" in printed


def test_one_check_that_fails_is_enough(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.zones = ["eu-west-1a", "eu-west-1c"]

    assert not preflight.check(Stage("dev"))
    assert "NOT   database     db.t4g.small is not offered in eu-west-1b, but in eu-west-1a" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("issuer", "said"),
    [("{}/realm/", "calls itself"), ("http://127.0.0.1:9", "cannot be read"), ("", "is not known")],
    ids=["another spelling", "none there", "not named"],
)
def test_an_issuer_that_api_gateway_could_not_read_is_found(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, issuer: str, said: str
) -> None:
    monkeypatch.setenv("JwtIssuer", issuer.format(aws.url))

    with pytest.raises(Unfit, match=said):
        preflight.issuer(Stage("dev"))


def test_a_reservation_that_a_new_account_cannot_make_is_found(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stage = overrides(monkeypatch, tmp_path, ReservedConcurrency="100")
    with pytest.raises(Unfit, match="ReservedConcurrency=100 is too much"):
        preflight.concurrency(stage)

    aws.quota = 1000

    assert preflight.concurrency(stage) == "1000 executions at a time, 100 of them reserved"


def test_zones_without_rds_proxy_are_avoided_and_refused_in_subnets_of_ones_own(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    ec2 = Stage("prod").aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"]["SubnetId"]
        for n, zone in enumerate("be")
    ]

    assert preflight.zones(Stage("prod")) == "us-east-1b (use1-az1), us-east-1c (use1-az2)"
    with pytest.raises(Unfit, match=r"RDS Proxy is not offered in us-east-1e \(use1-az3\)"):
        preflight.zones(overrides(monkeypatch, tmp_path, VpcId=vpc, SubnetIds=",".join(subnets)))


def test_a_stack_that_cannot_be_updated_is_found(aws: Aws) -> None:
    aws.status = "ROLLBACK_COMPLETE"

    with pytest.raises(Unfit, match="ROLLBACK_COMPLETE"):
        preflight.stack(Stage("dev"))


def test_a_stage_that_is_not_there_is_named_with_those_that_are(aws: Aws) -> None:
    with pytest.raises(NoStage, match="dev, prod"):
        Stage("staging")


def test_the_demo_is_loaded_once_into_a_stage_that_takes_it(
    world: World, aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEMO_DATA", "true")
    month = demo_files.read()

    for _ in range(2):
        seed.seed(Stage("dev"), month)

    first, again = capsys.readouterr().out.split("Loaded ")[1:]
    assert f"{len(month.portfolio['campaigns'])} campaigns" in first and "0 campaigns" in again
    events = sum(len(request["events"]) for request in month.requests)
    assert world.value("SELECT count(*) FROM billing_usage_records") <= events
    assert "Recorded 0 usage events" in again
    assert world.value("SELECT count(*) FROM campaign_activities") == len(month.activities)


def test_a_stage_for_production_refuses_the_demo(world: World, aws: Aws) -> None:
    with pytest.raises(CallFailed, match="takes no demo data"):
        seed.seed(Stage("prod"), demo_files.read())

    assert world.value("SELECT count(*) FROM companies") == 0


def test_only_the_demos_own_rows_are_loaded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_DATA", "true")

    with pytest.raises(Exception, match="begins with demo-"):
        migrations.load_demo({"companies": [{"id": "someone", "name": "Someone"}]})


@pytest.fixture
def api(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The local gateway behind an authorizer that knows one token."""

    def authorized(environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("HTTP_AUTHORIZATION") != "Bearer the-token":
            start_response("401 Unauthorized", [("Content-Type", "application/json")])
            return [b'{"message":"Unauthorized"}']
        return gateway.application(environ, start_response)

    server = make_server("127.0.0.1", 0, authorized, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    aws.outputs["ApiUrl"] = f"http://127.0.0.1:{server.server_port}"
    yield
    server.shutdown()
    server.server_close()


def test_a_stage_that_works_is_verified(world: World, aws: Aws, api: None, capsys: pytest.CaptureFixture[str]) -> None:
    world.connection.run(RUN, status="succeeded")

    assert verify.verify(Stage("dev"), "the-token")
    assert "track_seat_usage: succeeded for 2025-03-01T10:00:00Z" in capsys.readouterr().out


def test_what_does_not_work_is_named(world: World, aws: Aws, api: None, capsys: pytest.CaptureFixture[str]) -> None:
    world.connection.run(RUN, status="failed")

    assert not verify.verify(Stage("dev"), "another-token")

    printed = capsys.readouterr().out
    assert "POST /v1/usage-events: 401 application/json with the token" in printed
    assert "The last run of track_seat_usage failed" in printed


def test_an_api_without_routes_is_found(world: World, aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    empty = make_server("127.0.0.1", 0, NotFound())
    threading.Thread(target=empty.serve_forever, daemon=True).start()
    aws.outputs["ApiUrl"] = f"http://127.0.0.1:{empty.server_port}"

    assert not verify.verify(Stage("dev"), None)
    assert "404 without a token, not 401; the API has no such route" in capsys.readouterr().out
    empty.shutdown()
    empty.server_close()
