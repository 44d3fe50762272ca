"""The IAAS model, impact as a service (design §5): a price for each learner served.

Example: 120 learners served in the period at 12.50 EUR are 1,500.00 EUR, however many were agreed on.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

from billing.money import exact
from billing.pricing import derivation
from billing.pricing.statement import Line, Part
from billing.terms.campaign import Campaign, Version

if TYPE_CHECKING:
    from billing.terms.json_terms import IaasTerms


def charge(campaign: Campaign, part: Part, preceding: Sequence[Part]) -> Iterator[Line]:
    """The line of a part in which the campaign is charged by the learner."""
    terms, currency = iaas_terms(part.version), campaign.currency
    assert terms is not None
    assert currency is not None
    price, learners = exact(terms.price_per_learner), exact(part.consumption.learners)
    yield Line(
        key="iaas.learners",
        description="Learners served",
        quantity=learners,
        unit="learner",
        unit_price=price,
        currency=currency,
        start=part.period.start,
        end=part.period.end,
        derivation=(f"{derivation.number(learners)} learners × {derivation.price(price, currency)}",),
    )


def iaas_terms(version: Version) -> "IaasTerms | None":
    """The version's terms, where they are those of IAAS."""
    return cast("IaasTerms", version.terms) if version.pricing_model == "iaas" else None
