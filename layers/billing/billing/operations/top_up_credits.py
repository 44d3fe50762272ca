"""Adds bought credits to a campaign's allocation and balance, once for each id (design §8)."""

from typing import Annotated

from pydantic import AfterValidator, Field

from billing.contract.shapes import Request, Shape
from billing.contract.types import CampaignRef, DecimalString, Quantity, Text, check_text, number_or_string
from billing.database.session import Session, transaction
from billing.errors import Conflict, FieldError, NotFound
from billing.money import show_quantity
from billing.sql import queries

_SQL = queries("credits")


class TopUp(Request):
    """The credits that were bought."""

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


class Balance(Shape):
    """What the campaign has bought and has left."""

    campaign_id: CampaignRef
    credit_allocation: DecimalString
    credits_remaining: DecimalString


def top_up_credits(company: str, campaign_id: str, top_up: TopUp) -> Balance:
    """Raise allocation and balance together; the same id again, with any note, answers the balance as it is.

    Raises `NotFound`, and `Conflict` where the campaign has no credits or the id names another campaign's top-up or other
    credits.
    """
    with transaction(company) as db:
        row = db.row(_SQL["balance"], campaign_id=campaign_id, company=company)
        if row is None:
            raise NotFound(f"There is no campaign {campaign_id}.")
        if row["credit_allocation"] is None:
            raise Conflict("The campaign has no credit allocation that could be topped up.")
        if db.rows(_SQL["top_up"], campaign_id=campaign_id, top_up_id=top_up.id, credits=str(top_up.credits), note=top_up.note):
            db.rows(_SQL["raise_allocation"], campaign_id=campaign_id, credits=str(top_up.credits))
        else:
            _check_same(db, campaign_id, top_up)
        balance = db.rows(_SQL["balance"], campaign_id=campaign_id, company=company)[0]
    return Balance(campaign_id=campaign_id, **{name: show_quantity(credits) for name, credits in balance.items()})


def _check_same(db: Session, campaign_id: str, top_up: TopUp) -> None:
    recorded = db.rows(_SQL["recorded_top_up"], campaign_id=campaign_id, top_up_id=top_up.id)[0]
    if recorded["campaign_id"] != campaign_id:
        raise Conflict("The id names a top-up of another campaign.", [FieldError("/id", "names a top-up of another campaign")])
    if recorded["credits"] != top_up.credits:
        reason = "differ from those of the top-up that has the id"
        raise Conflict("The id names a top-up with other credits.", [FieldError("/credits", reason)])
