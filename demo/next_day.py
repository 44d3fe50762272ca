"""What the job that announces signals says of capacity and opportunities, at noon of the day after the month.

`GET …/opportunities` looks at today, which lies long after the month; here the same code looks at an instant at which its usage
is recent.
"""

from datetime import UTC, datetime, time

from billing.database.opportunities import load_opportunities
from billing.database.session import ALL_COMPANIES, transaction
from billing.database.signals import load_company
from billing.signals.opportunities import Opportunity
from demo.files import Month
from local.aws_events import scheduled_event
from local.runtime import invoke


def noon(month: Month) -> datetime:
    """The instant, in UTC."""
    return datetime.combine(month.end, time(12), UTC)


def announce(month: Month) -> None:
    """Put what the job announces then of each company into the outbox; once, however often it is done."""
    invoke("announce_signals", scheduled_event(noon(month)))


def opportunities(month: Month, company_id: str) -> list[Opportunity]:
    """What the rules find for a company then, the largest amount first."""
    with transaction(ALL_COMPANIES) as db:
        return load_opportunities(db, load_company(db, ALL_COMPANIES, company_id), noon(month))
