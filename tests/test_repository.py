"""What the repository says of itself in several places is the same everywhere."""

import json
import re
import subprocess
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


SECRETS = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
    "an access key of AWS": r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    "a token of a code host": r"\b(gh[pousr]_|github_pat_|glpat-)\w{20,}",
    "a token of a chat": r"\bxox[abprs]-[\w-]{10,}",
    # The samples' has no claims, and its signature is the word "signature".
    "a signed token": r"\beyJ[\w-]{10,}\.(?!e30\.c2lnbmF0dXJl\b)[\w-]+\.[\w-]{10,}",
    "a password in a URL": r"\b[a-z]+://[^\s:/@\"{}]+:(?!(password|wrong|x|local)@)[^\s:/@\"{}]+@",
}
"""What a secret looks like; the words that stand for a password are none."""


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_is_in_the_repository(name: str) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    files = [ROOT / path for path in listed.split("\0") if path and path != "tests/test_repository.py"]

    found = {path.name: match[0] for path in files if path.is_file() if (match := re.search(SECRETS[name], read(path)))}

    assert len(files) > 300
    assert found == {}


def read(path: Path) -> str:
    return path.read_bytes().decode(errors="replace")


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("a private key", "-----BEGIN RSA " + "PRIVATE KEY-----"),
        ("an access key of AWS", "key=AKIA" + "IOSFODNN7ABCDEFG"),
        ("a token of a code host", "ghp_" + "a1" * 18),
        ("a token of a chat", "xoxb-" + "1234567890-abc"),
        ("a signed token", "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxIn0.dBjftJeZ4CVPmB92K27uhbUJU1p1r"),
        ("a password in a URL", "postgresql://billing:" + "hunter2@db.example.org/billing"),
    ],
)
def test_what_looks_like_a_secret_is_found(name: str, secret: str) -> None:
    assert re.search(SECRETS[name], f"here = {secret}")
