"""The credits model (design §5, §11): credits that grants paid for, and what no grant did.

Read from the movements that were written when the usage was recorded, so nothing that happens later changes it. What grants
paid is one line for each price of a grant, covered by the prepaid credits. What none paid is the overage, due at the list
price in force at the record's timestamp: `credit_price`, or where that is null the price of the first grant.

Example: a grant of 200 credits at 6.50; 236.5 are used in March. 200 are covered, 1,300.00, and 36.5 are due, 237.25. A grant
of 100 for 600.00 that is bought on 2 April leaves March as it is; April's 40 credits burn it at 6.00, 240.00, covered.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import partial

from billing.contract.types import CoveredBy
from billing.money import exact
from billing.pricing import derivation
from billing.pricing.statement import Line, Part
from billing.terms.campaign import Campaign
from billing.terms.models import CreditTerms
from billing.usage.consumption import Burned


def charge(campaign: Campaign, part: Part, preceding: Sequence[Part]) -> Iterator[Line]:
    """The lines of a part in which the campaign is charged by the credit."""
    terms, currency = part.version.terms, campaign.currency
    assert isinstance(terms, CreditTerms)
    assert currency is not None
    price = list_price(campaign, terms)
    line = partial(Line, unit="credit", currency=currency, start=part.period.start, end=part.period.end)
    for burned in part.consumption.burned or (Burned(price, Decimal(0)),):
        yield line(
            key="credits.prepaid",
            description="Prepaid credits",
            quantity=exact(burned.credits),
            unit_price=burned.price,
            derivation=(f"{derivation.number(burned.credits)} credits × {derivation.price(burned.price, currency)}",),
            covered_by=CoveredBy.PREPAID_CREDITS,
        )
    yield line(
        key="credits.overage",
        description="Credits beyond the prepaid ones",
        quantity=exact(part.consumption.overage),
        unit_price=price,
        derivation=(f"{derivation.number(part.consumption.overage)} credits × {derivation.price(price, currency)}",),
    )


def list_price(campaign: Campaign, terms: CreditTerms) -> Fraction:
    """What a credit costs that no grant pays for."""
    price = campaign.first_grant_price if terms.price is None else exact(terms.price)
    assert price is not None
    return price
