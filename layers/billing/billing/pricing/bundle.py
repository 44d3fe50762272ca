"""The bundle model (design §5): a share of a subscription that the company has bought by the year.

One line, covered by the subscription, in the bundle's currency. For the instants at which the campaign is linked and active
and the subscription's terms in force cover the instant: `annual_price × quantity × allocation ×` those instants' part of the
year that begins at the subscription period's start. A period cut short is not rescaled, a gap between two is not charged.

Example: a bundle of 50,000.00 EUR a year, 0.25 of it, January 2025 of a subscription that runs the calendar year:
50,000 × 0.25 × 31 / 365 = 1,061.64 EUR, covered; nothing is due.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

from billing.contract.types import CoveredBy
from billing.money import exact
from billing.periods import MICROSECOND, Period, months_later
from billing.pricing import derivation
from billing.pricing.statement import Line, Part
from billing.terms.campaign import Campaign, SubscriptionVersion
from billing.terms.models import BundleTerms


def charge(campaign: Campaign, part: Part, preceding: Sequence[Part]) -> Iterator[Line]:
    """The lines of a part in which the campaign has a share of a bundle: none while it is not linked, or not active."""
    terms = part.version.terms
    assert isinstance(terms, BundleTerms)
    if terms.subscription_id is None or terms.share is None or not part.version.is_active:
        return
    for bought in campaign.subscriptions.get(terms.subscription_id, ()):
        start, end = max(part.period.start, bought.starts_at), min(part.period.end, bought.ends_at)
        if start < end:
            yield _share(campaign, bought, terms.share, Period(start, end))


def _share(campaign: Campaign, bought: SubscriptionVersion, share: Decimal, period: Period) -> Line:
    start, end = max(period.start, bought.period.start), min(period.end, bought.period.end)
    covered, year = Period(start, end) if start < end else None, _year(bought.period.start, campaign.zone)
    part = Fraction((end - start) // MICROSECOND, (year.end - year.start) // MICROSECOND) if covered else Fraction(0)
    price = derivation.price(bought.annual_price, bought.currency)
    times = derivation.hours(covered, year) if covered else "0"
    return Line(
        key="bundle.share",
        description="Share of the bundle",
        quantity=bought.quantity * exact(share) * part,
        unit="bundle",
        unit_price=bought.annual_price,
        currency=bought.currency,
        start=period.start,
        end=period.end,
        derivation=(f"{price} × {bought.quantity} × {derivation.number(share)} × {times}",),
        covered_by=CoveredBy.SUBSCRIPTION,
    )


@lru_cache(maxsize=1024)
def _year(beginning: datetime, zone: ZoneInfo) -> Period:
    """The year that begins at the start of a subscription's period, in the company's time zone."""
    start = beginning.astimezone(zone)
    end = datetime.combine(months_later(start.date(), 12), start.time(), zone)
    return Period(beginning, end.astimezone(UTC))
