"""The OpenAPI document says what the handlers do, and is kept true."""

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from local.runtime import functions
from local.tools import openapi

DOCUMENT: dict[str, Any] = json.loads(openapi.DOCUMENT.read_text())
OPERATIONS = {
    operation["operationId"]: (path, method.upper(), operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


def test_the_document_is_what_the_handlers_say() -> None:
    assert openapi.document() == DOCUMENT, "run make openapi"


def test_there_is_an_operation_for_each_route_of_the_template_by_its_functions_name() -> None:
    routes = {name: (route.path, route.method) for name, function in functions().items() for route in function.routes}

    assert {name: operation[:2] for name, operation in OPERATIONS.items()} == routes


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_operation_says_what_it_is_for_who_may_and_how_it_fails(name: str) -> None:
    _, _, operation = OPERATIONS[name]

    assert operation["summary"] and operation["description"] and len(operation["tags"]) == 1
    assert [list(requirement) for requirement in operation["security"]] == [["token"]]
    assert {"400", "401", "403", "422", "429", "500", "503"} < set(operation["responses"])


def test_a_database_that_is_away_says_when_to_come_back() -> None:
    assert "Retry-After" in DOCUMENT["components"]["responses"]["503"]["headers"]


def referenced(part: Any) -> set[str]:
    """The schemas that a part of the document refers to, and those that they refer to."""
    found: set[str] = set()
    waiting = re.findall(r"#/components/schemas/([\w-]+)", json.dumps(part))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += re.findall(r"#/components/schemas/([\w-]+)", json.dumps(DOCUMENT["components"]["schemas"][name]))
    return found


def test_an_answer_has_all_of_its_fields_also_those_that_are_null() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    answers = referenced([operation["responses"] for _, _, operation in OPERATIONS.values()])
    optional = {name: set(schemas[name].get("properties", {})) - set(schemas[name].get("required", ())) for name in answers}

    # A document is without its lines where there are very many.
    without_lines = {"ShownDocument": {"lines"}, "ShownDraft": {"lines"}, "DocumentPage": {"lines", "nextCursor"}}
    others = {"Problem": {"errors"}}
    assert {name: fields for name, fields in optional.items() if fields} == without_lines | others


CHARACTERS = [*map(chr, range(0x20, 0x180)), "\0", "\n", "\u2028", "\U00010348", "\U0001f600"]


def test_an_id_in_a_path_is_promised_what_the_routes_take() -> None:
    for name, function in functions().items():
        for parameter in OPERATIONS[name][2].get("parameters", ()) if function.routes else ():
            if parameter["in"] == "path":
                (route,) = importlib.import_module(function.module).app._dynamic_routes
                path = OPERATIONS[name][0]
                served = {c for c in CHARACTERS if route.rule.match(path.replace(f"{{{parameter['name']}}}", f"a{c}a"))}
                promised = {c for c in CHARACTERS if re.search(parameter["schema"]["pattern"], f"a{c}a")}
                assert promised == served


def test_a_sample_event_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openapi, "ROOT", tmp_path)

    with pytest.raises(openapi.MissingSample, match=r"^events/\w+.json is missing: the examples of "):
        openapi.document()
