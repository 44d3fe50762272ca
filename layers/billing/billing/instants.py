"""Instants as text: RFC 3339 with an offset, to the microsecond."""

import re
from datetime import UTC, datetime

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""No usage event lies before it (design §8)."""

LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Everything lies before it."""

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6}0*)?([Zz]|[+-]\d\d:[0-5]\d)", re.ASCII)


def parse_instant(text: object) -> datetime:
    """The instant in UTC. Raises `ValueError` for anything but RFC 3339 with an offset, or finer than a microsecond.

    >>> parse_instant("2025-02-01T00:30:00+01:00").isoformat()
    '2025-01-31T23:30:00+00:00'
    """
    if isinstance(text, str) and _RFC3339.fullmatch(text):
        try:
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise ValueError('must be an instant with an offset, such as "2025-01-31T23:00:00Z"')


def format_instant(instant: datetime) -> str:
    """RFC 3339 in UTC, with a fraction only where there is one.

    >>> format_instant(parse_instant("2025-02-01T00:30:00.5+01:00"))
    '2025-01-31T23:30:00.500000Z'
    """
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
