"""What the repository says of itself in several places is the same everywhere."""

import json
import re
from pathlib import Path

import pytest
import yaml

import billing

ROOT = Path(__file__).parent.parent
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
RUNTIME = re.search(r"Runtime: python(\S+)", (ROOT / "template.yaml").read_text())


@pytest.mark.parametrize("path", DECISIONS[1:], ids=lambda path: path.stem[:4])
def test_a_decision_has_a_number_a_status_a_date_references_and_the_headings_of_the_template(path: Path) -> None:
    text = path.read_text()
    number = DECISIONS.index(path)

    assert path.stem.startswith(f"{number:04}-")
    assert re.match(
        rf"# {number}\. .+\n\n"
        r"- Status: (proposed|accepted|superseded by \d{4})\n"
        r"- Date: \d{4}-\d\d-\d\d\n"
        r"- References: .+\n",
        text,
    )
    headings = re.findall(r"^\*\*(\w+)\.\*\* ", text, flags=re.MULTILINE)
    assert [*dict.fromkeys(headings)] == [name for name in HEADINGS if name in headings]
    assert {"Context", "Decision"} <= {*headings}


HEADINGS = re.findall(r"^\*\*(\w+)\.\*\* ", DECISIONS[0].read_text(), flags=re.MULTILINE)


def test_the_changelog_begins_with_what_is_unreleased_then_the_version_of_the_code() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()

    versions = re.findall(r"^## \[(.+?)\](?: - \d{4}-\d\d-\d\d)?$", changelog, flags=re.MULTILINE)

    assert versions[:2] == ["Unreleased", billing.__version__]


def test_development_and_ci_have_the_python_of_the_template() -> None:
    assert RUNTIME
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())

    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]

    assert container["image"] == f"python:{RUNTIME[1]}"
    assert {step["with"]["python-version"] for step in steps if "setup-python" in step.get("uses", "")} == {RUNTIME[1]}
    assert {"run": ".ci/run"} in steps
