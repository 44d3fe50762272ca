"""What holds for every route: another company's things are not there, whoever asks and however (design §8, who may)."""

from collections.abc import Iterator

import pytest

from tests.callers import ROUTES, WITH_AN_ID, Route
from tests.world import World

SECURED = """
    SELECT oid::regclass::text AS secured FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity
"""


@pytest.fixture
def without_row_level_security(world: World) -> Iterator[None]:
    """The first wall by itself: the queries' own filters."""
    tables = [row["secured"] for row in world.rows(SECURED)]
    world.connection.run("".join(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;" for table in tables))
    yield
    world.connection.run("".join(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;" for table in tables))


@pytest.mark.parametrize("route", WITH_AN_ID, ids=str)
def test_the_queries_themselves_find_nothing_of_another_company(
    world: World, without_row_level_security: None, route: Route
) -> None:
    world.sample()

    answer = route.send(company=world.company())

    assert answer.status == 404


@pytest.mark.parametrize("route", [route for route in ROUTES if not route.is_the_platforms], ids=str)
def test_the_queries_themselves_change_nothing_of_another_company(
    world: World, without_row_level_security: None, route: Route
) -> None:
    world.sample()
    caller = world.company()
    before = world.state()

    route.send(company=caller)

    assert world.state() == before
