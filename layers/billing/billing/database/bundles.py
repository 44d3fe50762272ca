"""Loads a subscription and its split among its campaigns (design §6)."""

from decimal import Decimal
from typing import NamedTuple

from billing import bundles
from billing.database.session import Session
from billing.errors import NotFound
from billing.sql import queries

_SQL = queries("bundles")


class Subscription(NamedTuple):
    """What was bought, with the terms in force now; `annual_price` in major units."""

    id: str
    company_id: str
    status: str
    quantity: int
    annual_price: Decimal
    currency: str

    @property
    def budget(self) -> Decimal:
        """What is split among the campaigns for a year."""
        return self.annual_price * self.quantity


class LinkedShare(NamedTuple):
    """An active campaign of a subscription."""

    id: str
    name: str
    share: Decimal | None


class Split(NamedTuple):
    """A subscription, its active campaigns and, in their order, what each of them gets for a year."""

    subscription: Subscription
    campaigns: list[LinkedShare]
    allocation: bundles.Allocation


def load_subscription(db: Session, company: str, subscription_id: str) -> Subscription:
    """The subscription. Raises `NotFound` for one that is not there or another company's."""
    subscription = db.one(Subscription, _SQL["subscription"], subscription_id=subscription_id, company=company)
    if subscription is None:
        raise NotFound(f"There is no subscription {subscription_id}.")
    return subscription


def load_split(db: Session, company: str, subscription_id: str) -> Split:
    """The split. Raises `NotFound` as `load_subscription` does."""
    subscription = load_subscription(db, company, subscription_id)
    campaigns = db.table(LinkedShare, _SQL["active_campaigns"], subscription_id=subscription_id)
    shares = [campaign.share for campaign in campaigns]
    return Split(subscription, campaigns, bundles.split_budget(subscription.budget, shares, subscription.currency))
