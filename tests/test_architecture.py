"""Imports point one way: functions → operations → the ways in and out → the rooms of the rules → the ground floor."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYER = ROOT / "layers" / "billing" / "billing"

FLOORS = (
    {"errors", "instants", "money", "periods", "settings", "sql", "telemetry"},
    {"contract"},
    {"usage"},
    {"terms"},
    {"bundles", "pricing"},
    {"invoices", "signals"},
    {"database"},
    {"api", "jobs"},
    {"operations"},
)
"""The rooms and ground-floor modules, lowest first: each imports those below it, and its own."""

RULES = {"bundles", "contract", "errors", "instants", "invoices", "money", "periods", "pricing", "signals", "terms", "usage"}
"""Rooms without I/O and without a clock: nothing but the standard library and pydantic."""

RENDERING = {"invoices/pdf.py": {"typst", "fontpkg_source_sans_3"}}
"""What has a layer of its own, and is imported only when a document is rendered."""

MODULES = sorted(path.relative_to(LAYER) for path in LAYER.rglob("*.py") if path != LAYER / "__init__.py")


def room(module: Path) -> str:
    return module.parts[0].removesuffix(".py")


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


def floor(name: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if name in rooms)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_no_import_runs_up_or_across(module: Path) -> None:
    rooms = {name.split(".")[1] for name in imports(LAYER / module) if name.startswith("billing.")} - {room(module)}

    assert {name for name in rooms if floor(name) >= floor(room(module)) > 0} == set()


@pytest.mark.parametrize("module", [module for module in MODULES if room(module) in RULES], ids=str)
def test_rules_import_the_standard_library_and_pydantic_only(module: Path) -> None:
    foreign = {name.split(".")[0] for name in imports(LAYER / module)} - {*sys.stdlib_module_names, "pydantic", "billing"}

    assert foreign == RENDERING.get(str(module), set())


@pytest.mark.parametrize("module", [module for module in MODULES if room(module) == "operations"], ids=str)
def test_operations_do_not_import_each_other(module: Path) -> None:
    assert not [name for name in imports(LAYER / module) if name.startswith("billing.operations")]


@pytest.mark.parametrize("function", sorted((ROOT / "functions").glob("*/app.py")), ids=lambda path: path.parent.name)
def test_a_function_has_one_operation_of_its_name_and_fits_a_page(function: Path) -> None:
    operations = {name for name in imports(function) if name.startswith("billing.operations.")}

    assert operations == {f"billing.operations.{function.parent.name}"}
    assert len(function.read_text().splitlines()) <= 35
