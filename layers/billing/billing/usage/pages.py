"""A walk through the records of a period, page by page: each is seen exactly once, also while others arrive (design §8).

A walk is a sequence of passes. A pass takes a snapshot when it begins, and gives the records that its snapshot sees and the
one of the pass before did not; what a snapshot sees never changes, so neither do the pages. The walk ends
when a pass has left no record of the period unseen.

A cursor is a walk between two pages, in the spelling of its company and period; any other text is refused:

>>> from datetime import UTC, datetime
>>> january = Period(datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC))
>>> cursor = write_cursor(Walk(), "c1", january)
>>> read_cursor(cursor, "c1", january) == Walk()
True
>>> read_cursor(cursor, "c2", january)
Traceback (most recent call last):
billing.usage.pages.InvalidCursor: The cursor cannot be used; see errors.
"""

import base64
from hashlib import blake2b
from typing import Annotated

from pydantic import BeforeValidator, Field

from billing.contract.shapes import Shape
from billing.contract.types import Instant
from billing.errors import FieldError, Invalid
from billing.instants import parse_instant
from billing.periods import Period

DIGEST_BYTES = 8

_Instant = Annotated[Instant, BeforeValidator(parse_instant)]
# Far from the ends of Postgres's bigint, so that no arithmetic there can pass them.
_Number = Annotated[int, Field(ge=0, lt=2**62, strict=True)]


class InvalidCursor(Invalid):
    """A text that no page of this company and period gave as its cursor."""

    def __init__(self) -> None:
        error = FieldError("/cursor", "is not a cursor of this company and period")
        super().__init__("The cursor cannot be used; see errors.", [error])


class Snapshot(Shape):
    """What was committed at an instant, in the terms of sql/records.sql."""

    settled: _Instant
    xmax: _Number
    in_flight: list[_Number]


class Walk(Shape):
    """A walk between two pages: what the pass before saw, what this one sees (null until its first page), and the place of
    the last record given, an instant and an id (null before the first page)."""

    seen: Snapshot | None = None
    snapshot: Snapshot | None = None
    after: tuple[_Instant, _Number] | None = None


def write_cursor(walk: Walk, company_id: str, period: Period) -> str:
    """The cursor, safe in a URL."""
    state = walk.model_dump_json()
    bound = "\0".join((company_id, period.start.isoformat(), period.end.isoformat(), state))
    digest = blake2b(bound.encode(), digest_size=DIGEST_BYTES).digest()
    return base64.urlsafe_b64encode(digest + state.encode()).decode().rstrip("=")


def read_cursor(cursor: str, company_id: str, period: Period) -> Walk:
    """The walk of a cursor. Raises `InvalidCursor`."""
    try:
        walk = Walk.model_validate_json(base64.urlsafe_b64decode(cursor + "==")[DIGEST_BYTES:])
    except ValueError:
        walk = None
    # Written again it must be the same text: whatever was changed, in the digest, the state or the spelling, shows.
    if walk is None or write_cursor(walk, company_id, period) != cursor:
        raise InvalidCursor
    return walk
