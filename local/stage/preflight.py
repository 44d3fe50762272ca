"""`make preflight STAGE=dev`: what would fail a deployment after a quarter of an hour, or leave it without routes."""

import json
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from botocore.exceptions import BotoCoreError, ClientError

from local.stage.stage import NoStage, Stage

KEPT_UNRESERVED = 100
"""Concurrent executions that Lambda lets nobody reserve."""

WITHOUT_PROXY = {"use1-az3", "usw1-az2"}
"""The zones where RDS Proxy is not offered, by their ids, which are the same in every account."""

CHOSEN_ZONES = {"us-east-1": ["use1-az1", "use1-az2"], "us-west-1": ["usw1-az1", "usw1-az3"]}
"""The zones that the template names; elsewhere it takes the account's first two."""

DEPLOYABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "REVIEW_IN_PROGRESS"}
ISSUER_TIMEOUT = 10
"""Seconds; API Gateway gives up sooner."""

Zones = list[dict[str, Any]]


class Unfit(Exception):
    """A deployment would fail; the message says of what, and what to do."""


def account(stage: Stage) -> str:
    return f"account {stage.aws.client('sts').get_caller_identity()['Account']}, region {stage.aws.region_name}"


def stack(stage: Stage) -> str:
    state = stage.stack["StackStatus"] if stage.stack else "not there yet"
    if stage.stack and state not in DEPLOYABLE:
        raise Unfit(f"{stage.stack_name} is in the state {state}: wait, or delete it, or continue its rollback.")
    return f"{stage.stack_name} is {state}"


def issuer(stage: Stage) -> str:
    """API Gateway reads the issuer's document when the API is made, and takes its keys from there."""
    wanted, document = stage.parameters["JwtIssuer"], _issuer_document(stage)
    if document.get("issuer") != wanted:
        raise Unfit(
            f"The issuer calls itself {document.get('issuer')!r}, and JwtIssuer is {wanted!r}: no token would be accepted."
        )
    return f"{wanted} publishes its keys at {document['jwks_uri']}"


def console(stage: Stage) -> str:
    """A browser asks for a token only where the console's Content-Security-Policy lets it."""
    if not stage.parameters["ConsoleClientId"]:
        return "none (ConsoleClientId)"
    login, token = (_issuer_document(stage).get(name) for name in ("authorization_endpoint", "token_endpoint"))
    if not login or not token:
        raise Unfit("The issuer names no authorization_endpoint or no token_endpoint: nobody could log in to the console.")
    allowed = {_origin(stage.parameters["JwtIssuer"]), stage.parameters["ConsoleTokenOrigin"]}
    if _origin(token) not in allowed:
        raise Unfit(f"The issuer's token endpoint is {token}: set ConsoleTokenOrigin={_origin(token)}.")
    return f"people log in at {login}"


def concurrency(stage: Stage) -> str:
    quota = stage.aws.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    reserved = int(stage.parameters["ReservedConcurrency"])
    if reserved and quota - reserved < KEPT_UNRESERVED:
        raise Unfit(
            f"The account runs {quota} functions at a time, and {KEPT_UNRESERVED} cannot be reserved: ReservedConcurrency="
            f"{reserved} is too much. Set it to 0, or ask for a higher quota (Service Quotas, Lambda, concurrent executions)."
        )
    return f"{quota} executions at a time, {reserved} of them reserved"


def zones(stage: Stage) -> str:
    chosen = _zones(stage)
    if len({zone["ZoneId"] for zone in chosen}) < 2:
        raise Unfit("The subnets lie in one availability zone; the database asks for two.")
    without = [zone for zone in chosen if zone["ZoneId"] in WITHOUT_PROXY]
    if without and stage.parameters["UseProxy"] == "true":
        raise Unfit(f"RDS Proxy is not offered in {_names(without)}: name other subnets (VpcId, SubnetIds), or UseProxy=false.")
    return _names(chosen)


def database(stage: Stage) -> str:
    instance_class, version = stage.parameters["DatabaseInstanceClass"], stage.parameters["DatabaseVersion"]
    pages = stage.aws.client("rds").get_paginator("describe_orderable_db_instance_options")
    found = pages.paginate(Engine="postgres", DBInstanceClass=instance_class, Vpc=True)
    options = [option for page in found for option in page["OrderableDBInstanceOptions"]]
    offered = [option for option in options if option["EngineVersion"].split(".")[0] == version]
    if not offered:
        raise Unfit(f"Postgres {version} is not offered on {instance_class} in this region: another DatabaseInstanceClass.")
    places = {zone["Name"] for option in offered for zone in option["AvailabilityZones"]}
    missing = [zone["ZoneName"] for zone in _zones(stage) if zone["ZoneName"] not in places]
    if missing:
        raise Unfit(f"{instance_class} is not offered in {', '.join(missing)}, but in {', '.join(sorted(places))}.")
    return f"Postgres {version} on {instance_class}"


def _issuer_document(stage: Stage) -> dict[str, Any]:
    issuer = stage.parameters["JwtIssuer"]
    if not issuer or not stage.parameters["JwtAudience"]:
        raise Unfit("JwtIssuer or JwtAudience is not known: JwtIssuer=https://… JwtAudience=… make preflight STAGE=…")
    url = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        with urlopen(url, timeout=ISSUER_TIMEOUT) as answer:
            return dict(json.load(answer))
    except (OSError, ValueError) as error:
        raise Unfit(f"{url} cannot be read: {error}") from error


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _zones(stage: Stage) -> Zones:
    ec2 = stage.aws.client("ec2")
    zones: Any = ec2.describe_availability_zones(Filters=[{"Name": "zone-type", "Values": ["availability-zone"]}])
    by_id = {zone["ZoneId"]: zone for zone in zones["AvailabilityZones"]}
    if stage.parameters["VpcId"]:
        subnets = ec2.describe_subnets(SubnetIds=stage.parameters["SubnetIds"].split(","))["Subnets"]
        return [by_id[subnet["AvailabilityZoneId"]] for subnet in subnets]
    first = sorted(by_id.values(), key=lambda zone: str(zone["ZoneName"]))[:2]
    ids = CHOSEN_ZONES.get(str(stage.aws.region_name), [zone["ZoneId"] for zone in first])
    return [by_id[zone_id] for zone_id in ids if zone_id in by_id]


def _names(zones: Zones) -> str:
    return ", ".join(f"{zone['ZoneName']} ({zone['ZoneId']})" for zone in zones)


CHECKS: tuple[Callable[[Stage], str], ...] = (account, stack, issuer, console, concurrency, zones, database)


def check(stage: Stage) -> bool:
    """Print what each check finds; whether a deployment may begin."""
    fit = True
    for look in CHECKS:
        try:
            print(f"ok    {look.__name__:<12} {look(stage)}")
        except (Unfit, BotoCoreError, ClientError) as error:
            fit = False
            print(f"NOT   {look.__name__:<12} {error}")
    return fit


if __name__ == "__main__":
    try:
        sys.exit(not check(Stage(sys.argv[1])))
    except NoStage as error:
        sys.exit(str(error))
