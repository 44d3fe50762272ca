"""Malformed events and requests in number, with a fixed seed; `make soak` tries 100,000 others."""

import pytest

from billing.api.gateway import check_event
from billing.errors import Malformed
from tests.callers import ROUTES
from tests.soak.bad_input import try_inputs
from tests.world import World


def test_whatever_a_function_is_sent_no_exception_escapes_and_what_is_refused_stores_nothing(world: World) -> None:
    statuses = try_inputs(world, 500, seed=1)

    assert {200, 400, 422} <= statuses.keys()


@pytest.mark.parametrize(
    "changes",
    [
        {"rawPath": None},
        {"requestContext": "none"},
        {"requestContext": {"stage": "$default", "http": {}}},
        {"requestContext": {"stage": "$default", "http": {"method": "GET"}, "authorizer": {"jwt": {"claims": []}}}},
        {"headers": {"accept": 1}},
        {"queryStringParameters": {"start": True}},
        {"body": {}},
        {"isBase64Encoded": "yes"},
        {"body": "a", "isBase64Encoded": True},
    ],
    ids=str,
)
def test_an_event_that_api_gateway_never_sends_is_malformed(changes: dict[str, object]) -> None:
    check_event(ROUTES[0].sample)

    with pytest.raises(Malformed):
        check_event(ROUTES[0].sample | changes)


@pytest.mark.parametrize("event", [None, [], "text", 7, {}], ids=str)
def test_what_is_no_event_is_malformed(event: object) -> None:
    with pytest.raises(Malformed):
        check_event(event)
