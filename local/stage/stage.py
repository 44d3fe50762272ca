"""A stage of samconfig.toml: its parameters, what its stack says of itself, and a way to call its functions."""

import json
import os
import shlex
import tomllib
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local import template

CONFIG = template.TEMPLATE.parent / "samconfig.toml"
LONGEST_CALL_SECONDS = 900


class NoStage(Exception):
    """There is no such stage, or nothing of it is deployed; the message says which there are, or what to do."""


class CallFailed(Exception):
    """A function of the stage raised; the message is what it raised."""


class Stage:
    """A stage by its name. Raises `NoStage`."""

    def __init__(self, name: str) -> None:
        config = tomllib.loads(CONFIG.read_text())
        tables = {name: table for name, table in config.items() if isinstance(table, dict)}
        stages = {name: table["deploy"]["parameters"] for name, table in tables.items() if "deploy" in table}
        if name not in stages:
            raise NoStage(f"There is no stage {name!r}; samconfig.toml has {', '.join(stages)}.")
        self.name = name
        self.stack_name: str = stages[name]["stack_name"]
        overrides = shlex.split(stages[name]["parameter_overrides"])
        named = dict(override.split("=", 1) for override in overrides)
        # Those without a default, where sam deploy --guided has not written them down yet.
        given = {name: os.environ[name] for name in ("JwtIssuer", "JwtAudience") if os.environ.get(name)}
        self.parameters: dict[str, str] = template.parameters() | named | given
        self.aws = boto3.Session(region_name=stages[name].get("region"))

    @cached_property
    def stack(self) -> dict[str, Any] | None:
        """What CloudFormation says of the stack; None where there is none."""
        try:
            stacks = self.aws.client("cloudformation").describe_stacks(StackName=self.stack_name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return dict(stacks[0])

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs of the stack by their names; none where it is not deployed."""
        return {output["OutputKey"]: output["OutputValue"] for output in (self.stack or {}).get("Outputs", ())}

    def output(self, name: str) -> str:
        """An output of the stack. Raises `NoStage` where it is not deployed, or lacks it."""
        if name not in self.outputs:
            raise NoStage(f"The stack {self.stack_name} has no output {name}: deploy it first (docs/operating.md).")
        return self.outputs[name]

    def call(self, function: str, event: dict[str, Any]) -> Any:
        """What a function, by its name in AWS, returns for an event. Raises `CallFailed`."""
        patient = Config(read_timeout=LONGEST_CALL_SECONDS, retries={"total_max_attempts": 1})
        answer = self.aws.client("lambda", config=patient).invoke(FunctionName=function, Payload=json.dumps(event).encode())
        result = json.load(answer["Payload"])
        if "FunctionError" in answer:
            raise CallFailed(f"{result.get('errorType')}: {result.get('errorMessage')}")
        return result
