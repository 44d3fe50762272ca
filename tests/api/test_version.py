"""The version of the API: stated once, in `billing.__version__`, and by each response."""

import importlib.metadata
from typing import Any

import pytest

import billing
from tests.world import World, request

PATH = "/v1/subscriptions/s/campaigns"
RESPONSES: list[tuple[int, str, dict[str, Any]]] = [
    (200, PATH, {}),
    (403, PATH, {"scopes": "billing/write"}),
    (404, "/v1/elsewhere", {}),
    (404, PATH, {"company": "another"}),
    (422, PATH, {"query": {"more": "1"}}),
]


@pytest.mark.parametrize(("status", "path", "changes"), RESPONSES, ids=str)
def test_each_response_states_the_version(world: World, status: int, path: str, changes: dict[str, Any]) -> None:
    world.subscription(world.company(), id="s")

    response = request("list_subscription_campaigns", "GET", path, **changes)

    assert (response.status, response.headers["X-Billing-Version"]) == (status, billing.__version__)


@pytest.mark.parametrize(("database", "status"), [("", 500), ("postgresql://nobody@127.0.0.1:1/none", 503)])
def test_a_failure_states_the_version_too(monkeypatch: pytest.MonkeyPatch, database: str, status: int) -> None:
    monkeypatch.setenv("DATABASE_URL", database)

    response = request("list_subscription_campaigns", "GET", PATH)

    assert (response.status, response.headers["X-Billing-Version"]) == (status, billing.__version__)


def test_the_package_has_the_version_of_the_code() -> None:
    assert importlib.metadata.version("campaign-billing") == billing.__version__
