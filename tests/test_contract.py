"""The API keeps to its OpenAPI document: Schemathesis makes requests from it, good and bad, and checks every answer.

They go through the local gateway to the handlers, on a real database with the rows that the document's examples speak of.
The seed is fixed; by hand: SCHEMATHESIS_SEED=7 SCHEMATHESIS_EXAMPLES=2000 make test ARGS="tests/test_contract.py --no-cov".
"""

import os
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from pydantic import JsonValue
from schemathesis.config import SchemathesisConfig

from local import gateway
from tests.world import World

TOKEN = "of-demo-fjellbris"  # noqa: S105 - of the stand-in below
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "20"))
CAMPAIGNS = ["demo-first-job-mentoring", "demo-digital-seniors", "demo-school-water", "demo-skills-evenings"]
SUBSCRIPTIONS = ["demo-fjellbris-2025", "demo-savanna-2025"]

MEANT: dict[str, JsonValue] = {
    "effectiveFrom": "2025-03-15",
    "expiresAt": "2025-09-01T00:00:00Z",
    "amount": "50.00",
    "taxCategory": "S",
    "taxRate": "25",
    "vatId": "NO987654325MVA",
    "iban": "NO9386011117947",
    "timeZone": "Europe/Oslo",
}
"""Values of fields in whose place a schema takes more than the API does."""


def sometimes(dictionary: str, probability: float = 0.7) -> dict[str, Any]:
    return {"dictionary": dictionary, "probability": probability}


CONFIG = {
    "seed": int(os.environ.get("SCHEMATHESIS_SEED", "1")),
    "generation": {"max-examples": EXAMPLES, "database": "none"},
    # Literals found in whatever code is loaded would make the requests depend on the tests that ran before.
    "analysis": {"constants": {"enabled": False}},
    "dictionaries": {
        "campaigns": {"values": CAMPAIGNS},
        "subscriptions": {"values": SUBSCRIPTIONS},
        "companies": {"values": ["demo-fjellbris", "demo-savanna"]},
    },
    "parameters": {
        "path.campaignId": sometimes("campaigns"),
        "path.subscriptionId": sometimes("subscriptions"),
        "path.companyId": sometimes("companies"),
        "body.subscriptionId": sometimes("subscriptions"),
        "body.events[*].campaignId": sometimes("campaigns"),
    },
    "operations": [
        {
            # A batch is not refused for what is in it: that is, one by one.
            "include-operation-id": ["track_usage", "correct_usage"],
            "checks": {"negative_data_rejection": {"expected-statuses": [207, 400, 401, 413, 422]}},
        }
    ],
}


def authorized(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """API Gateway's JWT authorizer, which the local gateway has not, before it."""
    if environ["PATH_INFO"] != "/openapi.json":
        if environ.get("HTTP_AUTHORIZATION") != f"Bearer {TOKEN}":
            start_response("401 Unauthorized", [("Content-Type", "application/json"), ("WWW-Authenticate", "Bearer")])
            return [b'{"message":"Unauthorized"}']
        environ["HTTP_X_COMPANY_ID"] = "demo-fjellbris"
    return gateway.application(environ, start_response)


schema = schemathesis.openapi.from_wsgi("/openapi.json", authorized, config=SchemathesisConfig.from_dict(CONFIG))


@pytest.fixture
def rows(world: World) -> None:
    world.sample()
    world.campaign("demo-fjellbris", "credits", id="demo-school-water")


def written(value: JsonValue) -> Any:
    """A body whose numbers have 15 decimals at most: a price has up to 20, which is too fine a divisor for JSON Schema."""
    if isinstance(value, dict):
        return {name: written(member) for name, member in value.items()}
    if isinstance(value, list):
        return [written(item) for item in value]
    return round(value, 15) if isinstance(value, float) else value


def as_meant(case: schemathesis.Case[Any]) -> schemathesis.Case[Any]:
    """What OpenAPI cannot say: how two fields go together, and which of many names exist."""
    if not (case.meta and case.meta.generation.mode.is_positive):
        return case
    case.query.pop("cursor", None)
    if "interval" in case.query:
        case.query["interval"] = "month"
    if "effectiveFrom" in case.query:
        case.query["effectiveFrom"] = "2025-03-15"
    if isinstance(case.body, dict):
        body = written(case.body)
        body |= {name: value for name, value in MEANT.items() if body.get(name) is not None}
        if "terms" in body:
            body["terms"] = {"status": "active"}
        if "credits" in body:
            body["amount"] = MEANT["amount"]
        if isinstance(address := body.get("address"), dict):
            address["country"] = "NO"
        case.body = body
    if "start" in case.query:
        start, end = (str(case.query[name])[:10] for name in ("start", "end"))
        if not "1970-01-03" < start < end < min(f"{int(start[:4]) + 5}{start[4:]}", "2199-12-29"):
            case.query |= {"start": "2025-01-01", "end": "2026-01-01"}
    return case


class Sequences(schema.as_state_machine()):  # type: ignore[misc]
    """Requests one after another, each made of what those before it answered."""

    def call(self, case: schemathesis.Case[Any], **_: Any) -> Any:
        return as_meant(case).call(headers=HEADERS)

    def validate_response(self, response: Any, case: schemathesis.Case[Any], **_: Any) -> None:
        case.validate_response(response, headers=HEADERS)


def test_sequences_of_requests_keep_to_the_document(rows: None) -> None:
    run_state_machine_as_test(
        Sequences,
        settings=settings(
            max_examples=EXAMPLES // 4,
            stateful_step_count=6,
            derandomize=True,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@schema.parametrize()
@settings(suppress_health_check=list(HealthCheck), deadline=None)
def test_the_api_keeps_to_its_document(rows: None, case: schemathesis.Case[Any]) -> None:
    as_meant(case).call_and_validate(headers=HEADERS)
