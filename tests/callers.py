"""Callers of the API: the sample request of every route, and the requests that many tests send."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.artefacts import compare
from local.aws_events import PLATFORM_SCOPE
from local.runtime import functions
from tests.world import Answer, request


@dataclass(frozen=True)
class Route:
    """A route of the template with the request of its sample event, which is a good one."""

    function: str
    method: str
    path: str
    sample: dict[str, Any]

    def __str__(self) -> str:
        return self.function

    @property
    def parameters(self) -> dict[str, str]:
        """Those of the path."""
        return dict(self.sample.get("pathParameters", {}))

    @property
    def is_the_platforms(self) -> bool:
        """Whether only a token for all companies will do."""
        return PLATFORM_SCOPE in self.sample["requestContext"]["authorizer"]["jwt"]["scopes"]

    def send(
        self, ids: Mapping[str, str] | None = None, *, query: dict[str, str] | None = None, company: str | None = None
    ) -> Answer:
        """The sample request with other ids in its path, by the platform or by a company."""
        path = self.path.format(**self.parameters | dict(ids or {}))
        query = self.sample.get("queryStringParameters", {}) | (query or {})
        body, scopes = self.sample.get("body"), self.sample["requestContext"]["authorizer"]["jwt"]["claims"]["scope"]
        return request(self.function, self.method, path, body, query=query, company=company, scopes=scopes)


ROUTES = [
    Route(function.name, route.method, route.path, json.loads((compare.EVENTS / f"{function.name}.json").read_text()))
    for function in functions().values()
    for route in function.routes
]
WITH_AN_ID = [route for route in ROUTES if route.parameters]


def usage_event(campaign: str, **values: Any) -> dict[str, Any]:
    given = {"eventType": "seat_usage", "quantity": "30", "timestamp": "2025-01-15T10:20:30Z"}
    return {"campaignId": campaign} | given | values


def track(*events: Any, **caller: Any) -> Answer:
    return request("track_usage", "POST", "/v1/usage-events", {"events": list(events)}, **caller)


def use(campaign: str, *instants: str) -> None:
    """A learner at each instant."""
    events = [usage_event(campaign, eventType="learner_served", quantity=1, timestamp=instant) for instant in instants]
    assert track(*events).status == 200


def page(company: str, **query: str) -> Answer:
    query = {"start": "2025-01-01", "end": "2025-02-01"} | query
    return request("list_usage_records", "GET", f"/v1/companies/{company}/usage-records", query=query, company=company)


def walk(company: str, between: Any = lambda: None, **query: str) -> list[str]:
    """The ids of the records on all pages."""
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        body = page(company, **query, **({"cursor": cursor} if cursor else {})).body
        seen += [event["usageRecordId"] for campaign in body["campaigns"] for event in campaign["events"]]
        cursor = body["nextCursor"]
        between()
    return seen
