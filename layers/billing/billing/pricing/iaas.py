"""The IAAS model, impact as a service (design §5): a price for each learner served.

Example: 120 learners served in the period at 12.50 EUR are 1,500.00 EUR, however many were agreed on.
"""

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from billing.periods import Period
from billing.pricing.statement import Line, Statement
from billing.terms.campaign import Campaign
from billing.usage.consumption import Consumption


class Delivery(NamedTuple):
    """What was agreed and what has been delivered up to the period's end. For each outcome: its name, its threshold, and
    whether it is known to be met (None: nothing was measured)."""

    learners_committed: Decimal | None
    learners_delivered: Decimal
    outcomes: tuple[tuple[str, Decimal, bool | None], ...]


def charge(campaign: Campaign, period: Period, consumption: Consumption) -> Statement:
    """The statement of an IAAS campaign."""
    assert campaign.iaas_metrics is not None
    price, learners = Fraction(campaign.iaas_metrics.price_per_learner), Fraction(consumption.learners.within)
    currency = campaign.currency or ""
    return Statement((Line("Learners served", learners, "learner", price, currency),), currency, price, learners)


def delivery(campaign: Campaign, consumption: Consumption) -> Delivery | None:
    """Reported beside the charge; None for a campaign of another model."""
    if campaign.iaas_metrics is None:
        return None
    return Delivery(
        learners_committed=campaign.iaas_metrics.learners_committed,
        learners_delivered=consumption.learners.before + consumption.learners.within,
        outcomes=tuple(
            (
                outcome.name,
                outcome.threshold,
                None if outcome.measured is None else outcome.measured >= outcome.threshold,
            )
            for outcome in campaign.iaas_metrics.outcome_thresholds
        ),
    )
