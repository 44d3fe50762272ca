"""What is another company's cannot be told from what does not exist, wherever a request names it (design §8, who may).

The places are read from the API's document, so that a new operation is tried as soon as it is there.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from billing.database import session as database
from local.postgres import ROOT
from tests.callers import ROUTES, Route, track, usage_event
from tests.faults import Faulty
from tests.operations.invoicing import post_invoices, put_profile
from tests.world import World, request

API = json.loads((ROOT / "openapi.json").read_text())
FOREIGN = {
    "campaignId": ("demo-first-job-mentoring", "demo-first-job-mentorinh"),
    "subscriptionId": ("demo-fjellbris-2025", "demo-fjellbris-2026"),
    "companyId": ("demo-fjellbris", "demo-fjellbrit"),
    "invoiceId": ("CB-2025-000001", "CB-2025-000009"),
    "usageRecordId": ("4711001", "4711009"),
}
"""Of each kind of id one of another company, and one that nothing has."""

NOT_IDS = {"vatId"}
"""What only ends like one."""

Path = tuple[str | int, ...]


class Place(NamedTuple):
    """Where a request names something: a parameter of its path, or a member of its body."""

    route: Route
    name: str
    path: Path | None = None

    def __str__(self) -> str:
        return f"{self.route} {'/'.join(map(str, self.path or ()))}{'' if self.path else self.name}"


def schema_of(route: Route) -> dict[str, Any]:
    schema: dict[str, Any] = API["paths"][route.path][route.method.lower()]
    return schema


def named_in(schema: dict[str, Any], path: Path = ()) -> Iterator[Path]:
    """The members of a body that are called an id."""
    while "$ref" in schema:
        schema = API["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for other in schema.get("anyOf", []):
        yield from named_in(other, path)
    for name, member in schema.get("properties", {}).items():
        if name.lower().endswith("id") and name not in NOT_IDS:
            yield (*path, name)
        yield from named_in(member, (*path, name))
    if "items" in schema:
        yield from named_in(schema["items"], (*path, 0))


def body_schema(route: Route) -> dict[str, Any]:
    content = schema_of(route).get("requestBody", {}).get("content", {})
    schema: dict[str, Any] = content.get("application/json", {}).get("schema", {})
    return schema


OPEN = [route for route in ROUTES if not route.is_the_platforms]
IN_PATHS = [
    Place(route, each["name"]) for route in OPEN for each in schema_of(route).get("parameters", []) if each["in"] == "path"
]
IN_BODIES = [Place(route, str(path[-1]), path) for route in OPEN for path in named_in(body_schema(route))]
REFERENCES = [place for place in [*IN_PATHS, *IN_BODIES] if place.name != "id"]
NAMES = [place for place in IN_BODIES if place.name == "id"]
"""By which a caller makes a request idempotent, within the company."""


class Ours(NamedTuple):
    """A company that has one thing of each kind, and what a request of it names."""

    company: str
    ids: dict[str, str]


@pytest.fixture
def ours(world: World) -> Ours:
    world.sample()
    company = world.company()
    put_profile(company, invoiceFrom="2025-01")
    subscription = world.subscription(company)
    campaign = world.campaign(company, "bundle", credit_price="1", seat_price_per_month="1", currency="EUR")
    iaas = world.campaign(company, "iaas")
    record = track(usage_event(iaas, eventType="learner_served")).body["results"][0]["usageRecordId"]
    (invoice,) = post_invoices(company, "2025-01").body["invoices"]
    ids = {"campaignId": campaign, "subscriptionId": subscription, "companyId": company, "usageRecordId": record}
    return Ours(company, ids | {"invoiceId": invoice["invoiceId"]})


def send(ours: Ours, place: Place, value: str) -> tuple[int, str, int]:
    """The status, the body without the value, and the messages to the database, of a request whose other ids are ours."""
    route, ids = place.route, ours.ids | ({place.name: value} if place.path is None else {})
    body: Any = json.loads(route.sample["body"]) if "body" in route.sample else None
    for other in IN_BODIES:
        if other.route is route and other.path:
            if 0 in other.path:
                body[other.path[0]] = body[other.path[0]][:1]
            if other.name != "id":
                put(body, other.path, ours.ids[other.name])
    if place.path:
        put(body, place.path, value)
    database.disconnect()
    Faulty.messages, Faulty.at = 0, 0
    answer = request(
        route.function,
        route.method,
        route.path.format(**ids),
        body,
        query=route.sample.get("queryStringParameters"),
        company=ours.company,
    )
    return answer.status, json.dumps(answer.body).replace(value, "…"), Faulty.messages


def put(body: Any, path: Path, value: str) -> None:
    for step in path[:-1]:
        body = body[step]
    body[path[-1]] = value


def test_every_kind_of_id_is_known_here() -> None:
    assert {place.name for place in REFERENCES} == FOREIGN.keys()
    assert len(REFERENCES) > 25


@pytest.mark.parametrize("place", REFERENCES, ids=str)
def test_a_foreign_id_is_answered_as_an_unknown_one_with_as_much_work(
    world: World, ours: Ours, monkeypatch: pytest.MonkeyPatch, place: Place
) -> None:
    monkeypatch.setattr(database, "Session", Faulty)
    before = world.state()

    foreign, unknown = (send(ours, place, value) for value in FOREIGN[place.name])

    assert foreign == unknown
    assert foreign[0] in (404, 207)
    assert world.state() == before


@pytest.mark.parametrize("place", NAMES, ids=str)
def test_a_name_that_another_company_has_used_is_a_new_one(world: World, ours: Ours, place: Place) -> None:
    used: Any = json.loads(place.route.sample["body"])
    for step in place.path or ():
        used = used[step]
    assert place.route.send().status in (200, 201, 207)

    status, body, _ = send(ours, place, used)

    assert status in (200, 201)
    assert '"conflict"' not in body and '"duplicate"' not in body
