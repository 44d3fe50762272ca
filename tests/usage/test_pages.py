"""A cursor: a walk between two pages, bound to its company and period."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.periods import Period
from billing.usage.pages import InvalidCursor, Snapshot, Walk, read_cursor, write_cursor

JANUARY = Period(datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC))
FEBRUARY = Period(datetime(2025, 2, 1, tzinfo=UTC), datetime(2025, 3, 1, tzinfo=UTC))
SNAPSHOT = Snapshot(settled="2025-03-01T12:00:00.000001+00:00", xmax=2**33 + 5, in_flight=[3, 1])
WALKS = [Walk(), Walk(snapshot=SNAPSHOT, after=("2025-01-02T00:00:00Z", 7)), Walk(seen=SNAPSHOT)]


@pytest.mark.parametrize("walk", WALKS, ids=["begins", "within a pass", "between passes"])
def test_a_cursor_is_the_walk_and_safe_in_a_url(walk: Walk) -> None:
    cursor = write_cursor(walk, "c1", JANUARY)

    assert read_cursor(cursor, "c1", JANUARY) == walk
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize(("company", "period"), [("c2", JANUARY), ("c1", FEBRUARY)])
def test_a_cursor_of_another_company_or_period_is_refused(company: str, period: Period) -> None:
    cursor = write_cursor(WALKS[1], "c1", JANUARY)

    with pytest.raises(InvalidCursor):
        read_cursor(cursor, company, period)


@given(st.sampled_from(WALKS), st.data())
def test_a_cursor_that_was_changed_anywhere_is_refused(walk: Walk, data: Any) -> None:
    cursor = write_cursor(walk, "c1", JANUARY)
    first = data.draw(st.integers(0, len(cursor)))
    last = data.draw(st.integers(first, len(cursor)))
    changed = cursor[:first] + data.draw(st.text(max_size=5)) + cursor[last:]

    if changed != cursor:
        with pytest.raises(InvalidCursor):
            read_cursor(changed, "c1", JANUARY)
