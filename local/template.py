"""Reads `template.yaml`, the one place where functions, routes and schedules are declared."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).parent.parent / "template.yaml"


@dataclass(frozen=True)
class Route:
    method: str
    path: str


@dataclass(frozen=True)
class Function:
    """A function of the template: its timeout in seconds, its memory in MB, the literal values of its environment. Here
    it has the name of its folder; in the template and among the built artefacts it has its logical id."""

    name: str
    logical_id: str
    module: str
    handler: str
    timeout: int
    memory: int
    environment: dict[str, str]
    routes: tuple[Route, ...]


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short intrinsic functions, whose values only a deployment knows."""


_Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


def functions(template: Path = TEMPLATE) -> dict[str, Function]:
    """The functions by the name of their folder."""
    document = yaml.load(template.read_text(), Loader=_Loader)  # noqa: S506 - a SafeLoader with one more constructor
    shared = document.get("Globals", {}).get("Function", {})
    resources = document["Resources"].items()
    found = [_function(id_, r["Properties"], shared) for id_, r in resources if r["Type"] == "AWS::Serverless::Function"]
    return {function.name: function for function in found}


def parameters(template: Path = TEMPLATE) -> dict[str, str]:
    """The defaults of the template's parameters; empty for one that has none."""
    document = yaml.load(template.read_text(), Loader=_Loader)  # noqa: S506 - as above
    return {name: str(parameter.get("Default", "")) for name, parameter in document["Parameters"].items()}


def _function(logical_id: str, own: dict[str, Any], shared: dict[str, Any]) -> Function:
    properties = shared | own
    name = Path(properties["CodeUri"]).name
    module, handler = properties.get("Handler", shared.get("Handler", "")).rsplit(".", 1)
    events = [event for event in own.get("Events", {}).values() if event["Type"] == "HttpApi"]
    return Function(
        name=name,
        logical_id=logical_id,
        module=f"functions.{name}.{module}",
        handler=handler,
        timeout=properties.get("Timeout", 3),
        memory=properties.get("MemorySize", 128),
        environment=_literals(shared) | _literals(own),
        routes=tuple(Route(event["Properties"]["Method"].upper(), event["Properties"]["Path"]) for event in events),
    )


def _literals(properties: dict[str, Any]) -> dict[str, str]:
    variables = properties.get("Environment", {}).get("Variables", {})
    literals = {name: value for name, value in variables.items() if isinstance(value, str | int)}
    # CloudFormation writes a YAML true as "true".
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in literals.items()}
