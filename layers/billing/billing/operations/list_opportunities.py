"""What a conversation with a company could be about, with the numbers that say so (design §15)."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from billing.contract.shapes import Shape
from billing.contract.types import CompanyRef, Currency, DecimalString, Instant
from billing.database.opportunities import load_opportunities
from billing.database.session import transaction
from billing.database.signals import load_company
from billing.money import round_money, show_quantity
from billing.signals.opportunities import Opportunity


class EvidenceShape(Shape):
    """A number, and where it comes from."""

    name: str
    value: DecimalString
    source: str


class OpportunityShape(Shape):
    """`subject` is the id of a campaign, a subscription or the company."""

    rule: Literal["U1", "U2", "U3", "U4", "U5", "U6", "U7", "U8", "U9"]
    subject: Annotated[str, Field(examples=["demo-fjord-clean-up"])]
    currency: Currency
    amount_at_stake: DecimalString
    since: Instant
    suggestion: str
    evidence: list[EvidenceShape]


class Opportunities(Shape):
    """The largest amount first; currencies are not converted."""

    company_id: CompanyRef
    at: Instant
    opportunities: list[OpportunityShape]


def list_opportunities(company: str, company_id: str) -> Opportunities:
    """All that the rules find now. Raises `NotFound` for another company."""
    now = datetime.now(UTC)
    with transaction(company) as db:
        found = load_opportunities(db, load_company(db, company, company_id), now)
    return Opportunities(company_id=company_id, at=now, opportunities=[_shown(each) for each in found])


def _shown(found: Opportunity) -> OpportunityShape:
    return OpportunityShape(
        rule=found.rule,
        subject=found.subject,
        currency=found.currency,
        amount_at_stake=round_money(found.amount, found.currency),
        since=found.since,
        suggestion=found.suggestion,
        evidence=[EvidenceShape(name=e.name, value=show_quantity(e.value), source=e.source) for e in found.evidence],
    )
