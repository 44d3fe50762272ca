"""The companies, for the platform (design §8), page by page."""

import base64
from typing import Annotated, NamedTuple

from pydantic import Field

from billing.contract.shapes import Shape
from billing.contract.types import CompanyRef, is_storable
from billing.database.session import transaction
from billing.errors import FieldError, Invalid
from billing.sql import queries

PAGE = 100
"""Companies on a page where the caller gives no limit."""

PAGE_MAX = 1000
_SQL = queries("signals")


class Company(Shape):
    """A customer; `timeZone` is an IANA name."""

    company_id: CompanyRef
    name: Annotated[str, Field(examples=["Fjellbris Energi"])]
    time_zone: Annotated[str, Field(examples=["Europe/Oslo"])]


class Companies(Shape):
    """A page in the order of the ids; `nextCursor` is null on the last one."""

    companies: list[Company]
    next_cursor: str | None


class _Row(NamedTuple):
    id: str
    name: str
    time_zone: str

    def shown(self) -> Company:
        return Company(company_id=self.id, name=self.name, time_zone=self.time_zone)


def list_companies(company: str, limit: int, cursor: str | None) -> Companies:
    """A page. Raises `Invalid` for a cursor that no page gave."""
    after = "" if cursor is None else _read_cursor(cursor)
    with transaction(company) as db:
        rows = db.all(_Row, _SQL["companies"], after=after, size=limit + 1)
    page = rows[:limit]
    return Companies(
        companies=[row.shown() for row in page],
        next_cursor=_write_cursor(page[-1].id) if len(rows) > limit else None,
    )


def _write_cursor(last_id: str) -> str:
    return base64.urlsafe_b64encode(last_id.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> str:
    try:
        last_id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        last_id = ""
    if not last_id or not is_storable(last_id) or _write_cursor(last_id) != cursor:
        raise Invalid("The cursor cannot be used; see errors.", [FieldError("/cursor", "is not a cursor of this list")])
    return last_id
