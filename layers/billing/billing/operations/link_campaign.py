"""Links a bundle campaign to a subscription with a share (design §6, §10)."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BeforeValidator, Field

from billing import bundles
from billing.contract.shapes import Request, Shape
from billing.contract.types import (
    CampaignRef,
    EffectiveFrom,
    Instant,
    Share,
    SubscriptionRef,
    Text,
    number_or_string,
    parse_decimal,
    plain_number,
)
from billing.database.session import Session, transaction
from billing.database.terms import Change, LockedCampaign, lock_campaign, record_change, terms_in_force
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
    effective_from: EffectiveFrom | None = None


class Linked(Shape):
    """The link, and the share of the subscription that is left beside all links while it holds."""

    campaign_id: CampaignRef
    subscription_id: SubscriptionRef
    allocation_percentage: Share
    remaining_percentage: Share
    effective_from: Instant


class _Subscription(NamedTuple):
    id: str
    company_id: str
    status: str


def link_campaign(company: str, campaign_id: str, link: Link, recorded_by: str) -> Linked:
    """Link from an instant on, or change the share of a link; the same link again changes nothing.

    Raises `NotFound` where campaign or subscription is missing or another company's, `Conflict` where the campaign's model
    is not bundle, the subscription is not active, its bundle is in another currency than the campaign's earlier charges, or
    the shares of its active campaigns would pass 100 % + 0.1 %; `Invalid` for an instant that terms cannot change at.
    """
    with transaction(company) as db:
        # The campaign first, then the subscription, as everyone locks them: of two links to it the second sees the first.
        campaign = lock_campaign(db, company, campaign_id)
        _check_subscription(db, company, campaign, link)
        effective = campaign.effective(link.effective_from)
        terms = terms_in_force(db, campaign_id, effective)
        if terms["pricing_model"] != "bundle":
            raise Conflict(f"The campaign's pricing model is {terms['pricing_model']}, not bundle.")
        where = {"campaign_id": campaign_id, "subscription_id": link.subscription_id, "since": effective}
        others = Decimal(db.value(_SQL["shares_of_others"], is_active=terms["is_active"], **where))
        if terms["is_active"]:
            _check_room(link.allocation_percentage, others)
        _link(db, campaign, link, effective, recorded_by, terms)
    taken = others + (link.allocation_percentage if terms["is_active"] else 0)
    return Linked(
        campaign_id=campaign_id,
        subscription_id=link.subscription_id,
        allocation_percentage=bundles.show_share(link.allocation_percentage),
        remaining_percentage=bundles.show_share(bundles.remaining_share(taken)),
        effective_from=effective,
    )


def _check_subscription(db: Session, company: str, campaign: LockedCampaign, link: Link) -> None:
    subscription = db.one(_Subscription, _SQL["lock_subscription"], subscription_id=link.subscription_id, company=company)
    if subscription is None or subscription.company_id != campaign.company_id:
        raise NotFound(
            f"There is no subscription {link.subscription_id} of the campaign's company.",
            [FieldError("/subscriptionId", "names no subscription of the campaign's company")],
        )
    if subscription.status != "active":
        reason = f"The subscription is {subscription.status}, not active."
        raise Conflict(reason, [FieldError("/subscriptionId", "names a subscription that is not active")])


def _link(
    db: Session, campaign: LockedCampaign, link: Link, effective: datetime, recorded_by: str, terms: dict[str, object]
) -> None:
    new = {"l2i_subscription_id": link.subscription_id, "bundle_allocation_percentage": link.allocation_percentage}
    if any(terms[name] != value for name, value in new.items()):
        record_change(db, campaign, Change(effective, new, "link", recorded_by))


def _check_room(share: Decimal, others: Decimal) -> None:
    """Raises `Conflict` where the share does not fit beside what the others take."""
    if not bundles.has_room(others, share):
        left = bundles.remaining_share(others)
        raise Conflict(
            f"The subscription has {bundles.show_percent(left)} left ({bundles.show_share(left)}).",
            [FieldError("/allocationPercentage", f"{share} asked for, {bundles.show_share(left)} is left")],
        )
