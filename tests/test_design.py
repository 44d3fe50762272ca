"""The contract, docs/design.md: what cites it leads to a section, and what it marks as not built is not built."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DESIGN = (ROOT / "docs" / "design.md").read_text()
TEXTS = {".html", ".js", ".json", ".md", ".py", ".sql", ".toml", ".yaml", ".yml"}
SECTIONS: dict[str, str] = dict(
    re.findall(r"^#{2,3} (\d+(?:\.\d+)?)\.? .+\n((?:(?!^#{2,3} \d).*\n)*)", DESIGN, flags=re.MULTILINE)
)
"""The text of each section by its number, "5" or "4.2"."""
OPERATIONS: dict[str, str] = dict(re.findall(r"^\| `(\w+)` \| .+ \| §(\d+) \|$", DESIGN, flags=re.MULTILINE))
"""The section of each operation, of the table in §8."""
EVERYTHING = "everything in this section."


def texts() -> list[Path]:
    """The repository's own files: a name with a dot in front is a tool's."""
    relative = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.suffix in TEXTS)
    return sorted(ROOT / path for path in relative if not any(part.startswith(".") for part in path.parts))


def not_built(section: str) -> str:
    """What a section is marked to lack; empty if nothing."""
    marked = re.search(r"^> Not built yet: (.+)$", SECTIONS[section], flags=re.MULTILINE)
    return marked[1] if marked else ""


def test_the_sections_are_1_to_17_and_the_promises_of_4_are_numbered_by_themselves() -> None:
    promises = [f"4.{number}" for number in range(1, 10)]

    assert list(SECTIONS) == ["1", "2", "3", "4", *promises, *map(str, range(5, 18))]


def test_every_citation_leads_to_a_section() -> None:
    cited = [
        (str(path.relative_to(ROOT)), number)
        for path in texts()
        for number in re.findall(r"§(\d+(?:\.\d+)?)", path.read_text())
    ]

    assert cited
    assert [(path, number) for path, number in cited if number not in SECTIONS] == []


def test_every_decision_that_is_cited_is_there() -> None:
    decisions = {path.stem[:4] for path in (ROOT / "docs" / "decisions").glob("*.md")}
    cited = {number for path in texts() for number in re.findall(r"decisions?[ /](\d{4})", path.read_text())}

    assert cited
    assert cited <= decisions


def test_every_link_within_the_design_leads_to_a_heading() -> None:
    headings = re.findall(r"^#+ (.+)$", DESIGN, flags=re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}

    assert {*re.findall(r"\]\(#([^)]+)\)", DESIGN)} <= anchors


def test_every_function_is_an_operation_of_the_design() -> None:
    functions = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}

    assert functions <= OPERATIONS.keys()


@pytest.mark.parametrize("section", dict.fromkeys(OPERATIONS.values()))
def test_an_operation_is_missing_only_where_a_mark_says_so(section: str) -> None:
    named = re.findall(r"`(\w+)`", not_built("8") + not_built(section))
    absent = {name for name in OPERATIONS if not (ROOT / "functions" / name).exists()}

    missing = {name for name in absent if OPERATIONS[name] == section} - {*named}

    assert bool(missing) == (not_built(section) == EVERYTHING), (
        f"the mark of §{section} is wrong; missing: {missing or 'nothing'}"
    )
    assert {*named} <= absent, "built, and named as not built"


def test_the_openapi_document_offers_the_routes_and_parameters_of_the_design() -> None:
    document = json.loads((ROOT / "openapi.json").read_text())
    offered = {
        operation["operationId"]: (f"{method.upper()} {path}", {p["name"] for p in operation.get("parameters", ())})
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    promised = re.findall(r"^\| `(\w+)` \| `([A-Z]+ [^?`]+)\??([^`]*)`", DESIGN, flags=re.MULTILINE)
    built = {operation: (route, {*query.split("&")} - {""}) for operation, route, query in promised if operation in offered}

    assert built.keys() == offered.keys()
    for operation, (route, query) in built.items():
        assert (operation, route) == (operation, offered[operation][0])
        assert query <= offered[operation][1]
