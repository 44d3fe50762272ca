"""The hourly job that announces what is derived from usage (design §15, §16).

Each hour, capacity that crosses a line; once for each day that is over in a company's time zone, opportunities that open and
close, and that its pricing signals are there.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from billing.contract.types import plain_number
from billing.database.campaigns import Span, load_campaigns
from billing.database.consumption import load_consumption
from billing.database.opportunities import load_opportunities
from billing.database.session import ALL_COMPANIES, JOBS, Session, transaction
from billing.database.signals import Company, Position, load_positions
from billing.errors import BillingError, DatabaseUnavailable
from billing.jobs.outbox import Announced, write
from billing.jobs.run import TimeLeft, job_run
from billing.money import round_money
from billing.periods import DAY, month_so_far
from billing.signals.capacity import Capacity
from billing.signals.crossings import cross, still_crossed
from billing.signals.shown import show_optional, show_ratio
from billing.sql import queries

JOB_NAME = "announce_signals"
CHUNK = 1_000
"""Campaigns that are held in memory at a time."""

_SQL = queries("signals")
_RUNS = queries("runs")


class _Crossed(NamedTuple):
    campaign_id: str
    line: str


class _Open(NamedTuple):
    subject: str
    rule: str


def announce_signals(hour: datetime, time_left: TimeLeft) -> dict[str, Any]:
    """Look at each company as it was at the hour, in a transaction of its own, and put what it announces into the outbox;
    returns the run's result.

    A late delivery of an hour before the last that was looked at announces nothing: the lines are as that one left them. A
    company that cannot be looked at is reported and keeps no other back. Raises `JobFailed` where there is one,
    `DatabaseUnavailable` where the database cannot be reached.
    """
    with job_run(JOB_NAME, hour, time_left) as run:
        for company in _companies(hour):
            run.check_time()
            try:
                with transaction(ALL_COMPANIES, JOBS) as db:
                    db.rows(_SQL["lock_company"], company_id=company.id)
                    write(db, [*_crossings(db, company, hour), *_day(db, company, hour)])
            except DatabaseUnavailable:
                raise
            except BillingError as error:
                run.errors.append({"companyId": company.id, "error": error.detail})
        with transaction(ALL_COMPANIES, JOBS) as db:
            db.rows(_RUNS["completed"], job_name=JOB_NAME, hour=hour)
    return run.result()


def _companies(hour: datetime) -> list[Company]:
    """Those to look at: all that have campaigns, or none where a later hour was looked at."""
    with transaction(ALL_COMPANIES, JOBS) as db:
        last: datetime | None = next(iter(db.values(_RUNS["progress"], job_name=JOB_NAME)), None)
        return [] if last is not None and hour < last else db.all(Company, _SQL["all_companies"])


def _crossings(db: Session, company: Company, now: datetime) -> list[Announced]:
    """The lines that were crossed since the hour before, which are kept until the load is 5 points below."""
    ids: list[str] = db.values(_SQL["campaign_ids"], company_id=company.id)
    so_far = month_so_far(now, company.zone)
    known: dict[str, set[str]] = {campaign_id: set() for campaign_id in ids}
    for row in db.all(_Crossed, _SQL["crossed"], company_id=company.id):
        known[row.campaign_id].add(row.line)
    armed, crossed = list[tuple[str, str]](), list[tuple[str, str]]()
    events = []
    for first in range(0, len(ids), CHUNK):
        campaigns = load_campaigns(db, company.id, ids[first : first + CHUNK], Span(so_far.start, so_far.end))
        positions = load_positions(db, load_consumption(db, [(each, so_far) for each in campaigns]), so_far, now)
        for campaign, position in zip(campaigns, positions, strict=True):
            kept = still_crossed(position.capacity.load, known[campaign.id])
            armed += [(campaign.id, line) for line in sorted(known[campaign.id] - kept)]
            for line in cross(position.capacity.load, kept):
                crossed.append((campaign.id, line))
                events.append(Announced(company.id, f"capacity.{line}", campaign.id, _capacity_data(campaign.id, position)))
    _keep(db, company.id, armed, crossed)
    return events


def _keep(db: Session, company_id: str, armed: Sequence[tuple[str, str]], crossed: Sequence[tuple[str, str]]) -> None:
    if armed:
        db.rows(_SQL["arm"], campaign_ids=[each for each, _ in armed], lines=[line for _, line in armed])
    if crossed:
        names = {"campaign_ids": [each for each, _ in crossed], "lines": [line for _, line in crossed]}
        db.rows(_SQL["keep_crossed"], company_id=company_id, **names)


def _capacity_data(campaign_id: str, position: Position) -> dict[str, str | None]:
    capacity: Capacity = position.capacity
    numbers = {"committed": show_optional(capacity.committed), "used": show_optional(capacity.used)}
    shown = numbers | {"load": show_ratio(capacity.load)}
    return {"campaignId": campaign_id, "unit": capacity.unit} | {
        name: None if value is None else plain_number(value) for name, value in shown.items()
    }


def _day(db: Session, company: Company, now: datetime) -> list[Announced]:
    """What is announced once for the last day that is over there."""
    day = now.astimezone(company.zone).date() - DAY
    if db.value(_SQL["published_day"], company_id=company.id, day=day.isoformat()):
        return []
    return [
        *_opportunities(db, company, now),
        Announced(company.id, "pricing_signals.published", company.id, _signals(company, day)),
    ]


def _signals(company: Company, day: date) -> dict[str, str]:
    """Where the signals of the month to that day are; the figures themselves may be large."""
    start, end = day.replace(day=1).isoformat(), (day + DAY).isoformat()
    href = f"/v1/companies/{company.id}/pricing-signals?start={start}&end={end}"
    return {"companyId": company.id, "day": day.isoformat(), "start": start, "end": end, "href": href}


def _opportunities(db: Session, company: Company, now: datetime) -> list[Announced]:
    """Those that are new since they were looked at last, and those that are gone."""
    found = {(each.subject, each.rule): each for each in load_opportunities(db, company, now)}
    known = set(db.all(_Open, _SQL["open_opportunities"], company_id=company.id))
    closed = [
        Announced(company.id, "opportunity.closed", subject, {"rule": rule, "subject": subject})
        for subject, rule in sorted(known - found.keys())
    ]
    opened = [
        Announced(
            company.id,
            "opportunity.opened",
            subject,
            {
                "rule": rule,
                "subject": subject,
                "currency": each.currency,
                "amountAtStake": f"{round_money(each.amount, each.currency):f}",
                "suggestion": each.suggestion,
            },
        )
        for (subject, rule), each in found.items()
        if (subject, rule) not in known
    ]
    return [*closed, *opened]
