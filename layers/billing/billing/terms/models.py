"""The terms of each pricing model (design §5): one type for each, built once when they are loaded.

A price that is missing is an error there, so none of the rules has to do without one. The terms of IAAS and custom
campaigns, which other services write as JSON, are in `json_terms`: their shapes take time to build, and three models do
not need them.
"""

from decimal import Decimal
from typing import NamedTuple


class SeatTerms(NamedTuple):
    """What a seat costs for a month, and how many are committed."""

    price_per_month: Decimal
    committed: Decimal = Decimal(0)


class CreditTerms(NamedTuple):
    """The list price of a credit; None where it is that of the campaign's first grant."""

    price: Decimal | None = None


class BundleTerms(NamedTuple):
    """The subscription that a campaign is linked to, and its share of it; both None while it is not linked."""

    subscription_id: str | None = None
    share: Decimal | None = None
