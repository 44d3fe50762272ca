"""Puts an amount on a company's next document, by hand (design §13)."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from http import HTTPStatus
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BeforeValidator

from billing.contract.shapes import Request, Shape
from billing.contract.types import (
    CampaignRef,
    CompanyRef,
    Currency,
    CurrencyIn,
    DecimalString,
    Instant,
    Reason,
    Text,
    number_or_string,
    parse_decimal,
)
from billing.database.session import Session, transaction
from billing.errors import Conflict, FieldError, Invalid, NotFound
from billing.money import round_money
from billing.sql import queries

_SQL = queries("invoices")


def check_signed_amount(value: Decimal) -> Decimal:
    """An amount of either sign that is not zero, below 10^15."""
    if not value or abs(value) >= 10**15:
        raise ValueError("must not be 0, and lie between -10^15 and 10^15")
    return value


class NewAdjustment(Request):
    """An amount of either sign, in whole minor units of the currency; the same `id` again is the same adjustment."""

    id: Text
    currency: CurrencyIn
    amount: Annotated[
        Decimal,
        BeforeValidator(parse_decimal),
        AfterValidator(check_signed_amount),
        number_or_string(
            r"^-?(?!0+(\.0+)?$)[0-9]{1,15}(\.[0-9]{1,4})?$",
            exclusiveMinimum=-(10**15),
            exclusiveMaximum=10**15,
            **{"not": {"const": 0}},
        ),
    ]
    campaign_id: Text | None = None
    description: Reason
    reason: Reason


class Adjustment(Shape):
    """An adjustment, as it is recorded."""

    company_id: CompanyRef
    id: str
    campaign_id: CampaignRef | None
    currency: Currency
    amount: DecimalString
    description: str
    reason: str
    recorded_by: str
    recorded_at: Instant


class _Stored(NamedTuple):
    adjustment_id: str
    campaign_id: str | None
    currency: str
    amount: Decimal
    description: str
    reason: str
    recorded_by: str
    created_at: datetime


def add_adjustment(company: str, company_id: str, new: NewAdjustment, recorded_by: str) -> tuple[Adjustment, HTTPStatus]:
    """The adjustment: 201 where it is new, 200 where it was there.

    Raises `NotFound` for another company, and for a campaign that is not the company's; `Invalid` for an amount that is not in
    whole minor units, or a currency that is not the campaign's; `Conflict` where the id names another adjustment.
    """
    amount = round_money(Fraction(new.amount), new.currency)
    if amount != new.amount:
        reason = f"must be in whole minor units of {new.currency}"
        raise Invalid("The amount cannot be invoiced; see errors.", [FieldError("/amount", reason)])
    given = {
        "campaign_id": new.campaign_id,
        "currency": new.currency,
        "amount": amount,
        "description": new.description,
        "reason": new.reason,
    }
    with transaction(company) as db:
        if db.row(_SQL["company"], company_id=company_id, company=company) is None:
            raise NotFound(f"There is no company {company_id}.")
        if new.campaign_id is not None:
            _check_campaign(db, company_id, new.campaign_id, new.currency)
        where = {"company_id": company_id, "adjustment_id": new.id}
        made = db.rows(_SQL["add_adjustment"], recorded_by=recorded_by, **where, **given | {"amount": str(amount)})
        stored = db.one(_Stored, _SQL["adjustment"], **where)
    assert stored is not None
    _check_same(stored, given)
    return _shown(company_id, stored), HTTPStatus.CREATED if made else HTTPStatus.OK


def _check_campaign(db: Session, company_id: str, campaign_id: str, currency: str) -> None:
    row = db.row(_SQL["campaign_currency"], campaign_id=campaign_id, company_id=company_id)
    if row is None:
        reason = f"There is no campaign {campaign_id} of the company."
        raise NotFound(reason, [FieldError("/campaignId", "names no campaign of the company")])
    if row["currency"] not in (None, currency):
        raise Invalid(
            "The campaign is charged in another currency; see errors.", [FieldError("/currency", f"must be {row['currency']}")]
        )


def _check_same(stored: _Stored, given: dict[str, Any]) -> None:
    there = stored._asdict()
    differing = ["campaignId" if name == "campaign_id" else name for name, value in given.items() if there[name] != value]
    if differing:
        raise Conflict(
            f"The id names an adjustment with another {', '.join(differing)}.",
            [FieldError(f"/{name}", "differs from that of the adjustment that has the id") for name in differing],
        )


def _shown(company_id: str, stored: _Stored) -> Adjustment:
    return Adjustment(
        company_id=company_id,
        id=stored.adjustment_id,
        campaign_id=stored.campaign_id,
        currency=stored.currency,
        amount=stored.amount,
        description=stored.description,
        reason=stored.reason,
        recorded_by=stored.recorded_by,
        recorded_at=stored.created_at,
    )
