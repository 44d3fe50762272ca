"""Grants bought credits to a campaign, once for each id (design §8, §11)."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field

from billing.contract.shapes import Request, Shape
from billing.contract.types import (
    Amount,
    CampaignRef,
    DecimalString,
    GrantSource,
    Instant,
    InstantIn,
    Quantity,
    Text,
    check_text,
    number_or_string,
    parse_integer,
)
from billing.database.session import Session, transaction
from billing.errors import Conflict, FieldError, Invalid, NotFound
from billing.instants import EARLIEST, LATEST
from billing.money import show_price, show_quantity
from billing.sql import queries

PRIORITY_MAX = 1000
PRIORITY = 100
"""The priority of a grant whose top-up names none; a lower number burns first (design §11)."""

_SQL = queries("grants")


def check_expiry(value: datetime) -> datetime:
    """An instant between 2000 and 2199."""
    if not EARLIEST <= value < LATEST:
        raise ValueError("must lie between 2000-01-01 and 2199-12-31")
    return value


class TopUp(Request):
    """The credits that were bought, or given where `amount` is 0."""

    credits: Annotated[
        Quantity,
        Field(gt=0, description="Above 0 and below 10^12, with at most six decimals."),
        number_or_string(
            r"^(?!0+(\.0+)?$)[0-9]{1,12}(\.[0-9]{1,6})?$", exclusiveMinimum=0, exclusiveMaximum=10**12, multipleOf=0.000001
        ),
    ]
    id: Annotated[Text, Field(description="Names the top-up within the company; the same id again is the same top-up.")]
    note: (
        Annotated[str, Field(max_length=1000, json_schema_extra={"pattern": r"^[^\x00]*$"}), AfterValidator(check_text)] | None
    ) = None
    amount: Annotated[
        Amount | None, Field(description="What was paid for them; absent: the list price now. Needs billing/terms.write.")
    ] = None
    priority: Annotated[
        Annotated[int, Field(ge=0, le=PRIORITY_MAX), BeforeValidator(parse_integer)] | None,
        Field(description="The lower burns first; absent: 100. Needs billing/terms.write."),
    ] = None
    expires_at: Annotated[
        Annotated[InstantIn, AfterValidator(check_expiry)] | None,
        Field(description="Usage from then on cannot burn them. Needs billing/terms.write."),
    ] = None

    @property
    def sets_terms(self) -> bool:
        """Whether the caller needs the scope for terms."""
        return self.amount is not None or self.priority is not None or self.expires_at is not None


class Grant(Shape):
    """Credits that a campaign owns; `amount` was paid for all of them."""

    grant_id: Annotated[str, Field(examples=["12"])]
    id: str | None
    credits: DecimalString
    amount: DecimalString
    priority: int
    expires_at: Instant | None
    source: GrantSource
    note: str | None
    remaining: DecimalString
    recorded_by: str
    recorded_at: Instant


class Balance(Shape):
    """All that the campaign was granted, what is left of it, and the grant of this top-up."""

    campaign_id: CampaignRef
    credit_allocation: DecimalString
    credits_remaining: DecimalString
    grant: Grant


class _Balance(NamedTuple):
    currency: str | None
    credits_remaining: Decimal
    credit_allocation: Decimal


class _Price(NamedTuple):
    amount: Decimal | None
    credits: Decimal | None


class _Grant(NamedTuple):
    id: int
    grant_id: str | None
    campaign_id: str
    credits: Decimal
    amount: Decimal
    at_list_price: bool
    priority: int
    expires_at: datetime | None
    source: GrantSource
    note: str | None
    remaining: Decimal
    recorded_by: str
    created_at: datetime


def top_up_credits(company: str, campaign_id: str, top_up: TopUp, recorded_by: str) -> Balance:
    """Grant the credits; the same id again, with any note, returns the balance as it is.

    Raises `NotFound`; `Invalid` where credits of the campaign have no list price and no amount is given; `Conflict` where the
    id names a top-up of another campaign, or one that differs.
    """
    with transaction(company) as db:
        if db.one(_Balance, _SQL["balance"], campaign_id=campaign_id, company=company) is None:
            raise NotFound(f"There is no campaign {campaign_id}.")
        recorded = _grant(db, campaign_id, top_up, recorded_by)
        balance = db.one(_Balance, _SQL["balance"], campaign_id=campaign_id, company=company)
        grant = db.one(_Grant, _SQL["granted"], campaign_id=campaign_id, grant_id=top_up.id)
        assert balance is not None
        assert grant is not None
        if not recorded:
            _check_same(campaign_id, grant, top_up)
    return Balance(
        campaign_id=campaign_id,
        credit_allocation=show_quantity(balance.credit_allocation),
        credits_remaining=show_quantity(balance.credits_remaining),
        grant=_shown(grant, balance.currency or ""),
    )


def _grant(db: Session, campaign_id: str, top_up: TopUp, recorded_by: str) -> bool:
    """Whether the grant is new."""
    price = _price(db, campaign_id, top_up)
    if price.amount is None or price.credits is None:
        reason = "is required: the campaign's credits have no list price"
        raise Invalid("The top-up has no price; see errors.", [FieldError("/amount", reason)])
    rows = db.rows(
        _SQL["grant"],
        campaign_id=campaign_id,
        grant_id=top_up.id,
        credits=str(top_up.credits),
        amount=str(top_up.amount if top_up.amount is not None else top_up.credits * price.amount / price.credits),
        price_amount=str(price.amount),
        price_credits=str(price.credits),
        at_list_price=top_up.amount is None,
        priority=PRIORITY if top_up.priority is None else top_up.priority,
        expires_at=top_up.expires_at,
        source="promotion" if top_up.amount == 0 else "purchase",
        note=top_up.note,
        recorded_by=recorded_by,
    )
    return bool(rows)


def _price(db: Session, campaign_id: str, top_up: TopUp) -> _Price:
    """The price of one credit is exactly amount / credits: of what was paid, or the list price."""
    if top_up.amount is not None:
        return _Price(top_up.amount, top_up.credits)
    return db.one(_Price, _SQL["list_price"], campaign_id=campaign_id) or _Price(None, None)


def _check_same(campaign_id: str, grant: _Grant, top_up: TopUp) -> None:
    if grant.campaign_id != campaign_id:
        raise Conflict("The id names a top-up of another campaign.", [FieldError("/id", "names a top-up of another campaign")])
    given = {
        "credits": (grant.credits, top_up.credits),
        "amount": (None if grant.at_list_price and top_up.amount is None else grant.amount, top_up.amount),
        "priority": (grant.priority, PRIORITY if top_up.priority is None else top_up.priority),
        "expiresAt": (grant.expires_at, top_up.expires_at),
    }
    differing = [name for name, (there, here) in given.items() if there != here]
    if differing:
        reason = "differs from that of the top-up that has the id"
        raise Conflict(
            f"The id names a top-up with other {', '.join(differing)}.", [FieldError(f"/{name}", reason) for name in differing]
        )


def _shown(grant: _Grant, currency: str) -> Grant:
    return Grant(
        grant_id=str(grant.id),
        id=grant.grant_id,
        credits=show_quantity(grant.credits),
        amount=show_price(Fraction(grant.amount), currency),
        priority=grant.priority,
        expires_at=grant.expires_at,
        source=grant.source,
        note=grant.note,
        remaining=show_quantity(grant.remaining),
        recorded_by=grant.recorded_by,
        recorded_at=grant.created_at,
    )
