"""The commands on a stage: preflight, verify, seed and console, against AWS's own protocols and the real handlers."""

import json
import re
import runpy
import sys
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
from local import gateway, template
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
CONFIG = '{"issuer": "https://issuer.example", "clientId": "console", "scopes": ["openid", "billing/read"]}'
CONSOLE = {
    "index.html": "<!DOCTYPE html>",
    "console.css": ":root { color-scheme: light dark }",
    "js/main.js": "export {}",
    "js/vendor/lit-html.js": "export const html = 1",
    "icon.svg": "<svg/>",
    "config.json": "{}",
    "README.md": "# For developers",
}
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
        self.login = {"authorization_endpoint": f"{self.url}/login", "token_endpoint": f"{self.url}/token"}
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
            return {}, json.dumps({"issuer": self.issuer, "jwks_uri": f"{self.url}/keys"} | self.login)
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


def test_a_console_whose_policy_keeps_it_from_the_token_endpoint_is_found(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert preflight.console(Stage("dev")) == "none (ConsoleClientId)"
    stage = overrides(monkeypatch, tmp_path, ConsoleClientId="console")
    assert preflight.console(stage) == f"people log in at {aws.url}/login"

    cognito = "https://yours.auth.eu-west-1.amazoncognito.com"
    aws.login["token_endpoint"] = f"{cognito}/oauth2/token"

    with pytest.raises(Unfit, match=f"set ConsoleTokenOrigin={cognito}.$"):
        preflight.console(stage)
    named = overrides(monkeypatch, tmp_path, ConsoleClientId="console", ConsoleTokenOrigin=cognito)
    assert preflight.console(named) == f"people log in at {aws.url}/login"


def test_an_issuer_where_nobody_could_log_in_to_the_console_is_found(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    aws.login = {}

    with pytest.raises(Unfit, match="nobody could log in"):
        preflight.console(overrides(monkeypatch, tmp_path, ConsoleClientId="console"))


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
def api(aws: Aws) -> Iterator[dict[str, str]]:
    """The local gateway behind an authorizer that knows one token, and the console's files, which need none."""
    pages: dict[str, str] = {}

    def authorized(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"] in pages:
            start_response("200 OK", [("Content-Security-Policy", "default-src 'none'")])
            return [pages[environ["PATH_INFO"]].encode()]
        if environ.get("HTTP_AUTHORIZATION") != "Bearer the-token":
            start_response("401 Unauthorized", [("Content-Type", "application/json")])
            return [b'{"message":"Unauthorized"}']
        return gateway.application(environ, start_response)

    server = make_server("127.0.0.1", 0, authorized, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    aws.outputs["ApiUrl"] = f"http://127.0.0.1:{server.server_port}"
    yield pages
    server.shutdown()
    server.server_close()


def test_a_stage_that_works_is_verified(
    world: World, aws: Aws, api: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    world.connection.run(RUN, status="succeeded")

    assert verify.verify(Stage("dev"), "the-token")
    assert "track_seat_usage: succeeded for 2025-03-01T10:00:00Z" in capsys.readouterr().out


def test_a_console_is_verified_with_the_routes_behind_its_address(
    world: World, aws: Aws, api: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    aws.outputs |= {"ConsoleUrl": f"{aws.outputs['ApiUrl']}/", "ConsoleConfig": CONFIG}
    assert not verify.verify(Stage("dev"), None)
    assert "/ cannot be read (HTTP Error 401: Unauthorized): make console-upload STAGE=dev" in capsys.readouterr().out

    api |= {"/": CONSOLE["index.html"], "/config.json": "{}"}
    assert not verify.verify(Stage("dev"), None)
    assert "/config.json is not the stack's: make console-upload STAGE=dev" in capsys.readouterr().out

    api["/config.json"] = CONFIG
    assert verify.verify(Stage("dev"), "the-token")
    assert capsys.readouterr().out.count("routes asked without and with a token") == 2


def test_what_does_not_work_is_named(world: World, aws: Aws, api: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
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


DISTRIBUTION: dict[str, Any] = {
    "CallerReference": "once",
    "Comment": "",
    "Enabled": True,
    "Origins": {"Quantity": 1, "Items": [{"Id": "files", "DomainName": "files.s3.amazonaws.com"}]},
    "DefaultCacheBehavior": {"TargetOriginId": "files", "ViewerProtocolPolicy": "redirect-to-https"},
}


@pytest.fixture
def files(aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A checkout's console/, and a stack with a bucket and a distribution for it."""
    monkeypatch.setattr(template, "TEMPLATE", tmp_path / "template.yaml")
    for name, text in CONSOLE.items():
        path = tmp_path / "console" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    session = Stage("dev").aws
    place = {"LocationConstraint": "eu-west-1"}
    session.client("s3").create_bucket(Bucket="files", CreateBucketConfiguration=place)
    made = session.client("cloudfront").create_distribution(DistributionConfig=DISTRIBUTION)["Distribution"]
    aws.outputs |= {"ConsoleBucket": "files", "ConsoleDistribution": made["Id"], "ConsoleConfig": CONFIG}
    aws.outputs["ConsoleUrl"] = "https://console.example/"
    return tmp_path / "console"


def make_console_upload(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `make console-upload STAGE=dev` does."""
    monkeypatch.setattr(sys, "argv", ["console", "dev"])
    runpy.run_module("local.stage.console", run_name="__main__")


def uploaded() -> dict[str, dict[str, Any]]:
    s3 = Stage("dev").aws.client("s3")
    found = s3.list_objects_v2(Bucket="files").get("Contents", [])
    return {one["Key"]: s3.get_object(Bucket="files", Key=one["Key"]) for one in found}


def invalidated(aws: Aws) -> list[list[str]]:
    """The paths of each invalidation."""
    client, distribution = Stage("dev").aws.client("cloudfront"), aws.outputs["ConsoleDistribution"]
    items = client.list_invalidations(DistributionId=distribution)["InvalidationList"].get("Items", [])
    found = [client.get_invalidation(DistributionId=distribution, Id=item["Id"])["Invalidation"] for item in items]
    return [one["InvalidationBatch"]["Paths"]["Items"] for one in found]


def test_the_console_is_uploaded_with_its_types_and_the_stacks_configuration(
    aws: Aws, files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_console_upload(monkeypatch)

    found = uploaded()
    assert {name: one["ContentType"] for name, one in found.items()} == {
        "index.html": "text/html; charset=utf-8",
        "console.css": "text/css; charset=utf-8",
        "js/main.js": "text/javascript; charset=utf-8",
        "js/vendor/lit-html.js": "text/javascript; charset=utf-8",
        "icon.svg": "image/svg+xml",
        "config.json": "application/json",
    }
    bodies = {name: one["Body"].read().decode() for name, one in found.items()}
    assert bodies == {name: CONSOLE[name] for name in found} | {"config.json": CONFIG}
    assert json.loads(bodies["config.json"])["clientId"] == "console"
    assert "Uploaded 6 files, deleted 0." in capsys.readouterr().out


def test_no_browser_runs_a_page_with_modules_of_another_version(aws: Aws, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_console_upload(monkeypatch)

    kept = {name: one["CacheControl"] for name, one in uploaded().items()}
    assert (kept.pop("index.html"), kept.pop("config.json")) == ("no-cache", "no-cache")
    assert {re.findall(r"max-age=(\d+)", value)[0] for value in kept.values()} == {"0"}
    assert invalidated(aws) == [["/*"]]


def test_a_second_upload_changes_what_changed_and_deletes_what_went(
    aws: Aws, files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_console_upload(monkeypatch)
    first = {name: one["ETag"] for name, one in uploaded().items()}
    make_console_upload(monkeypatch)
    assert {name: one["ETag"] for name, one in uploaded().items()} == first

    (files / "js" / "vendor" / "lit-html.js").unlink()
    (files / "js" / "main.js").write_text("export const changed = 1")
    make_console_upload(monkeypatch)

    last = {name: one["ETag"] for name, one in uploaded().items()}
    assert first.keys() - last.keys() == {"js/vendor/lit-html.js"}
    assert {name for name in last if last[name] != first[name]} == {"js/main.js"}
    assert "Uploaded 5 files, deleted 1." in capsys.readouterr().out
    assert invalidated(aws) == [["/*"]] * 3


def test_an_empty_folder_takes_nothing_away(aws: Aws, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_console_upload(monkeypatch)
    (files / "index.html").unlink()

    with pytest.raises(SystemExit, match=r"There is no .*/console/index\.html"):
        make_console_upload(monkeypatch)

    assert len(uploaded()) == 6


def test_a_stack_without_a_console_takes_no_upload(aws: Aws, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del aws.outputs["ConsoleBucket"]

    with pytest.raises(SystemExit, match="has no output ConsoleBucket"):
        make_console_upload(monkeypatch)
