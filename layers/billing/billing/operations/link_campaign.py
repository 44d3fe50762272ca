"""Links a bundle campaign to a subscription with a share (design §6)."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from billing import bundles
from billing.contract.shapes import Request, Shape
from billing.contract.types import CampaignRef, Share, SubscriptionRef, Text, number_or_string, parse_decimal, plain_number
from billing.database.session import transaction
from billing.errors import Conflict, FieldError, NotFound
from billing.sql import queries

_SQL = queries("bundles")


def check_share(value: Decimal) -> Decimal:
    """A share in (0, 1] with at most four decimals."""
    if not bundles.is_share(value):
        raise ValueError("must be above 0 and at most 1")
    share = Decimal(plain_number(value))
    if int(share.as_tuple().exponent) < -4:
        raise ValueError("must have at most four decimals")
    return share


class Link(Request):
    """The link to make."""

    subscription_id: Text
    allocation_percentage: Annotated[
        Decimal,
        BeforeValidator(parse_decimal),
        AfterValidator(check_share),
        number_or_string(r"^(0\.(?!0+$)[0-9]{1,4}|1(\.0{1,4})?)$", exclusiveMinimum=0, maximum=1, multipleOf=0.0001),
        Field(description="A fraction: 0.25 is 25 %. Above 0 and at most 1, with at most four decimals."),
    ]


class Linked(Shape):
    """The link, and the share of the subscription that is left beside all links."""

    campaign_id: CampaignRef
    subscription_id: SubscriptionRef
    allocation_percentage: Share
    remaining_percentage: Share


def link_campaign(company: str, campaign_id: str, link: Link) -> Linked:
    """Link, or change the share of a link; the same link again changes nothing.

    Raises `NotFound` where campaign or subscription is missing or another company's, `Conflict` where the campaign's model
    is not bundle, the subscription is not active, or the shares of its active campaigns would pass 100 % + 0.1 %.
    """
    with transaction(company) as db:
        # The subscription first, and locked: of two links to it the second sees the first.
        subscription = db.row(_SQL["lock_subscription"], subscription_id=link.subscription_id, company=company)
        campaign = db.row(_SQL["lock_campaign"], campaign_id=campaign_id, company=company)
        if campaign is None:
            raise NotFound(f"There is no campaign {campaign_id}.")
        if subscription is None or subscription["company_id"] != campaign["company_id"]:
            raise NotFound(
                f"There is no subscription {link.subscription_id} of the campaign's company.",
                [FieldError("/subscriptionId", "names no subscription of the campaign's company")],
            )
        if campaign["pricing_model"] != "bundle":
            raise Conflict(f"The campaign's pricing model is {campaign['pricing_model']}, not bundle.")
        if subscription["status"] != "active":
            reason = f"The subscription is {subscription['status']}, not active."
            raise Conflict(reason, [FieldError("/subscriptionId", "names a subscription that is not active")])
        others = Decimal(db.value(_SQL["shares_of_others"], campaign_id=campaign_id, subscription_id=link.subscription_id))
        if campaign["is_active"]:
            _check_room(link.allocation_percentage, others)
        db.rows(
            _SQL["link"],
            campaign_id=campaign_id,
            subscription_id=link.subscription_id,
            share=link.allocation_percentage,
        )
    taken = others + (link.allocation_percentage if campaign["is_active"] else 0)
    return Linked(
        campaign_id=campaign_id,
        subscription_id=link.subscription_id,
        allocation_percentage=bundles.show_share(link.allocation_percentage),
        remaining_percentage=bundles.show_share(bundles.left(taken)),
    )


def _check_room(share: Decimal, others: Decimal) -> None:
    """Raises `Conflict` where the share does not fit beside what the others take."""
    if not bundles.fits(share, others):
        left = bundles.show_share(bundles.left(others))
        raise Conflict(
            f"The subscription has {bundles.show_percent(bundles.left(others))} left ({left}).",
            [FieldError("/allocationPercentage", f"{share} asked for, {left} is left")],
        )
