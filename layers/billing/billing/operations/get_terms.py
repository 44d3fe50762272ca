"""The terms of a campaign at an instant, and all their changes, past and scheduled (design §10)."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from billing.contract.shapes import Shape
from billing.contract.types import CampaignRef, Instant
from billing.database.campaigns import load_campaign
from billing.database.session import load_json, transaction
from billing.database.terms import terms_in_force
from billing.instants import parse_instant
from billing.sql import queries
from billing.terms.changes import TermsInForce, camel_case

_SQL = queries("terms")


class RecordedChange(Shape):
    """One change; `effectiveFrom` null is from the beginning of time, and `id` the caller's own."""

    change_id: Annotated[str, Field(examples=["12"])]
    id: str | None
    effective_from: Instant | None
    terms: Annotated[dict[str, Any], Field(description="The terms that it names, and their new values.")]
    reason: str | None
    source: Literal["platform", "set_terms", "link"]
    recorded_by: str
    recorded_at: Instant


class CampaignTerms(Shape):
    """The terms in force at `at`, and the changes in the order in which they hold."""

    campaign_id: CampaignRef
    at: Instant
    terms: TermsInForce
    changes: list[RecordedChange]


def get_terms(company: str, campaign_id: str, at: datetime | None) -> CampaignTerms:
    """The terms at an instant, or now. Raises `NotFound` for a campaign that is not there or another company's."""
    instant = at or datetime.now(UTC)
    with transaction(company) as db:
        load_campaign(db, company, campaign_id)
        terms = terms_in_force(db, campaign_id, instant)
        changes = load_json(db.value(_SQL["changes"], campaign_id=campaign_id))
    return CampaignTerms(
        campaign_id=campaign_id,
        at=instant,
        terms=TermsInForce(**terms),
        changes=[_change(**change) for change in changes],
    )


def _change(
    id: int, change_id: str | None, effective_from: str, terms: dict[str, Any], created_at: str, **rest: Any
) -> RecordedChange:
    return RecordedChange(
        change_id=str(id),
        id=change_id,
        effective_from=None if effective_from == "-infinity" else parse_instant(effective_from),
        terms=camel_case(terms),
        recorded_at=parse_instant(created_at),
        **rest,
    )
