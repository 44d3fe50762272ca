"""What usage costs: the five pricing models by name (design §5), each a module that states its rule, and the statement.

It does not own what was used (`usage/`), what was agreed (`terms/`), or which document says so.
"""

from collections.abc import Callable, Iterable, Sequence

from billing.pricing import bundle, credits, custom, iaas, seats
from billing.pricing.statement import Line, Part, Statement, merged
from billing.terms.campaign import Campaign

MODELS: dict[str, Callable[[Campaign, Part, Sequence[Part]], Iterable[Line]]] = {
    "seats": seats.charge,
    "credits": credits.charge,
    "bundle": bundle.charge,
    "iaas": iaas.charge,
    "custom": custom.charge,
}

UNITS = {"seats": "seat-month", "credits": "credit", "bundle": "bundle", "iaas": "learner"}
"""The unit of each model that has one of its own."""


def statement(campaign: Campaign, parts: Sequence[Part], earlier: Sequence[Part] = ()) -> Statement:
    """What a campaign is charged for a period, which `parts` cover without a gap, each by the terms in force there.

    `earlier` are the parts of its life before the period; only capped components look at them.
    """
    lines = merged(
        line
        for number, part in enumerate(parts)
        for line in MODELS[part.version.pricing_model](campaign, part, [*earlier, *parts[:number]])
    )
    # All charges of a campaign are in one currency, that of its bundles where it was linked to any.
    linked = next((version.currency for versions in campaign.subscriptions.values() for version in versions), None)
    models = {part.version.pricing_model for part in parts}
    return Statement(
        lines,
        lines[0].currency if lines else linked or campaign.currency,
        UNITS.get(parts[-1].version.pricing_model),
        of_one_model=len(models) == 1,
    )
