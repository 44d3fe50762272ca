"""Changes the terms of a campaign from an instant on, and says what that does to the money (design §10)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, NamedTuple

from pydantic import Field

from billing import pricing
from billing.contract.shapes import Request, Shape
from billing.contract.types import CampaignRef, Currency, DecimalString, EffectiveFrom, Instant, MonthText, Reason, Text
from billing.database.campaigns import load_campaign
from billing.database.consumption import load_consumption
from billing.database.session import Session, transaction
from billing.database.terms import Change, LockedCampaign, lock_campaign, record_change, terms_in_force
from billing.errors import Conflict, FieldError
from billing.periods import calendar_month, months_later
from billing.sql import queries
from billing.terms.changes import TermsChange, TermsInForce

MONTHS_MAX = 60
"""Months of which the difference in money is returned: the latest ones (design §10)."""

_SQL = queries("terms")


class NewTerms(Request):
    """The change; the same `id` again is the same change."""

    id: Text
    effective_from: Annotated[
        EffectiveFrom, Field(description="A whole UTC hour with an offset, or a date: midnight there. From 2000 to 2199.")
    ]
    terms: TermsChange
    reason: Reason
    retroactive: Annotated[bool, Field(description="Needed where the change reaches into months that are invoiced.")] = False


class MonthDifference(Shape):
    """What a calendar month was charged and is charged now, all its lines together; in the company's time zone."""

    month: MonthText
    currency: Currency | None
    before: DecimalString
    after: DecimalString
    difference: DecimalString
    invoiced: bool


class TermsSet(Shape):
    """The terms in force at `effectiveFrom` before the change and after it, and what it does to each month until now."""

    campaign_id: CampaignRef
    effective_from: Instant
    dry_run: bool
    before: TermsInForce
    after: TermsInForce
    months: list[MonthDifference]


class _DryRun(Exception):
    """Ends a transaction without a trace; carries what would have been returned."""

    def __init__(self, result: TermsSet) -> None:
        super().__init__()
        self.result = result


class _Charge(NamedTuple):
    currency: str | None
    amount: Decimal


def set_terms(company: str, campaign_id: str, new: NewTerms, recorded_by: str, *, dry_run: bool) -> TermsSet:
    """Change terms, once for each id; a dry run returns the same and changes nothing.

    Raises `NotFound`; `Invalid` where the terms or the instant break a rule; `Conflict` where the id names another change, or
    the change reaches into invoiced months without saying so.
    """
    try:
        with transaction(company) as db:
            campaign = lock_campaign(db, company, campaign_id)
            change = Change(
                campaign.effective(new.effective_from), new.terms.values(), "set_terms", recorded_by, new.reason, new.id
            )
            result = _change(db, company, campaign, change, retroactive=new.retroactive, dry_run=dry_run)
            if dry_run:
                raise _DryRun(result)
    except _DryRun as ended:
        return ended.result
    return result


def _change(
    db: Session, company: str, campaign: LockedCampaign, change: Change, *, retroactive: bool, dry_run: bool
) -> TermsSet:
    months = _months(campaign, change.effective_from)
    before, charged_before = terms_in_force(db, campaign.id, change.effective_from), _charges(db, company, campaign, months)
    recorded = record_change(db, campaign, change)
    closed = _closed_months(db, campaign, change.effective_from)
    if recorded and closed and not retroactive:
        names = ", ".join(f"{month:%Y-%m}" for month in closed)
        raise Conflict(
            f"The change reaches into months that are invoiced: {names}.",
            [FieldError("/retroactive", f"must be true for a change of {names}")],
        )
    after, charged_after = terms_in_force(db, campaign.id, change.effective_from), _charges(db, company, campaign, months)
    return TermsSet(
        campaign_id=campaign.id,
        effective_from=change.effective_from,
        dry_run=dry_run,
        before=TermsInForce(**before),
        after=TermsInForce(**after),
        months=[
            MonthDifference(
                month=f"{month:%Y-%m}",
                currency=now.currency,
                before=was.amount,
                after=now.amount,
                difference=now.amount - was.amount,
                invoiced=month in closed,
            )
            for month, was, now in zip(months, charged_before, charged_after, strict=True)
        ],
    )


def _months(campaign: LockedCampaign, effective_from: datetime) -> list[date]:
    """The first days of the calendar months from the change to now."""
    first, last = (instant.astimezone(campaign.zone).date().replace(day=1) for instant in (effective_from, campaign.now))
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [months_later(first, n) for n in range(max(0, count - MONTHS_MAX), count)]


def _charges(db: Session, company: str, locked: LockedCampaign, months: list[date]) -> list[_Charge]:
    campaign = load_campaign(db, company, locked.id)
    periods = [calendar_month(month, locked.zone) for month in months]
    used = load_consumption(db, [(campaign, period) for period in periods]) if periods else []
    statements = [pricing.statement(campaign, parts, earlier) for _, parts, earlier in used]
    return [_Charge(statement.currency, statement.total_amount) for statement in statements]


def _closed_months(db: Session, campaign: LockedCampaign, effective_from: datetime) -> list[date]:
    first = effective_from.astimezone(campaign.zone).date().replace(day=1)
    return db.values(_SQL["closed_months"], company_id=campaign.company_id, first=first)
