"""The numbers of documents: `PREFIX-YEAR-NNNNNN`, one series for invoices and credit notes (design §13)."""

from datetime import date, datetime
from zoneinfo import ZoneInfo


def day_of_issue(instant: datetime, zone: str) -> date:
    """The day in the seller's time zone, whose year is that of the number.

    >>> day_of_issue(datetime.fromisoformat("2025-12-31T23:30:00+00:00"), "Europe/Oslo").isoformat()
    '2026-01-01'
    """
    return instant.astimezone(ZoneInfo(zone)).date()


def number_text(prefix: str, year: int, sequence: int) -> str:
    """A number as it is printed, with six digits or more.

    >>> number_text("CB", 2025, 42), number_text("CB", 2025, 1_234_567)
    ('CB-2025-000042', 'CB-2025-1234567')
    """
    return f"{prefix}-{year}-{sequence:06}"
