"""Loads campaigns, with the histories of their terms, into the shape that the rules take."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError

from billing.database.session import Session, load_json
from billing.errors import Conflict, NotFound, field_error
from billing.money import quotient
from billing.periods import Period
from billing.sql import queries
from billing.terms.campaign import BEGINNING, END, Campaign, SubscriptionVersion, Version
from billing.terms.models import BundleTerms, CreditTerms, SeatTerms

_SQL = queries("campaigns")


class _Row(NamedTuple):
    id: str
    company_id: str
    name: str
    currency: str | None
    start_date: str | None
    end_date: str | None
    time_zone: str
    l2i_subscription_id: str | None
    bundle_allocation_percentage: Decimal | None
    versions: str
    subscriptions: str | None
    price_amount: Decimal | int | None
    price_credits: Decimal | int | None


class Span(NamedTuple):
    """The instants between which terms are loaded; wider than the period that is meant does no harm."""

    since: datetime = BEGINNING
    until: datetime = END


ALWAYS = Span()


def load_campaign(db: Session, company: str, campaign_id: str, span: Span = ALWAYS) -> Campaign:
    """One campaign. Raises `NotFound`, also for another company's, and `Conflict` as `load_campaigns` does."""
    campaigns = load_campaigns(db, company, [campaign_id], span)
    if not campaigns:
        raise NotFound(f"There is no campaign {campaign_id}.")
    return campaigns[0]


def load_company_campaigns(db: Session, company_id: str, span: Span) -> list[Campaign]:
    """All campaigns of a company, as `load_campaigns` returns them."""
    return load_campaigns(db, company_id, db.value(_SQL["of_company"], company_id=company_id), span)


def load_campaigns(db: Session, company: str, campaign_ids: Sequence[str], span: Span = ALWAYS) -> list[Campaign]:
    """The campaigns that the caller may see, in the order of their ids. Raises `Conflict` where another service wrote terms
    that nothing can be charged by."""
    where = {"campaign_ids": list(campaign_ids), "company": company, "since": span.since, "until": span.until}
    return [_campaign(row) for row in db.table(_Row, _SQL["campaigns"], **where)]


def _campaign(row: _Row) -> Campaign:
    try:
        return Campaign(
            id=row.id,
            company_id=row.company_id,
            name=row.name,
            zone=ZoneInfo(row.time_zone),
            currency=row.currency,
            start_date=_day(row.start_date),
            end_date=_day(row.end_date),
            versions=_versions(row.versions),
            subscriptions=_subscriptions(row.subscriptions) if row.subscriptions else {},
            first_grant_price=quotient(row.price_amount, row.price_credits)
            if row.price_amount is not None and row.price_credits
            else None,
            linked_to=row.l2i_subscription_id,
            share=row.bundle_allocation_percentage,
        )
    except ValidationError as error:
        fields = "; ".join(f"{item.pointer} {item.detail}" for item in map(field_error, error.errors(include_input=False)))
        raise Conflict(f"The terms of campaign {row.id} cannot be used: {fields}.") from None
    except ZoneInfoNotFoundError:
        raise Conflict(f"The time zone {row.time_zone} is not known.") from None


@lru_cache(maxsize=1024)
def _versions(text: str) -> tuple[Version, ...]:
    return tuple(version(*item) for item in load_json(text))


def version(starts_at: str, ends_at: str, terms: dict[str, Any]) -> Version:
    """The terms that a fold of changes comes to, as those of the model in force."""
    return Version(
        starts_at=_instant(starts_at),
        ends_at=_instant(ends_at),
        pricing_model=terms["pricing_model"],
        status=terms["status"],
        is_active=terms["is_active"],
        terms=model_terms(terms),
    )


def model_terms(terms: dict[str, Any]) -> Any:
    """The terms of the model that is in force. Raises pydantic's `ValidationError` for JSON terms of another form."""
    model = terms["pricing_model"]
    if model == "seats":
        return SeatTerms(Decimal(terms["seat_price_per_month"]), Decimal(terms["committed_seats"] or 0))
    if model == "credits":
        return CreditTerms(None if terms["credit_price"] is None else Decimal(terms["credit_price"]))
    if model == "bundle":
        share = terms["bundle_allocation_percentage"]
        return BundleTerms(terms["l2i_subscription_id"], None if share is None else Decimal(share))
    from billing.terms.json_terms import CustomTerms, IaasTerms  # shapes that take time to build

    if model == "iaas":
        return IaasTerms.model_validate(terms["iaas_metrics"])
    return CustomTerms.model_validate(terms["custom_pricing_terms"])


@lru_cache(maxsize=1024)
def _subscriptions(text: str) -> Mapping[str, Sequence[SubscriptionVersion]]:
    subscriptions: dict[str, list[SubscriptionVersion]] = {}
    for subscription_id, starts_at, ends_at, terms in load_json(text):
        subscriptions.setdefault(subscription_id, []).append(
            SubscriptionVersion(
                starts_at=_instant(starts_at),
                ends_at=_instant(ends_at),
                quantity=terms["quantity"],
                annual_price=Fraction(Decimal(terms["annual_price"])),
                currency=terms["currency"],
                period=Period(_instant(terms["period_start"]), _instant(terms["period_end"])),
            )
        )
    return subscriptions


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _instant(text: str) -> datetime:
    return {"-infinity": BEGINNING, "infinity": END}.get(text) or datetime.fromisoformat(text)
