"""Puts changes of terms on record, and translates what the database refuses of them (design §10)."""

import re
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from pg8000.native import DatabaseError
from pydantic.alias_generators import to_camel

from billing.database.session import Session, load_json, server_message, violated_constraint
from billing.errors import BillingError, Conflict, FieldError, Invalid, NotFound
from billing.sql import queries
from billing.terms.changes import DATES, parse_effective
from billing.usage.event import canonical_json

_SQL = queries("terms")
_COLUMN = re.compile(r"[a-z]+(?:_[a-z0-9]+)+")


class LockedCampaign(NamedTuple):
    """A campaign whose terms nobody else changes until the transaction ends; `now` is the database's clock."""

    id: str
    company_id: str
    is_active: bool
    time_zone: str
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        """The company's time zone."""
        return ZoneInfo(self.time_zone)

    def effective(self, text: str | None) -> datetime:
        """The instant that a request names, or the current hour. Raises `Invalid` where terms cannot change at it."""
        if text is None:
            return self.now.replace(minute=0, second=0, microsecond=0)
        try:
            return parse_effective(text, self.zone)
        except ValueError as error:
            raise Invalid("The change cannot hold from then; see errors.", [FieldError("/effectiveFrom", str(error))]) from None


class Change(NamedTuple):
    """A change of terms: the columns that change and their new values."""

    effective_from: datetime
    terms: dict[str, Any]
    source: str
    recorded_by: str
    reason: str | None = None
    change_id: str | None = None


class _NamedChange(NamedTuple):
    id: int
    differing: list[str]


def lock_campaign(db: Session, company: str, campaign_id: str) -> LockedCampaign:
    """The campaign, locked. Raises `NotFound`, also for another company's."""
    campaign = db.one(LockedCampaign, _SQL["lock_campaign"], campaign_id=campaign_id, company=company)
    if campaign is None:
        raise NotFound(f"There is no campaign {campaign_id}.")
    return campaign


def record_change(db: Session, campaign: LockedCampaign, change: Change) -> bool:
    """Put a change on record, and in force where its instant has come. False where the caller's id names the same change
    already.

    Raises `Conflict` where the id names another change, the shares would pass the limit, or the campaign would be charged in
    two currencies; `Invalid` where the terms would be incomplete or impossible at any later instant.
    """
    where = {
        "company_id": campaign.company_id,
        "campaign_id": campaign.id,
        "effective_from": change.effective_from,
        "terms": canonical_json({name: value for name, value in change.terms.items() if name not in DATES}),
        "dates": canonical_json({name: value for name, value in change.terms.items() if name in DATES}),
        "reason": change.reason,
        "change_id": change.change_id,
    }
    try:
        recorded = db.rows(_SQL["record_change"], source=change.source, recorded_by=change.recorded_by, **where)
    except DatabaseError as error:
        raise _refusal(error) from error
    if recorded:
        return True
    named = db.one(_NamedChange, _SQL["named_change"], **where)
    if named is not None and named.differing:
        reason = f"names a change with another {', '.join(named.differing)}"
        raise Conflict("The id names another change.", [FieldError("/id", reason)])
    return False


def _refusal(error: DatabaseError) -> BillingError:
    words = server_message(error)
    sentence = f"{words[:1].upper()}{words[1:]}."
    match violated_constraint(error):
        case "shares_of_a_subscription":
            return Conflict(sentence, [FieldError("/terms", words)])
        case "one_currency_of_a_campaign":
            return Conflict(sentence)
        case "terms_in_force":
            columns = _COLUMN.findall(words.rpartition(":")[2])
            pointers = [f"/terms/{to_camel(column)}" for column in columns] or ["/terms"]
            return Invalid(sentence, [FieldError(pointer, words.rpartition(": ")[2]) for pointer in pointers])
    return Invalid(
        "The terms cannot be charged by; see errors.", [FieldError("/terms", "breaks a rule of the campaign's terms")]
    )


def terms_in_force(db: Session, campaign_id: str, instant: datetime) -> dict[str, Any]:
    """The terms in force at an instant, with the campaign's dates, by their columns."""
    terms: dict[str, Any] = load_json(db.value(_SQL["in_force"], campaign_id=campaign_id, instant=instant))
    return terms
