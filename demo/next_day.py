"""What the seat job says of capacity and opportunities, at noon of the day after the month.

The job and `GET …/opportunities` look at today, which lies long after the month; here the same code looks at an instant at
which its usage is recent.
"""

from datetime import UTC, datetime, time

from billing.database.opportunities import load_opportunities
from billing.database.session import ALL_COMPANIES, transaction
from billing.database.signals import Company, load_company
from billing.signals.opportunities import Opportunity
from demo.files import Month


def noon(month: Month) -> datetime:
    """The instant, in UTC."""
    return datetime.combine(month.end, time(12), UTC)


def announce(month: Month) -> None:
    """Put what the job would announce then of each company into the outbox; once, however often it is done."""
    from billing.jobs.signals import announce_company  # its logger writes to what is standard output when it is imported

    for row in month.portfolio["companies"]:
        announce_company(Company(row["id"], row["name"], row["time_zone"]), noon(month))


def opportunities(month: Month, company_id: str) -> list[Opportunity]:
    """What the rules find for a company then, the largest amount first."""
    with transaction(ALL_COMPANIES) as db:
        return load_opportunities(db, load_company(db, ALL_COMPANIES, company_id), noon(month))
