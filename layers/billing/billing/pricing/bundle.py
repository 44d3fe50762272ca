"""The bundle model (design §5): a share of a subscription that the company has bought by the year.

One line, covered by the subscription, in the bundle's currency: `annual_price × quantity × allocation ×` the part of the
subscription's current period that lies in the statement's. A campaign that is not linked has no line.

Example: a bundle of 50,000.00 EUR a year, 0.25 of it, January 2025 of a subscription that runs the calendar year:
50,000 × 0.25 × 31 / 365 = 1,061.64 EUR, covered; nothing is due.
"""

from datetime import timedelta
from fractions import Fraction

from billing.periods import Period
from billing.pricing.statement import CoveredBy, Line, Statement
from billing.terms.campaign import Campaign, Subscription
from billing.usage.consumption import Consumption

MICROSECOND = timedelta(microseconds=1)


def charge(campaign: Campaign, period: Period, consumption: Consumption) -> Statement:
    """The statement of a bundle campaign."""
    subscription, share = campaign.subscription, campaign.bundle_allocation_percentage
    if subscription is None or share is None:
        return Statement((), campaign.currency)
    price = Fraction(subscription.annual_price)
    quantity = subscription.quantity * Fraction(share) * _part(subscription, period)
    line = Line("Share of the bundle", quantity, "bundle", price, subscription.currency, CoveredBy.SUBSCRIPTION)
    return Statement((line,), subscription.currency, price, quantity)


def allocated(subscription: Subscription, share: Fraction) -> Fraction:
    """What a share of the whole subscription period comes to, before rounding."""
    return Fraction(subscription.annual_price) * subscription.quantity * share


def _part(subscription: Subscription, period: Period) -> Fraction:
    start, end = max(subscription.period.start, period.start), min(subscription.period.end, period.end)
    whole = subscription.period.end - subscription.period.start
    return Fraction((end - start) // MICROSECOND, whole // MICROSECOND) if start < end else Fraction(0)
