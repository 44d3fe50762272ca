"""How a subscription is shared among its campaigns: link, split and capacity (design §6)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from billing.money import exact, round_product, split

TOLERANCE = Decimal("0.001")
"""Shares may add up to 100 % ± 0.1 %, since a third has no end."""

FAR_ABOVE, FAR_BELOW = Decimal("1.1"), Decimal("0.5")


class Allocation(NamedTuple):
    """The split of a budget: an amount for each share, in their order; valid where there are no errors."""

    amounts: list[Decimal]
    total_share: Decimal
    errors: list[str]


def is_share(share: Decimal | None) -> bool:
    """Whether a share lies in (0, 1]."""
    return share is not None and 0 < share <= 1


def has_room(taken: Decimal, share: Decimal) -> bool:
    """Whether a share can be linked beside what the others take."""
    return taken + share <= 1 + TOLERANCE


def remaining_share(taken: Decimal) -> Decimal:
    """The share that is left beside what is taken."""
    return max(Decimal(0), 1 - taken)


def split_budget(budget: Decimal, shares: Sequence[Decimal | None], currency: str) -> Allocation:
    """The amounts of the shares. Where these are valid the amounts add up to the whole budget; otherwise each is its own
    share of the budget, and the errors say what is wrong.

    >>> split_budget(Decimal(50000), [Decimal("0.34"), Decimal("0.56"), Decimal("0.10")], "EUR").amounts
    [Decimal('17000.00'), Decimal('28000.00'), Decimal('5000.00')]
    """
    given = [share or Decimal(0) for share in shares]
    total = sum(given, Decimal(0))
    errors = _share_errors(given, total)
    if not errors:
        return Allocation(split(budget, given, currency), total, errors)
    amounts = [round_product(exact(budget), exact(share), currency) for share in given]
    return Allocation(amounts, total, errors)


def _share_errors(shares: Sequence[Decimal], total: Decimal) -> list[str]:
    errors = []
    if abs(total - 1) > TOLERANCE:
        errors.append(f"The shares add up to {show_percent(total)}, not 100 %.")
    if total > FAR_ABOVE:
        errors.append("The subscription is over-allocated: the shares are above 110 %.")
    if total < FAR_BELOW:
        errors.append("The subscription is under-allocated: the shares are below 50 %.")
    if not all(map(is_share, shares)):
        errors.append("A share is not above 0 % and at most 100 %.")
    return errors


def show_share(share: Decimal) -> Decimal:
    """A share with the four decimals of responses."""
    return share.quantize(Decimal("0.0001"))


def show_percent(share: Decimal) -> str:
    """A share in words: `93.25 %`."""
    return f"{share * 100:.2f} %"


def capacity_errors(pricing_model: str, share: Decimal | None, subscription_status: str | None) -> list[str]:
    """All that keeps a campaign from using its subscription, which has no status where there is none; nothing for the models
    that need none."""
    if pricing_model != "bundle":
        return []
    errors = []
    if subscription_status is None:
        errors.append("The campaign is not linked to a subscription.")
    elif subscription_status != "active":
        errors.append(f"The subscription is {subscription_status}, not active.")
    if not is_share(share):
        errors.append("The campaign's share of the subscription is not above 0 % and at most 100 %.")
    return errors
