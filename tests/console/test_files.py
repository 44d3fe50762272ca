"""The console's files: small, all of them served, none from elsewhere, and under a strict policy (design §17)."""

import gzip
import hashlib
import re
from pathlib import Path

import pytest
from werkzeug.test import Client

from local import console
from local.gateway import application
from local.postgres import ROOT

FOLDER = ROOT / "console"
BUDGET_BYTES = 60_000
LIT_HTML_3_3_3 = "b878e7f95dec8a9b6e9b217faca6b6a11bad82ebc44c0caa77419ed83edd81f2"
CODE = sorted(path for path in FOLDER.rglob("*") if path.suffix in {".js", ".css"})


def test_its_code_stays_within_its_budget() -> None:
    assert sum(len(gzip.compress(path.read_bytes(), mtime=0)) for path in CODE) <= BUDGET_BYTES


@pytest.mark.parametrize("path", [*CODE, FOLDER / "index.html"], ids=lambda path: path.name)
def test_nothing_is_loaded_from_another_host_or_written_inline(path: Path) -> None:
    text = path.read_text()
    names = set(re.findall(r"https?://([^/\"'`\s]+)", text)) - {"www.w3.org"}

    assert names == set()
    assert not re.search(r"\sstyle=|\son[a-z]+=\"|<script>|unsafeHTML|innerHTML\s*=|eval\(", text) or "vendor" in path.parts


def test_the_policy_has_no_exception() -> None:
    answer = Client(application).get("/console/", base_url="http://127.0.0.1")

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "*" not in policy


def test_the_policy_is_that_of_the_deployed_console_without_its_issuer() -> None:
    deployed = re.search(r"default-src 'none';.*?base-uri 'none'", (ROOT / "template.yaml").read_text(), re.DOTALL)

    assert deployed
    assert " ".join(deployed[0].split()).replace(" https://${IssuerHost} ${ConsoleTokenOrigin}", "") == console.POLICY


def test_what_is_vendored_is_what_was_published() -> None:
    vendored = hashlib.sha256((FOLDER / "vendor" / "lit-html.js").read_bytes()).hexdigest()

    assert vendored == LIT_HTML_3_3_3


def test_every_file_is_served_with_its_type() -> None:
    client = Client(application)

    for path in console.PATHS:
        answer = client.get(path, base_url="http://127.0.0.1")
        assert answer.status_code == 200, path
        assert answer.mimetype in {
            ".js": {"text/javascript", "application/javascript"},
            ".css": {"text/css"},
            ".svg": {"image/svg+xml"},
            ".json": {"application/json"},
            ".txt": {"text/plain"},
        }.get(re.sub(r".*(?=\.)", "", path), {"text/html"}), path


def test_the_address_without_a_slash_leads_to_it() -> None:
    answer = Client(application).get("/console", base_url="http://127.0.0.1")

    assert (answer.status_code, answer.headers["Location"]) == (308, "http://127.0.0.1/console/")
