"""Imports point one way: functions → operations → rules and edges; rules know neither (docs/decisions/0001)."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYER = ROOT / "layers" / "billing" / "billing"
RULES = {"allocation", "bundle", "consumption", "credits", "custom", "event_types", "iaas", "instants"} | {
    *("json_terms", "keys", "money", "periods", "pricing", "seats", "shapes", "statement", "terms", "usage", "values", "walk"),
}
EDGES = {
    "alerts",
    "campaigns",
    "database",
    "deployment",
    "errors",
    "http",
    "jobs",
    "login",
    "parameters",
    "settings",
    "sql",
    "telemetry",
}


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "billing":
            found |= {f"billing.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def of_the_layer(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith("billing.")}


@pytest.mark.parametrize("rule", sorted(RULES))
def test_rules_import_the_standard_library_pydantic_and_rules_only(rule: str) -> None:
    path = LAYER / f"{rule}.py"

    foreign = {name.split(".")[0] for name in imports(path)} - {*sys.stdlib_module_names, "pydantic", "billing"}

    assert foreign == set()
    assert of_the_layer(path) <= RULES


@pytest.mark.parametrize("edge", sorted(EDGES - {"sql"}))
def test_edges_do_not_import_operations(edge: str) -> None:
    assert of_the_layer(LAYER / f"{edge}.py") <= RULES | EDGES


def test_every_module_of_the_layer_is_a_rule_an_edge_or_an_operation() -> None:
    names = {path.stem for path in LAYER.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}

    assert names - {"__init__", "operations"} == RULES | EDGES


@pytest.mark.parametrize("function", sorted((ROOT / "functions").glob("*/app.py")), ids=lambda path: path.parent.name)
def test_a_function_has_one_operation_of_its_name_and_fits_a_page(function: Path) -> None:
    operations = {name for name in imports(function) if name.startswith("billing.operations.")}

    assert operations == {f"billing.operations.{function.parent.name}"}
    assert len(function.read_text().splitlines()) <= 35
