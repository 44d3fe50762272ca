"""Pages of records while records arrive: whatever is committed before the last page is on one of them, once (design §8)."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pg8000.native import Connection

from local.databases import connect
from tests.callers import page, use, walk
from tests.world import World

BEFORE, FIRST, MIDDLE = "2024-12-31T23:59:59.999999Z", "2025-01-01T00:00:00Z", "2025-01-15T00:00:00Z"
LAST, AFTER = "2025-01-31T23:59:59.999999Z", "2025-02-01T00:00:00Z"
_numbers = count(1)


def insert(connection: Connection, company: str, campaign: str, instant: str) -> None:
    """A record in whatever transaction the connection has open."""
    connection.run(
        "INSERT INTO billing_usage_records (company_id, campaign_id, event_type, quantity, deduplication_key, event_timestamp)"
        " VALUES (:company, :campaign, 'learner_served', 1, :key, :instant)",
        company=company,
        campaign=campaign,
        key=f"arrival-{next(_numbers)}",
        instant=instant,
    )


def committed(world: World, company: str) -> list[str]:
    """The ids of the records of January."""
    sql = "SELECT id FROM billing_usage_records WHERE company_id = :company AND event_timestamp BETWEEN :first AND :last"
    return sorted(str(row["id"]) for row in world.rows(sql, company=company, first=FIRST, last=LAST))


class Walker:
    """A client that follows the cursor, one page at a time."""

    def __init__(self, company: str, limit: int) -> None:
        self.company, self.limit = company, limit
        self.seen: list[str] = []
        self.cursor: str | None = None
        self.pages = 0

    def step(self) -> bool:
        """Fetch a page; whether there is another."""
        body = page(self.company, limit=str(self.limit), **({"cursor": self.cursor} if self.cursor else {})).body
        self.seen += [event["usageRecordId"] for campaign in body["campaigns"] for event in campaign["events"]]
        self.cursor = body["nextCursor"]
        self.pages += 1
        return self.cursor is not None

    def finish(self) -> list[str]:
        while self.step():
            assert self.pages < 200
        return sorted(self.seen)


@pytest.fixture
def writers(world: World, database_url: str) -> Iterator[list[Connection]]:
    """Three connections, each in a transaction."""
    opened = [connect(database_url) for _ in range(3)]
    for writer in opened:
        writer.run("BEGIN")
    yield opened
    for writer in opened:
        writer.close()


@pytest.mark.parametrize("instant", [FIRST, MIDDLE, LAST])
def test_a_record_that_arrives_before_at_or_after_the_cursor_is_seen_once(world: World, instant: str) -> None:
    company = world.company()
    campaign = world.campaign(company)
    use(campaign, *(f"2025-01-15T00:00:00.{n:06d}Z" for n in range(6)))
    walker = Walker(company, 3)
    walker.step()

    use(campaign, instant.replace("Z", "000Z") if "." in instant else instant.replace("Z", ".5Z"))

    assert walker.finish() == committed(world, company)


@pytest.mark.parametrize("limit", ["2", "3", "7", "1000"])
def test_a_walk_ends_though_a_record_arrives_at_every_page(world: World, limit: str) -> None:
    company = world.company()
    campaign = world.campaign(company)
    use(campaign, *(f"2025-01-{day:02d}T00:00:00Z" for day in range(2, 12)))
    arrivals = iter(f"2025-01-01T00:00:{second:02d}Z" for second in range(60))

    seen = walk(company, between=lambda: use(campaign, next(arrivals)), limit=limit)

    assert len(seen) == len(set(seen))
    assert set(committed(world, company)) - set(seen) == {str(world.ledger()[-1]["id"])}  # came after the last page


@pytest.mark.parametrize(("records", "limit", "pages"), [(0, 3, 1), (5, 3, 2), (6, 3, 2), (7, 3, 3), (3, 1, 3)])
def test_there_are_no_more_pages_than_the_records_fill(world: World, records: int, limit: int, pages: int) -> None:
    company = world.company()
    use(world.campaign(company), *(f"2025-01-02T00:00:{second:02d}Z" for second in range(records)), AFTER)
    walker = Walker(company, limit)

    walker.finish()

    assert (len(walker.seen), walker.pages) == (records, pages)


@pytest.mark.parametrize("instant", [FIRST, LAST])
def test_a_transaction_under_way_when_the_walk_begins_and_committed_in_it_is_seen_once(
    world: World, writers: list[Connection], instant: str
) -> None:
    company = world.company()
    campaign = world.campaign(company)
    insert(writers[0], company, campaign, instant)
    use(campaign, *[f"2025-01-15T00:00:0{n}Z" for n in range(6)])
    walker = Walker(company, 3)
    walker.step()

    writers[0].run("COMMIT")

    assert walker.finish() == committed(world, company)
    assert len(walker.seen) == 7


@pytest.mark.parametrize("end", ["ROLLBACK", "SELECT 'goes on'"])
def test_a_transaction_that_is_not_committed_neither_shows_nor_delays(
    world: World, writers: list[Connection], end: str
) -> None:
    company = world.company()
    campaign = world.campaign(company)
    use(campaign, *[f"2025-01-15T00:00:0{n}Z" for n in range(6)])
    insert(writers[0], company, campaign, FIRST)
    walker = Walker(company, 3)
    walker.step()

    writers[0].run(end)
    walker.finish()

    assert (len(walker.seen), walker.pages) == (6, 2)


def test_what_arrives_for_others_or_outside_the_period_does_not_prolong_the_walk(world: World) -> None:
    company = world.company()
    campaign, others = world.campaign(company), world.campaign(world.company())
    use(campaign, *[f"2025-01-15T00:00:0{n}Z" for n in range(6)])
    walker = Walker(company, 3)
    walker.step()

    use(campaign, BEFORE, AFTER)
    use(others, MIDDLE)

    assert (len(walker.finish()), walker.pages) == (6, 2)


def test_a_later_pass_shows_nothing_from_outside_the_period(world: World) -> None:
    company = world.company()
    campaign = world.campaign(company)
    use(campaign, *[f"2025-01-15T00:00:0{n}Z" for n in range(6)])
    walker = Walker(company, 3)
    walker.step()

    use(campaign, BEFORE, LAST, AFTER)

    assert walker.finish() == committed(world, company)
    assert len(walker.seen) == 7


ACTIONS = st.one_of(
    st.just(("page",)),
    st.tuples(st.just("insert"), st.integers(0, 2), st.booleans(), st.sampled_from([BEFORE, FIRST, MIDDLE, LAST, AFTER])),
    st.tuples(st.sampled_from(["COMMIT", "COMMIT", "ROLLBACK"]), st.integers(0, 2)),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limit=st.integers(1, 4), before=st.integers(3, 9), actions=st.lists(ACTIONS, min_size=10, max_size=40))
def test_any_interleaving_sees_each_record_committed_before_the_last_page_once(
    world: World, writers: list[Connection], limit: int, before: int, actions: list[tuple[object, ...]]
) -> None:
    company, other = world.company(), world.company()
    ours, theirs = world.campaign(company), world.campaign(other)
    for _ in range(before):
        insert(world.connection, company, ours, MIDDLE)
    for writer in writers:
        writer.run("ROLLBACK; BEGIN")
    walker = Walker(company, limit)

    for action in actions:
        match action:
            case ("page",):
                if not walker.step():
                    break
            case ("insert", int(n), own, str(instant)):
                insert(writers[n], *((company, ours) if own else (other, theirs)), instant)
            case (str(end), int(n)):
                writers[n].run(f"{end}; BEGIN")
    else:
        walker.finish()

    assert sorted(walker.seen) == committed(world, company)


def test_what_began_before_the_oldest_transaction_that_runs_is_over(world: World, writers: list[Connection]) -> None:
    world.connection.run("SELECT pg_sleep(5.5)")

    settled = writers[0].run("SELECT settled(), now() - interval '5 seconds'") or []
    for writer in writers:
        writer.run("COMMIT")
    later = world.value("SELECT settled()")

    assert settled[0][0] <= settled[0][1]
    assert later > settled[0][1] + timedelta(seconds=5)


@pytest.mark.parametrize(
    ("begun_ago", "numbers_before", "seen"),
    [("1 hour", -5, True), ("1 minute", 5, True), ("1 minute", 2, False), ("1 minute", 0, False), ("1 minute", -5, False)],
    ids=["long over", "over", "in flight", "the next to begin", "begun later"],
)
@pytest.mark.parametrize("epoch", [0, 2**32], ids=["same epoch", "xmin has lost an epoch"])
def test_a_snapshot_sees_what_was_over(world: World, begun_ago: str, numbers_before: int, seen: bool, epoch: int) -> None:
    sql = """
        SELECT was_committed((xmax - :before::bigint)::text::xid, now() - :ago::interval,
            now() - interval '15 minutes', xmax + :epoch::bigint, ARRAY[2, 9])
        FROM CAST((pg_snapshot_xmax(pg_current_snapshot()))::text AS bigint) xmax
    """

    assert world.value(sql, before=numbers_before, ago=begun_ago, epoch=epoch) is seen
